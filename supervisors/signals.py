"""SIGINT and SIGTERM as requests: the first stops in order, the second leaves no grace."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from supervisors.runtime import Runtime


@contextmanager
def _noted_at_once(runtime: Runtime) -> Iterator[None]:
    """Let the stop's time run from the signal, even if the loop is blocked and sees it never."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        runtime.stop_is_due()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def take_signals(runtime: Runtime) -> None:
    """Take signals for ever; only the main thread may."""
    with (
        trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received,
        _noted_at_once(runtime),
    ):
        async for number in received:
            name = signal.Signals(number).name
            runtime.events.add(runtime.root.path, runtime.root.generation, "signal", name)
            if runtime.stopping:
                runtime.hurry()
            else:
                runtime.request_stop(name)
