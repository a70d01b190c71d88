"""One virtual world from one seed, told as a hash: `python -m tests.actors.trace SEED SECONDS`."""

from __future__ import annotations

import sys

import trio
from msgspec.structs import replace
from trio.testing import MockClock

from arbtree.chaos.history import History
from config.settings import SimulatorSettings
from simulator.schedule import make_deterministic
from tests.actors.virtual import small_settings, virtual_engine


async def _live(seed: int, seconds: float, history: History) -> None:
    lively = replace(small_settings(), simulator=SimulatorSettings())
    async with virtual_engine(lively, seed=seed, observer=history) as virtual:
        await trio.sleep(seconds / 3)
        virtual.world.cut("binance")
        await trio.sleep(seconds / 3)
        path = "engine/venues/binance_usdm/books/BTC-USDT.USDT"
        virtual.engine.runtime.kill(path, RuntimeError("planted"))
        await trio.sleep(seconds / 3)


def main(seed: int, seconds: float) -> str:
    """Run it and return hash, messages and states as one line."""
    make_deterministic(seed)
    history = History()
    trio.run(_live, seed, seconds, history, clock=MockClock(autojump_threshold=0))
    return f"{history.trace_hash} {history.messages} {history.states}"


if __name__ == "__main__":
    print(main(int(sys.argv[1]), float(sys.argv[2])))
