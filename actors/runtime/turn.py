"""Running an actor's handlers: one open turn at a time in the whole run.

A turn empties one mailbox, up to a cap, through the actor's synchronous handlers.  It runs in the
receiver's own task, or in the turn of whoever sent to a receiver that is declared `in_turn`.  What
a handler sends meanwhile is queued and its receiver's task woken, so turns never nest.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actors.runtime.asks import Ask
from actors.runtime.mailbox import NOTHING, Slot
from actors.runtime.messages import Stamped
from actors.runtime.recorder import ASK, CONTROL, DRAINED_MARK

if TYPE_CHECKING:
    from actors.runtime.actor import ActorContext

DRAIN_CAP = 64  # a task's turn: hop p99 of a quiet neighbour stays under 0.4 ms (measured)
TIMED_EVERY = 16  # turns; reading the clock twice costs half a message, so time is sampled
IN_TURN_CAP = 256  # a sender's turn: as many as a connection reads before it checkpoints


class Turn:
    """The one turn of a run: closed, or open for one actor, its owner."""

    __slots__ = ("_count", "open", "owner")

    def __init__(self) -> None:
        self.open = False
        self.owner: ActorContext | None = None
        self._count = 0

    def take(self, context: ActorContext, cap: int) -> None:
        """Run this life's handlers on its mailbox until it is empty or `cap` messages are done.

        Whatever a handler raises ends that life; nothing reaches the caller.
        """
        mailbox, handle, keep = context.mailbox, context.handle, None
        receive, recorder = mailbox.receive, context.recorder
        if recorder is not None:
            if recorder.stale:
                recorder.renew()
            recorder.open, keep = True, context.keep
        self.open = True
        self.owner = context
        self._count += 1
        began_ns = 0 if self._count % TIMED_EVERY else time.perf_counter_ns()
        try:
            while mailbox.accepted != mailbox.taken and cap:
                cap -= 1
                if mailbox.control:
                    _take_control(context)
                    continue
                message = receive()
                mailbox.taken += 1
                if type(message) is Slot:
                    message = mailbox.unslot(message)
                    if type(message) is Ask:
                        _take_ask(context, message)
                        continue
                mailbox.in_hand = message
                if keep is not None:
                    keep(message)
                handle(message)
                mailbox.handled += 1
            mailbox.in_hand = NOTHING
            if context.drained is not None:
                if recorder is not None:
                    recorder.events.append(DRAINED_MARK)
                context.drained()
            if recorder is not None:
                recorder.turned()
        # Nothing may reach the sender; the actor's own task raises it again (ActorContext.serve).
        except BaseException as error:  # noqa: ASYNC103
            if recorder is not None:
                recorder.open = False
            context.fail(error)
        finally:
            self.open = False
            if began_ns:
                mailbox.handler_ns += (time.perf_counter_ns() - began_ns) * TIMED_EVERY
            if mailbox.blocked:
                mailbox.make_room()
            if mailbox.accepted != mailbox.taken:
                mailbox.wake()  # the cap was reached, or a sender got its place just now


def _take_ask(context: ActorContext, ask: Ask) -> None:
    """Handle one question; one whose asker waits no more is lost, counted."""
    mailbox = context.mailbox
    if not ask.open:
        mailbox.count_lost("ask_over")
        return
    mailbox.in_hand = ask
    if context.recorder is not None:
        context.recorder.mark(ASK, (ask.asker, ask.message))
    context.actor.handle_ask(ask)
    mailbox.handled += 1
    mailbox.in_hand = NOTHING


def _take_control(context: ActorContext) -> None:
    """Handle one control message; one that was meant for an earlier life is lost, counted."""
    mailbox = context.mailbox
    message = mailbox.control.popleft()
    mailbox.taken += 1
    if type(message) is Stamped:
        if message.generation != context.generation:
            mailbox.count_lost("stale")
            return
        message = message.message
    mailbox.in_hand = message
    if context.recorder is not None:
        context.recorder.mark(CONTROL, message)
    context.actor.handle_control(message)
    mailbox.handled += 1
    mailbox.in_hand = NOTHING
