"""A thread that watches the event loop: who blocks it, for how long, and a stop that must end.

Everything else here runs on the loop and can say nothing while the loop is blocked.  The thread
asks the loop for an answer again and again; where none comes it looks at the frames of the loop's
thread, which name the culprit.  It also ends a process whose ordered stop has no end.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import trio
from msgspec import Struct

if TYPE_CHECKING:
    from actors.runtime.turn import Turn

MAX_BLOCKS = 64  # kept to look at; all are counted
MAX_LAGS = 512  # of the last beats: a minute at the default beat
MAX_FRAMES = 12  # of the loop's thread, innermost first


class WatchdogSpec(Struct, frozen=True):
    """How closely the loop is watched.

    Args:
        beat_s: how often it is asked for an answer.
        blocked_s: a loop that has not answered for so long is blocked.
        margin_s: how much longer than the loop's own deadline a stop may take.
    """

    beat_s: float = 0.1
    blocked_s: float = 0.5
    margin_s: float = 1.0


class Block(Struct, frozen=True):
    """One time in which the loop was blocked.

    `path` is the actor whose handler ran, empty if none did; `frames` are `function file:line`
    of the loop's thread, innermost first; `seconds` is None until it is over.
    """

    path: str
    frames: tuple[str, ...]
    seconds: float | None = None

    @property
    def text(self) -> str:
        """One line for people."""
        lasted = f"{self.seconds:.2f} s" if self.seconds is not None else "still"
        return f"{lasted} in {' < '.join(self.frames[:3])}"


class LoopLag(Struct, frozen=True):
    """How late the loop answered, in seconds: over the last beats, and the worst of the run."""

    beats: int
    p50_s: float
    p99_s: float
    max_s: float
    blocks: int


class LoopWatchdog:
    """Watches the loop that calls `start`.

    Args:
        spec: how closely.
        turn: tells whose handler runs.
        on_blocked: called in the watchdog's thread as soon as a block is seen.
        on_over: called on the loop when a block is over.
        on_deadline: called in the watchdog's thread when a stop has had its time.
    """

    def __init__(
        self,
        spec: WatchdogSpec,
        turn: Turn,
        *,
        on_over: Callable[[Block], None],
        on_deadline: Callable[[], None],
        on_blocked: Callable[[Block], None] | None = None,
    ) -> None:
        self.spec = spec
        self.blocks: deque[Block] = deque(maxlen=MAX_BLOCKS)
        self.now: Block | None = None
        self.loop_s = 0.0
        self._turn = turn
        self._on_blocked, self._on_over, self._on_deadline = on_blocked, on_over, on_deadline
        self._done = threading.Event()
        self._answered = threading.Event()
        self._deadline_s = float("inf")
        self._lags: deque[float] = deque(maxlen=MAX_LAGS)
        self._beats = self._count = 0
        self._max_s = 0.0

    def start(self) -> None:
        """Watch the loop and thread of the caller from now on."""
        self.loop_s = trio.current_time()
        token, loop_thread = trio.lowlevel.current_trio_token(), threading.get_ident()
        threading.Thread(
            target=self._watch, args=(token, loop_thread), name="loop watchdog", daemon=True
        ).start()

    def stop(self) -> None:
        """Watch no more."""
        self._done.set()

    def expire_in(self, seconds: float) -> None:
        """The stop has so much time, and the margin; only the first call counts.

        Safe to call from a signal handler and from any thread.
        """
        if self._deadline_s == float("inf"):
            self._deadline_s = time.monotonic() + seconds + self.spec.margin_s

    def lag(self) -> LoopLag:
        """Return how late the loop answers."""
        lags = sorted(self._lags) or [0.0]
        return LoopLag(
            self._beats, lags[len(lags) // 2], lags[len(lags) * 99 // 100], self._max_s, self._count
        )

    # -- in the thread ---------------------------------------------------------------------------

    def _watch(self, token: trio.lowlevel.TrioToken, loop_thread: int) -> None:
        while not self._done.wait(self.spec.beat_s):
            asked_s = time.monotonic()
            self._answered.clear()
            try:
                token.run_sync_soon(self._answer, asked_s)
            except trio.RunFinishedError:
                return
            self._await_answer(asked_s, loop_thread)
            self._look_at_deadline()

    def _await_answer(self, asked_s: float, loop_thread: int) -> None:
        """Wait for the answer; when it is late, say who holds it up."""
        while not self._answered.wait(min(self.spec.beat_s, self.spec.blocked_s)):
            if self._done.is_set():
                return
            self._look_at_deadline()
            if self.now is None and time.monotonic() - asked_s >= self.spec.blocked_s:
                self._count += 1
                owner = self._turn.owner if self._turn.open else None
                frames = frames_of(sys._current_frames().get(loop_thread))
                self.now = Block(owner.path if owner is not None else "", frames)
                if self._on_blocked is not None:
                    self._on_blocked(self.now)

    def _look_at_deadline(self) -> None:
        if time.monotonic() >= self._deadline_s:
            self._deadline_s = float("inf")
            self._done.set()
            self._on_deadline()

    # -- on the loop -----------------------------------------------------------------------------

    def _answer(self, asked_s: float) -> None:
        lag_s = time.monotonic() - asked_s
        self.loop_s = trio.current_time()
        self._beats += 1
        self._lags.append(lag_s)
        self._max_s = max(self._max_s, lag_s)
        block, self.now = self.now, None
        self._answered.set()
        if block is not None:
            over = Block(block.path, block.frames, lag_s)
            self.blocks.append(over)
            self._on_over(over)


def frames_of(frame: FrameType | None) -> tuple[str, ...]:
    """Return `function file:line` of a thread's stack, innermost first, the loop's own left out."""
    lines: list[str] = []
    for inner, line in traceback.walk_stack(frame):
        name = str(inner.f_globals.get("__name__", ""))
        if name.startswith("trio.") or len(lines) >= MAX_FRAMES:
            break
        code = inner.f_code
        lines.append(f"{code.co_qualname} {Path(code.co_filename).name}:{line}")
    return tuple(lines)
