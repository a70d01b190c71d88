"""Keeping crash capsules: taken on the loop by reference, encoded and written by a thread.

`take` copies nothing and never waits: what a recorder kept is handed to a thread through a bounded
queue.  The thread encodes, writes and makes room: a folder holds so many capsules, the oldest go.
What does not fit into the queue, cannot be written, or is not written in time when the run ends,
is counted.
"""

from __future__ import annotations

import datetime
import json
import os
import queue
import re
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from actors.runtime.actor import Actor
from actors.runtime.capsule import (
    MAX_FILE_BYTES,
    BadCapsule,
    Capsule,
    CrashError,
    Frame,
    form_of,
    pack_segments,
    read_capsule,
    to_bytes,
)
from actors.runtime.recorder import Kept
from messages.errors import EnvironmentFault
from supervisors.failures import EndKind, Exit, describe, leaves

if TYPE_CHECKING:
    from supervisors.life import Life

KEEP = 50
"""Capsules in a folder unless told otherwise."""

MAX_WAITING = 64
"""Crashes that wait for the thread; a storm of more has causes enough to look at."""

CLOSE_WITHIN_S = 2.0
"""How long the end of a run waits for what is not written yet."""

SUFFIX = ".capsule"
MAX_TEXT = 2_000
MAX_FRAMES = 64
MAX_OTHERS = 16
MAX_NAME = 120

_NAME = re.compile(r"^\d{8}T\d{6}\.\d{6}Z-[A-Za-z0-9._-]*-g\d+\.capsule$")
_STRANGE = re.compile(r"[^A-Za-z0-9_-]+")


class Crash(Struct):
    """One crash as it is taken on the loop, by reference."""

    name: str
    path: str
    generation: int
    actor: Actor | None
    seed: int
    wall_ns: int
    error: CrashError
    summary: dict[str, object]
    segments: list[Kept]
    missing: str
    passed: int


class Capsules(Protocol):
    """Where a run hands its crashes."""

    def take(self, crash: Crash) -> bool:
        """Keep this, later; return False when it cannot be kept (and count that)."""
        ...

    def counts(self) -> dict[str, int]:
        """How many were written, and how many lost."""
        ...


class CapsuleStore:
    """A folder of capsules and the thread that writes it; use it as a context manager.

    Args:
        folder: made with mode 0700 when the first capsule is written; its files have 0600.
        keep: how many capsules it holds, at least 1.
        tags: what the run says of itself.
        secrets: texts that must not be in any file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep: int = KEEP,
        tags: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
    ) -> None:
        self.folder = folder
        self._keep = keep
        self._tags = dict(tags or {})
        self._hide = tuple(sorted((each.encode() for each in secrets), key=len, reverse=True))
        self._queue: queue.Queue[Crash | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._closing = False
        self.taken = 0
        self.written = 0
        self.lost = 0
        self.last_error = ""

    def __enter__(self) -> CapsuleStore:
        # A daemon: a disk that hangs must not keep the process.
        self._thread = threading.Thread(target=self._work, name="capsules", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def take(self, crash: Crash) -> bool:
        """See `Capsules.take`."""
        self.taken += 1
        try:
            if self._closing:
                raise queue.Full
            self._queue.put_nowait(crash)
        except queue.Full:
            self.lost += 1
            return False
        return True

    def counts(self) -> dict[str, int]:
        """See `Capsules.counts`; `waiting` are not written yet."""
        waiting = self.taken - self.written - self.lost
        return {"written": self.written, "lost": self.lost, "waiting": waiting}

    def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Write what waits, within this time; what is not written then is lost, and counted."""
        self._closing = True
        deadline_s = time.monotonic() + within_s
        # A queue that stays full means that the thread does not get on: counted below.
        with suppress(queue.Full):
            self._queue.put(None, timeout=within_s)
        if self._thread is not None:
            self._thread.join(max(0.0, deadline_s - time.monotonic()))
        self.lost = self.taken - self.written

    # -- the thread -----------------------------------------------------------------------------

    def _work(self) -> None:
        while (crash := self._queue.get()) is not None:
            try:
                self._write(crash)
                self.written += 1
            except Exception as error:  # the next crash may be writable; a dead thread is none
                self.lost += 1
                self.last_error = describe(error)

    def _write(self, crash: Crash) -> None:
        """Write one file whole, or none; then make room."""
        data = to_bytes(_capsule(crash, self._tags), self._hide)
        if len(data) > MAX_FILE_BYTES:
            without = _capsule(crash, self._tags, "it is too large to be kept")
            data = to_bytes(without, self._hide)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f".{crash.name}.draft"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        draft.replace(self.folder / crash.name)
        for old in sorted(capsule_files(self.folder))[: -self._keep]:
            old.unlink(missing_ok=True)


