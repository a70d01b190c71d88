"""How one actor is spoken to: a reference that stays valid over every life of the actor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import trio

from actors.runtime.asks import Ask
from actors.runtime.faults import CalleeDown
from actors.runtime.mailbox import Mailbox, MailboxStatistics
from actors.runtime.timers import Timers
from actors.runtime.turn import IN_TURN_CAP, Turn

if TYPE_CHECKING:
    from actors.runtime.actor import ActorContext


class Observer(Protocol):
    """Sees everything that happens in a run, in order: what a determinism test hashes."""

    def on_accepted(self, path: str, generation: int, message: object) -> None:
        """A mailbox accepted a message."""
        ...

    def on_state(self, path: str, state: str, generation: int) -> None:
        """A child changed its state."""
        ...


class ActorRef:
    """One actor, whichever life it is in.

    Attributes:
        path: where it stands in the tree.
        generation: the life it is in or will be in next, from 1; it grows synchronously the moment
            a life is over, before anything else runs.
        running: whether a life handles messages; a suspended one does not.
    """

    __slots__ = (
        "_in_turn", "_observer", "_timers", "_turn", "context", "generation", "mailbox", "path",
        "running",
    )  # fmt: skip

    def __init__(
        self,
        path: str,
        mailbox: Mailbox,
        turn: Turn,
        timers: Timers,
        observer: Observer | None = None,
    ) -> None:
        self.path = path
        self.mailbox = mailbox
        self.generation = 1
        self.running = False
        self.context: ActorContext | None = None
        self._turn = turn
        self._timers = timers
        self._observer = observer
        self._in_turn: ActorContext | None = None  # the running life, if senders may run it

    def __repr__(self) -> str:
        return f"<ActorRef {self.path} generation {self.generation} running={self.running}>"

    # -- sending -----------------------------------------------------------------------------

    def tell(self, message: object) -> bool:
        """Send without waiting; return False if the mailbox refused the message (and counted it).

        A receiver declared `in_turn` has handled it on return, unless a turn was open already.
        """
        if not self.mailbox.put(message):
            return False
        if self._observer is not None:
            self._observer.on_accepted(self.path, self.generation, message)
        context = self._in_turn
        if context is None or self._turn.open:
            self.mailbox.wake()
        else:
            self._turn.take(context, IN_TURN_CAP)
        return True

    def tell_batch(self, messages: Sequence[object]) -> int:
        """Send several in order, in one turn of the receiver; return how many were accepted.

        A batch larger than the mailbox is fed in pieces to a receiver that may run in this turn.
        """
        if self._observer is None and self.mailbox.put_all(messages):
            self._run()
            return len(messages)
        mailbox, put, accepted = self.mailbox, self.mailbox.put, 0
        capacity = mailbox.spec.capacity
        for message in messages:
            if mailbox.accepted - mailbox.taken >= capacity:
                self._run()
            if put(message):
                accepted += 1
                if self._observer is not None:
                    self._observer.on_accepted(self.path, self.generation, message)
        self._run()
        return accepted

    def tell_control(self, message: object) -> bool:
        """Send on the control lane, which overtakes all queued data."""
        if not self.mailbox.put_control(message):
            return False
        if self._observer is not None:
            self._observer.on_accepted(self.path, self.generation, message)
        self._run()
        return True

    async def offer(self, message: object, timeout_s: float) -> bool:
        """Send, waiting for room at most this long; return False if there was none, or no waiting.

        Only a mailbox that says `block` lets senders wait.
        """
        if not await self.mailbox.put_in_time(message, timeout_s):
            return False
        if self._observer is not None:
            self._observer.on_accepted(self.path, self.generation, message)
        self._run()
        return True

    async def ask(self, message: object, timeout_s: float, *, asker: str = "") -> object:
        """Ask and return the answer; an actor uses `context.ask`, which says who asks.

        A callee declared `in_turn` may have answered before this first waits.

        Raises:
            AskFailed: no answer: `AskTimeout` after so many seconds, `CalleeDown` at once if the
                callee does not live or its life ends, `AskRefused` if it cannot take the question.
            Exception: what the callee answered it with.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        ask = self.post(Ask(self.mailbox, message, timeout_s, asker))
        if not ask.open:
            await trio.lowlevel.cancel_shielded_checkpoint()
        else:
            try:
                ask.timer = self._timers.after(timeout_s, ask.expire)  # a scope costs five times it
                await ask.wait()
            finally:
                ask.close()
        if ask.error is not None:
            raise ask.error
        return ask.value

    def post(self, ask: Ask) -> Ask:
        """Send a question on its way; it may be settled on return."""
        if self.context is None:
            self.mailbox.refuse("ask_down")
            ask.fail(CalleeDown(f"{self.path} is down"))
            return ask
        self.mailbox.put_ask(ask)
        if self._observer is not None and ask.open:
            self._observer.on_accepted(self.path, self.generation, ask.message)
        self._run()
        return ask

    def _run(self) -> None:
        """Let the receiver work: in this turn if it may, else in its own task."""
        context = self._in_turn
        if context is None or self._turn.open:
            self.mailbox.wake()
        elif self.mailbox.accepted != self.mailbox.taken:
            self._turn.take(context, IN_TURN_CAP)

    def statistics(self) -> MailboxStatistics:
        """Return the counters of the mailbox."""
        return self.mailbox.statistics()

    # -- for the supervisor ------------------------------------------------------------------

    def admit(self, context: ActorContext) -> None:
        """A life of this generation begins: the mailbox accepts, nothing is handled yet."""
        self.context = context
        self.mailbox.set_open(True)

    def begin(self) -> None:
        """The life that was admitted, or held, handles messages from now on."""
        context = self.context
        self._in_turn = context if context is not None and context.actor.in_turn else None
        self.running = True

    def hold(self) -> None:
        """The life handles nothing for now; the mailbox goes on accepting."""
        self.running = False
        self._in_turn = None

    def end(self, reason: str) -> None:
        """The life is over: no more messages for it; the next one has a new generation.

        Who waits for its answer hears so at once.
        """
        self.running = False
        self.context = self._in_turn = None
        self.generation += 1
        self.mailbox.lose_in_hand("crashed")
        self.mailbox.set_open(False)
        if self.mailbox.asks:
            self.mailbox.fail_asks(reason)
