"""SIGINT and SIGTERM as requests: the first stops in order, the second leaves no grace."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from supervisors.runtime import Runtime


async def take_signals(runtime: Runtime) -> None:
    """Take signals for ever; only the main thread may."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
        async for number in received:
            name = signal.Signals(number).name
            runtime.events.add(runtime.root.path, runtime.root.generation, "signal", name)
            if runtime.stopping:
                runtime.hurry()
            else:
                runtime.request_stop(name)