def _capsule(crash: Crash, tags: dict[str, str], without: str = "") -> Capsule:
    """Encode one crash; without state and events where a reason for that is given."""
    segments = [] if without else crash.segments
    state, missing, events = pack_segments(segments, without or crash.missing)
    actor = crash.actor
    return Capsule(
        path=crash.path,
        generation=crash.generation,
        actor=form_of(type(actor)) if actor is not None else "",
        seed=crash.seed,
        wall_ns=crash.wall_ns,
        tags=tags,
        error=crash.error,
        summary=json.dumps(crash.summary, default=lambda value: f"{value!r:.200}"),
        fresh=segments[0].fresh if segments else True,
        state=state,
        missing=missing,
        events=tuple(events),
        passed=crash.passed,
    )


# -- on the loop ----------------------------------------------------------------------------------


def keep_crash(sink: Capsules, life: Life, exit_: Exit) -> None:
    """Hand a life that is gone to the store, if it ended by an error of ours."""
    if exit_.failure is None or exit_.kind not in (EndKind.CRASH, EndKind.FATAL):
        return
    path, runtime = life.record.path, life.record.runtime
    recorder = life.context.recorder if life.context is not None else None
    wall_ns = runtime.clock.wall_ns()
    missing = "it crashed while it was made"
    if recorder is not None:
        missing = "too much came within one turn" if recorder.over else recorder.missing
    crash = Crash(
        name=file_name(path, life.generation, wall_ns),
        path=path,
        generation=life.generation,
        actor=life.actor,
        seed=runtime.seed,
        wall_ns=wall_ns,
        error=crash_error(exit_.kind.value, exit_.failure.error),
        summary=_summary(life.actor),
        segments=recorder.segments() if recorder is not None else [],
        missing=missing,
        passed=recorder.passed if recorder is not None else 0,
    )
    if sink.take(crash):
        life.note("capsule", crash.name)
    else:
        life.note("capsule", "not kept: too many crashes wait to be written")


def _summary(actor: Actor | None) -> dict[str, object]:
    if actor is None:
        return {}
    try:
        return actor.summary()
    except Exception as error:  # it has crashed: it may well be unable to tell
        return {"problem": f"it cannot tell: {describe(error)}"}


def crash_error(kind: str, error: BaseException) -> CrashError:
    """Take down what was raised and where, without holding on to it."""
    first, *others = list(leaves(error)) or [error]
    return CrashError(
        kind=kind,
        name=form_of(type(first)),
        text=str(first)[:MAX_TEXT],
        frames=tuple(_frames(first.__traceback__)),
        others=tuple(describe(other) for other in others[:MAX_OTHERS]),
    )


def _frames(traceback: TracebackType | None) -> list[Frame]:
    found = []
    while traceback is not None:
        frame = traceback.tb_frame
        module = str(frame.f_globals.get("__name__", ""))
        found.append(Frame(module, frame.f_code.co_qualname, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found[-MAX_FRAMES:]


def file_name(path: str, generation: int, wall_ns: int) -> str:
    """Name the capsule of one crash so that names sort by time."""
    seconds, rest_ns = divmod(wall_ns, 1_000_000_000)
    at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    stamp = f"{at:%Y%m%dT%H%M%S}.{rest_ns // 1000:06}Z"
    return f"{stamp}-{_STRANGE.sub('.', path)[-MAX_NAME:]}-g{generation}{SUFFIX}"


# -- reading --------------------------------------------------------------------------------------


def capsule_files(folder: Path) -> Iterable[Path]:
    """Every capsule in a folder; other files are none of ours."""
    try:
        return [entry for entry in folder.iterdir() if _NAME.match(entry.name)]
    except FileNotFoundError:
        return []


def load(file: Path) -> Capsule:
    """Read a capsule.

    Raises:
        BadCapsule: it is none, cut, damaged or of another version.
        EnvironmentFault: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise BadCapsule(f"{file}: no such file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EnvironmentFault(f"{file}: {reason}") from error
    if len(data) > MAX_FILE_BYTES:
        raise BadCapsule(f"{file} is larger than any capsule")
    return read_capsule(data, str(file))


def capsule_row(file: Path) -> dict[str, Any]:
    """One line about a capsule for lists; `problem` says why one cannot be read."""
    row: dict[str, Any] = {"file": str(file), "bytes": file.lstat().st_size, "problem": ""}
    try:
        capsule = load(file)
    except (BadCapsule, EnvironmentFault) as error:
        return row | {"problem": error.text}
    raised = capsule.error.frames[-1:]
    return row | {
        "path": capsule.path,
        "generation": capsule.generation,
        "actor": capsule.actor,
        "wall_ns": capsule.wall_ns,
        "seed": capsule.seed,
        "tags": capsule.tags,
        "error": f"{capsule.error.name}: {capsule.error.text}",
        "raised_at": msgspec.to_builtins(raised[0]) if raised else None,
        "inputs": capsule.inputs,
        "missing": capsule.missing,
    }
