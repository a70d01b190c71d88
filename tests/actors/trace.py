"""One virtual world from one seed, told as a hash: `python -m tests.actors.trace SEED SECONDS`."""

from __future__ import annotations

import hashlib
import sys

import msgspec
import trio
from trio.testing import MockClock

from actors.runtime.messages import Stamped
from simulator.schedule import make_deterministic
from tests.actors.virtual import virtual_engine


class Trace:
    """Hashes every accepted message and every change of state, in order."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.messages = 0
        self.states = 0
        self._encode = msgspec.json.Encoder(enc_hook=_plain, order="deterministic").encode

    def on_accepted(self, path: str, generation: int, message: object) -> None:
        """Take a message in."""
        self.messages += 1
        name = type(message).__name__
        self.digest.update(f"{path} {generation} {name} ".encode() + self._encode(message))

    def on_state(self, path: str, state: str, generation: int) -> None:
        """Take a state in."""
        self.states += 1
        self.digest.update(f"{path} {state} {generation}".encode())


def _plain(value: object) -> object:
    if isinstance(value, Stamped):
        return [value.generation, type(value.message).__name__, value.message]
    raise TypeError(f"{type(value).__name__} cannot be hashed")


async def _live(seed: int, seconds: float, trace: Trace) -> None:
    async with virtual_engine(seed=seed, observer=trace) as virtual:
        await trio.sleep(seconds / 3)
        virtual.world.cut("binance")
        await trio.sleep(seconds / 3)
        path = "engine/venues/binance_usdm/books/BTC-USDT.USDT"
        virtual.engine.runtime.kill(path, RuntimeError("planted"))
        await trio.sleep(seconds / 3)


def main(seed: int, seconds: float) -> str:
    """Run it and return hash, messages and states as one line."""
    make_deterministic(seed)
    trace = Trace()
    trio.run(_live, seed, seconds, trace, clock=MockClock(autojump_threshold=0))
    return f"{trace.digest.hexdigest()} {trace.messages} {trace.states}"


if __name__ == "__main__":
    print(main(int(sys.argv[1]), float(sys.argv[2])))
