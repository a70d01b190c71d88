"""The mailbox: bounded, counted, and owned by the supervisor, so it outlives every life.

Data travels in one trio memory channel; a short control lane overtakes it.  Nobody ever parks in
the channel's `receive` (trio would hand a value past the queue): the actor's task parks on a wake
event and takes with `receive_nowait`.

The law of conservation, at every instant: accepted == handled + queued + in hand + lost.
A refused message was never accepted; it is counted by reason too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Literal

import trio
from msgspec import Struct

from actors.runtime.ages import STAMP_EVERY, Ages
from actors.runtime.asks import MAX_OPEN_ASKS, Ask
from actors.runtime.blocked import Blocked
from actors.runtime.faults import AskRefused, CalleeDown

Overflow = Literal["block", "reject", "drop_oldest", "drop_newest", "conflate"]
AtRestart = Literal["keep", "purge", "dead_letter"]

DEFAULT_CAPACITY = 256
MAX_CAPACITY = 65_536  # a mailbox this deep is an overload already; beyond it a typing error
CONTROL_CAPACITY = 1_024  # notices and timers; a venue outage brings one `Down` per watched actor


class MailboxSpec(Struct, frozen=True):
    """How a mailbox behaves.

    Args:
        capacity: messages in the data lane, 1 to 65,536.
        overflow: on a full lane, `block` and `reject` refuse a `tell` (only `block` lets `offer`
            wait for room), `drop_oldest` and `drop_newest` accept and count a loss, `conflate`
            keeps the latest message per key in the place of the first and refuses new keys.
        at_restart: what becomes of queued messages when a life ends: `keep` hands them to the next
            life, `purge` loses them, `dead_letter` loses them into the dead letters. The latter
            two refuse while no life runs.
        key: the conflation key of a message; wanted by `conflate` and only there.
    """

    capacity: int = DEFAULT_CAPACITY
    overflow: Overflow = "block"
    at_restart: AtRestart = "keep"
    key: Callable[[object], Hashable] | None = None


class MailboxStatistics(Struct, frozen=True, gc=False):
    """The counters of one mailbox; monotonic ones are for the whole run."""

    capacity: int
    accepted: int
    handled: int
    queued: int
    in_hand: int
    peak: int
    blocked_senders: int
    lost: dict[str, int]
    refused: dict[str, int]

    @property
    def conserved(self) -> bool:
        """Whether every accepted message is accounted for."""
        settled = self.handled + sum(self.lost.values())
        return self.accepted == settled + self.queued + self.in_hand


class Slot:
    """The place in the queue of the latest message of one conflation key, or of a question."""

    __slots__ = ("key", "message")

    def __init__(self, key: Hashable, message: object) -> None:
        self.key = key
        self.message = message


ASK = object()
"""The key of a slot that holds a question; questions are never conflated."""


class _Nothing:
    """The type of `NOTHING`."""

    def __repr__(self) -> str:
        return "NOTHING"


_NONE: dict[str, int] = {}  # shared by every reading that has nothing to count; never written

NOTHING = _Nothing()  # no message is in hand; None may be a message
DeadLetter = Callable[[str, object, str], None]


class Mailbox:
    """One actor's mailbox.

    Args:
        path: the actor's path, for dead letters.
        spec: capacity and policies.
        dead_letter: takes (path, message, reason) of what a `dead_letter` mailbox loses.
    """

    __slots__ = (
        "_channel", "_dead_letter", "_pending", "_waiter", "accepted", "ages", "asks", "blocked",
        "control", "handled", "handler_ns", "in_hand", "lost", "open", "path", "peak", "receive",
        "refused", "removed", "send", "slow", "spec", "taken",
    )  # fmt: skip

    def __init__(self, path: str, spec: MailboxSpec, dead_letter: DeadLetter | None = None) -> None:
        self.spec = spec
        self.path = path
        self._dead_letter = dead_letter
        send, receive = trio.open_memory_channel[object](spec.capacity)
        self._channel = (send, receive)
        self.send = send.send_nowait
        self.receive = receive.receive_nowait
        self._pending: dict[Hashable, Slot] = {}
        self._waiter: trio.lowlevel.Task | None = None
        self.control: deque[object] = deque()
        self.asks: dict[Ask, None] = {}  # open questions: queued, in hand, or kept for later
        self.accepted = 0
        self.taken = 0  # out of the queue, whatever became of it
        self.handled = 0
        self.ages = Ages()
        self.peak = 0
        self.blocked: deque[Blocked] = deque()
        self.handler_ns = 0  # booked by the turn
        self.in_hand: object = NOTHING
        self.lost: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.open = False
        self.removed = False
        self.slow = False
        self.set_open(False)

    # -- sending -----------------------------------------------------------------------------

    def put(self, message: object) -> bool:
        """Queue one data message; return False if it was refused (and count that)."""
        if self.slow:
            return self._put_slowly(message)
        try:
            self.send(message)
        except trio.WouldBlock:
            return self._overflow(message)
        self._count()
        return True

    def _count(self, messages: int = 1) -> None:
        """Count what was put into the data lane."""
        self.accepted += messages
        queued = self.accepted - self.taken
        if queued > self.peak:
            self.peak = max(self.peak, queued - len(self.control))

    def put_all(self, messages: Sequence[object]) -> bool:
        """Queue a batch in one go; return False, nothing queued, where each wants its own look.

        That is a mailbox that is down or conflates, or has no room for all of them.
        """
        if self.slow or self.accepted - self.taken + len(messages) > self.spec.capacity:
            return False
        send = self.send
        for message in messages:
            send(message)
        self._count(len(messages))
        return True

    def put_control(self, message: object) -> bool:
        """Queue one control message, before all data; refused only beyond 1,024 or when down."""
        if len(self.control) >= CONTROL_CAPACITY:
            return self.refuse("control_full")
        if not self.open and (self.removed or self.spec.at_restart != "keep"):
            return self._refuse_down(message)
        self.control.append(message)
        self.accepted += 1
        return True

    def put_ask(self, ask: Ask) -> None:
        """Queue a question; one that is not accepted is settled with the reason."""
        if len(self.asks) >= MAX_OPEN_ASKS:
            self.refuse("asks_full")
            ask.fail(AskRefused(f"{self.path} has {MAX_OPEN_ASKS} open questions already"))
            return
        self.asks[ask] = None
        slot = Slot(ASK, ask)
        try:
            self.send(slot)
        except trio.WouldBlock:
            if not self._overflow(slot):
                ask.fail(AskRefused(f"the mailbox of {self.path} is full"))
            return
        self._count()

    def fail_asks(self, reason: str) -> None:
        """The life is over: nobody will answer what is open."""
        for ask in tuple(self.asks):
            ask.fail(CalleeDown(f"{self.path} went down before it answered: {reason}"))

    def refuse(self, reason: str) -> bool:
        """Count a message that was not taken; return False."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        return False

    def _put_slowly(self, message: object) -> bool:
        """Queue where the mailbox conflates; refuse where it is down."""
        key_of = self.spec.key
        if key_of is None or (not self.open and (self.removed or self.spec.at_restart != "keep")):
            return self._refuse_down(message)
        key = key_of(message)
        slot = self._pending.get(key)
        if slot is not None:
            slot.message = message
            self.accepted += 1
            self.taken += 1
            self.count_lost("conflated")
            return True
        slot = Slot(key, message)
        try:
            self.send(slot)
        except trio.WouldBlock:
            return self.refuse("full")
        self._pending[key] = slot
        self._count()
        return True

    def _overflow(self, message: object) -> bool:
        """Apply the policy of a full data lane."""
        if self.spec.overflow == "drop_oldest":
            oldest = self.receive()
            self.taken += 1
            self.count_lost("drop_oldest")
            if type(oldest) is Slot:
                self._fail_lost(oldest.message, "drop_oldest")
            self.send(message)
            self.accepted += 1
            return True
        if self.spec.overflow == "drop_newest":
            self.accepted += 1
            self.taken += 1
            self.count_lost("drop_newest")
            if type(message) is Slot:
                self._fail_lost(message.message, "drop_newest")
            return True
        return self.refuse("full")

    def _refuse_down(self, message: object) -> bool:
        """Refuse because no life runs and the mailbox does not keep messages for the next."""
        if self.removed:
            return self.refuse("removed")
        if self.spec.at_restart == "dead_letter" and self._dead_letter is not None:
            self._dead_letter(self.path, message, "down")
        return self.refuse("down")

    @property
    def full(self) -> bool:
        """Whether the data lane has no room for a message."""
        return self.accepted - self.taken - len(self.control) >= self.spec.capacity

    async def put_in_time(self, message: object, timeout_s: float) -> bool:
        """Queue one data message, waiting for room this long if senders may wait here.

        Those who wait get their places in the order of coming.
        """
        await trio.lowlevel.checkpoint()
        if self.spec.overflow != "block" or not self.full:
            return self.put(message)
        waiting = Blocked(message, timeout_s)
        self.blocked.append(waiting)
        with trio.move_on_after(timeout_s):
            try:
                await waiting.settled.wait()
            finally:
                if waiting in self.blocked:
                    self.blocked.remove(waiting)
        if not waiting.settled.is_set():
            return self.refuse("full")
        return waiting.accepted

    def make_room(self) -> None:
        """Let blocked senders have what room there is, the first first."""
        while self.blocked and not self.full:
            waiting = self.blocked.popleft()
            waiting.accepted = self.put(waiting.message)
            waiting.settled.set()

    # -- taking ------------------------------------------------------------------------------

    def unslot(self, slot: Slot) -> object:
        """Return the message of a slot that was just taken, and free its conflation key."""
        if slot.key is not ASK:
            del self._pending[slot.key]
        return slot.message

    def wake(self) -> None:
        """Let the actor's task look at its mailbox."""
        accepted, ages = self.accepted, self.ages
        if self.taken >= ages.seen or accepted >= ages.last + STAMP_EVERY:
            ages.stamp(accepted, self.taken)
        ages.seen = accepted
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            trio.lowlevel.reschedule(waiter)

    async def wait(self) -> None:
        """Return when something is queued or `wake` was called; always a checkpoint."""
        if self.accepted != self.taken:
            await trio.lowlevel.checkpoint()
            return
        self._waiter = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._stop_waiting)

    def _stop_waiting(self, _: object) -> trio.lowlevel.Abort:
        """The actor's task is cancelled."""
        self._waiter = None
        return trio.lowlevel.Abort.SUCCEEDED

    # -- losses ------------------------------------------------------------------------------

    def count_lost(self, reason: str) -> None:
        """Count one accepted message that no handler completed."""
        self.lost[reason] = self.lost.get(reason, 0) + 1

    def _fail_lost(self, message: object, reason: str) -> None:
        """Tell the asker at once if what was lost is a question."""
        if type(message) is Ask:
            message.fail(AskRefused(f"{self.path} lost the question: {reason}"))

    def lose_in_hand(self, reason: str) -> object:
        """Count the message in hand as lost and return it; `NOTHING` if there is none."""
        message, self.in_hand = self.in_hand, NOTHING
        if message is not NOTHING:
            self.count_lost(reason)
        return message

    def set_open(self, open_: bool) -> None:
        """Say whether a life runs; ending one applies the `at_restart` policy."""
        was_open, self.open = self.open, open_
        self.removed = self.removed and not open_
        keeps = self.spec.at_restart == "keep" and not self.removed
        self.slow = self.spec.key is not None or (not open_ and not keeps)
        if was_open and not open_ and self.spec.at_restart != "keep":
            self.empty("purged" if self.spec.at_restart == "purge" else "dead_letter")

    def remove(self) -> None:
        """The actor is taken out of the tree: lose what is queued, refuse until it comes back."""
        self.removed = self.slow = True
        self.empty("removed")

    def restore(self) -> None:
        """The actor is back in the tree under its old path."""
        self.removed = False
        self.set_open(self.open)

    def empty(self, reason: str) -> None:
        """Lose everything that is queued, counted under this reason."""
        to_dead_letters = self.spec.at_restart == "dead_letter" and self._dead_letter is not None
        while self.accepted != self.taken:
            if self.control:
                message = self.control.popleft()
                self.taken += 1
            else:
                message = self.receive()
                self.taken += 1
                if type(message) is Slot:
                    message = self.unslot(message)
            self.count_lost(reason)
            self._fail_lost(message, reason)
            if to_dead_letters and self._dead_letter is not None:
                self._dead_letter(self.path, message, reason)
        if self.blocked:
            self.make_room()

    def oldest_s(self, now_s: float) -> float | None:
        """Return how long the oldest queued message has waited; see `actors.runtime.ages`."""
        return self.ages.oldest_s(self.accepted, self.taken, now_s)

    def statistics(self) -> MailboxStatistics:
        """Return the counters; quick, as a picture of the tree reads every mailbox."""
        accepted, lost, refused = self.accepted, self.lost, self.refused
        return MailboxStatistics(
            self.spec.capacity,
            accepted,
            self.handled,
            accepted - self.taken,
            0 if self.in_hand is NOTHING else 1,
            self.peak,
            len(self.blocked),
            lost.copy() if lost else _NONE,
            refused.copy() if refused else _NONE,
        )
