"""Acting a crash out again: a fresh actor is given what the one that crashed took in.

The actor is the real one; what it speaks to is not there.  References take everything and answer
nothing, timers never come, tasks are not started: what they brought stands in the capsule, and so
does what the clocks, chance and other actors' cells said.  An actor that asks for something else
than the capsule has next is on another way, which is found at once.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple

from msgspec import Struct

from actors.runtime.actor import Actor, ActorContext
from actors.runtime.asks import Ask
from actors.runtime.capsule import (
    INPUT_KINDS,
    BadCapsule,
    Capsule,
    CrashError,
    Frame,
    TypeFinder,
    form_of,
    unpack,
    unpack_state,
)
from actors.runtime.mailbox import Mailbox, MailboxSpec
from actors.runtime.messages import Down, Up
from actors.runtime.recorder import (
    ASK,
    BITS,
    CHANCE,
    CONTROL,
    DRAINED,
    INPUT,
    MESSAGE,
    NOW,
    SAW,
    STARTED,
    SUSPENDED,
    WALL,
)
from actors.runtime.reference import ActorRef
from actors.runtime.requests import Request
from actors.runtime.timers import Timers
from actors.runtime.turn import Turn
from supervisors.capsules import crash_error

Args = TypeVarTuple("Args")
Seen = TypeVar("Seen")

ASK_WITHIN_S: Final = 60.0
"""Nobody waits for the answers of a replay; a question only has to be open."""

_DEAF = MailboxSpec(capacity=1, overflow="drop_oldest")


class Outcome(Struct, frozen=True):
    """What acting out came to.

    Args:
        reproduced: the same class of error was raised on the same line.
        text: why not, or that it was, in one sentence.
        inputs: how many inputs the actor took.
        recorded, raised: the error of the capsule, and what was raised now; None for nothing.
    """

    reproduced: bool
    text: str
    inputs: int
    recorded: CrashError
    raised: CrashError | None


class Diverged(BaseException):
    """The actor is on another way than the capsule; no `except Exception` may hide that."""


class _Script:
    """The events of a capsule, in order; `muted` while the actor is only being set up."""

    def __init__(self, capsule: Capsule, find: TypeFinder) -> None:
        self.events = [(event.kind, unpack(event.value, find)) for event in capsule.events]
        self.at = 0
        self.inputs = 0
        self.muted = True
        readings = [value for kind, value in self.events if kind == NOW]
        self.first_ns = readings[0] if readings and isinstance(readings[0], int) else 0

    def read(self, kind: str) -> Any:
        """What the actor reads next."""
        if self.at >= len(self.events):
            raise Diverged(f"it reads '{kind}' after the end of the capsule")
        found, value = self.events[self.at]
        if found != kind:
            raise Diverged(f"it reads '{kind}' where the capsule has '{found}'")
        self.at += 1
        return value

    def play(self, actor: Actor) -> None:
        """Give the actor everything, in order."""
        self.muted = False
        while self.at < len(self.events):
            kind, value = self.events[self.at]
            self.at += 1
            self.inputs += kind in INPUT_KINDS
            if kind == MESSAGE:
                actor.handle(value)
            elif kind == DRAINED:
                actor.drained()
            elif kind == CONTROL:
                actor.handle_control(value)
            elif kind == INPUT:
                actor.handle_input(value)
            elif kind == STARTED:
                actor.started()
            elif kind == SUSPENDED:
                actor.suspended()
            elif kind == ASK:
                assert isinstance(value, tuple)  # a pair, as the turn keeps it
                asker, message = value
                box = actor.context.mailbox
                actor.handle_ask(Ask(box, message, ASK_WITHIN_S, str(asker)))
            else:
                raise Diverged(f"it does not read the '{kind}' that the capsule has")


class _Clock:
    def __init__(self, script: _Script) -> None:
        self._script = script

    def now_ns(self) -> int:
        return self._script.first_ns if self._script.muted else int(self._script.read(NOW))

    def wall_ns(self) -> int:
        return self._script.first_ns if self._script.muted else int(self._script.read(WALL))


class _Chance(random.Random):
    def __init__(self, script: _Script) -> None:
        self._script = script
        super().__init__(0)

    def random(self) -> float:
        return super().random() if self._script.muted else float(self._script.read(CHANCE))

    def getrandbits(self, k: int, /) -> int:
        return super().getrandbits(k) if self._script.muted else int(self._script.read(BITS))


class _Nobody:
    """Whoever runs the actor and the tree it stands in: takes everything, does nothing."""

    def __init__(self, turn: Turn, timers: Timers) -> None:
        self._turn, self._timers = turn, timers
        self._refs: dict[str, ActorRef] = {}

    @property
    def nursery(self) -> _Nobody:
        return self

    def start_soon(
        self, function: Callable[[*Args], Awaitable[object]], *args: *Args, name: object = None
    ) -> None:
        pass

    def ready(self, value: object) -> None:
        pass

    def over(self, error: BaseException | None) -> None:
        pass

    def healthy(self) -> None:
        pass

    def progress(self) -> None:
        pass

    def fault(self, reason: str) -> None:
        pass

    def watch(self, path: str) -> None:
        pass

    def unwatch(self, path: str) -> None:
        pass

    def note(self, kind: str, text: str) -> None:
        pass

    def lookup(self, path: str) -> ActorRef:
        if path not in self._refs:
            self._refs[path] = ActorRef(path, Mailbox(path, _DEAF), self._turn, self._timers)
        return self._refs[path]

    def _refuse(self, *_: object) -> NoReturn:
        raise Diverged("it changes the tree, which a replay has not")

    def start_child(self, supervisor: str, child: object, *args: object) -> Request:
        self._refuse()

    terminate_child = restart = restart_child = _refuse
    delete_child = suspend = resume = _refuse


class _ReplayContext(ActorContext):
    """A life whose world is the script."""

    def __init__(self, capsule: Capsule, actor: Actor, script: _Script) -> None:
        turn, timers = Turn(), Timers()
        nobody = _Nobody(turn, timers)
        ref = ActorRef(capsule.path, Mailbox(capsule.path, MailboxSpec()), turn, timers)
        ref.generation = capsule.generation
        super().__init__(
            ref=ref,
            actor=actor,
            host=nobody,
            tree=nobody,
            clock=_Clock(script),
            timers=timers,
            turn=turn,
            seed=capsule.seed,
        )
        self._random = _Chance(script)
        self._script = script

    def saw(self, value: Seen) -> Seen:
        """What the actor saw then, whatever there is to see now."""
        return value if self._script.muted else self._script.read(SAW)

    def input(self, message: object, size_bytes: int = 0) -> None:
        """Nothing brings input but the script."""


def types_near(kind: type[Actor], room: str = "messages") -> TypeFinder:
    """Know the structs of one room, those that the actor's modules name, and the runtime's own.

    Args:
        kind: the class of the actor.
        room: the package that holds what actors say to each other.
    """
    modules = [sys.modules[above.__module__] for above in kind.__mro__ if above is not object]
    known = {form_of(found): found for module in modules for found in vars(module).values()
             if isinstance(found, type) and issubclass(found, Struct)}  # fmt: skip
    known |= {form_of(notice): notice for notice in (Up, Down)}

    def find(name: str) -> type[Any]:
        module, _, words = name.partition(":")
        found = known.get(name)
        if found is None and module.split(".")[0] == room and importlib.util.find_spec(module):
            found = getattr(importlib.import_module(module), words, None)
        if not (isinstance(found, type) and issubclass(found, Struct)):
            raise BadCapsule(
                f"an input is of a type that {kind.__qualname__} does not know: {name}"
            )
        return found

    return find


def act_out(capsule: Capsule, kind: type[Actor], find: TypeFinder) -> Outcome:
    """Give a fresh actor what the capsule holds; inside a running loop, which it never waits for.

    Args:
        capsule: what was kept.
        kind: the class of the actor.
        find: finds the types of its messages.

    Raises:
        BadCapsule: it cannot be acted out; the text says why.
    """
    if capsule.state is None:
        last = capsule.last_input and f"; the last it took in: {capsule.last_input}"
        raise BadCapsule(f"{capsule.path} cannot be acted out: {capsule.missing}{last}")
    if kind.capsule_form is None:
        raise BadCapsule(f"{kind.__qualname__} does not say what its state is")
    state = unpack_state(capsule, kind.capsule_form)
    script = _Script(capsule, find)
    try:
        actor = kind.from_capsule(state)
        actor.context = _ReplayContext(capsule, actor, script)
        if not capsule.fresh:
            actor.started()
            actor.restored(state)
        script.play(actor)
    except Diverged as way:
        text = f"it takes another way at input {script.inputs}: {way}"
        return Outcome(False, text, script.inputs, capsule.error, None)
    except BaseException as error:  # noqa: ASYNC103 - this is what is looked for
        if isinstance(error, KeyboardInterrupt) and "KeyboardInterrupt" not in capsule.error.name:
            raise
        raised = crash_error(capsule.error.kind, error)
        return _compared(capsule.error, raised, script.inputs)  # noqa: ASYNC104 - looked for
    text = f"nothing was raised in {script.inputs} inputs"
    return Outcome(False, text, script.inputs, capsule.error, None)


def _compared(recorded: CrashError, raised: CrashError, inputs: int) -> Outcome:
    """Judge by class and raising line."""
    then, now = _line(recorded.frames), _line(raised.frames)
    if recorded.name != raised.name:
        text = f"{raised.name} was raised at {now}, not {recorded.name} at {then}"
        return Outcome(False, text, inputs, recorded, raised)
    if recorded.frames[-1:] != raised.frames[-1:]:
        text = f"{raised.name} was raised at {now}, then at {then}"
        return Outcome(False, text, inputs, recorded, raised)
    return Outcome(True, f"{raised.name} was raised at {now} again", inputs, recorded, raised)


def _line(frames: tuple[Frame, ...]) -> str:
    return f"{frames[-1].module}:{frames[-1].line} ({frames[-1].function})" if frames else "?"
