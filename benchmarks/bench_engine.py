"""The real engine on the bench venues, for the benchmarks that need one.

Everything is what `arbtree run` runs: supervisors, actors, codecs, books, detector and sockets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from actors.runtime.reference import Observer
from actors.transport.dial import SocketDialer
from arbtree.engine import Engine, Seams
from arbtree.status import books
from config.settings import Settings, VenueSettings
from supervisors.runtime import Options

LIVE_WITHIN_S = 60.0
"""All books; the REST budgets of the venues allow 200 snapshots at once."""


class KeptDialer:
    """A dialer that remembers its TCP streams, so that what waits in them can be read."""

    def __init__(self) -> None:
        self._dialer = SocketDialer()
        self.streams: list[trio.SocketStream] = []

    async def __call__(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        """Dial and remember."""
        stream = await self._dialer(host, port, tls)
        if isinstance(stream, trio.SocketStream):
            self.streams.append(stream)
        return stream


@contextmanager
def bench_venues(symbols: int, levels: int, rate: float) -> Iterator[Settings]:
    """Run the venues as a process of their own; yield the settings that reach them."""
    command = [sys.executable, "-m", "benchmarks.venues", "--symbols", str(symbols)]
    command += ["--levels", str(levels), "--rate", str(rate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            line = child.stdout.readline()
            if not line:
                raise SystemExit("the bench venues did not start")
            yield settings_for(json.loads(line), levels)
        finally:
            child.terminate()


def settings_for(said: dict[str, dict[str, str]], levels: int) -> Settings:
    """Settings that follow every symbol of these venues with books of so many levels."""
    forms = {"binance": "{}/USDT", "binance_usdm": "{}/USDT:USDT"}
    return Settings(
        venues=tuple(
            VenueSettings(
                name=name,
                snapshot_levels=levels,
                symbols=tuple(forms[name].format(base) for base in venue["bases"]),
                rest_url=venue["rest"],
                websocket_url=venue["stream"],
            )
            for name, venue in said.items()
        )
    )


def engine_for(settings: Settings, dialer: KeptDialer, observer: Observer | None = None) -> Engine:
    """The engine, ready to run."""
    return Engine(settings, Seams(dialer=dialer, observer=observer), options=Options(seed=1))


async def all_live(engine: Engine) -> float:
    """Wait until every book is live; return how long it took.

    Raises:
        SystemExit: not within `LIVE_WITHIN_S`; says what the first book that is not live says.
    """
    began_s = trio.current_time()
    while True:
        dark = [book for book in books(engine) if book.state != "LIVE"]
        if not dark:
            return trio.current_time() - began_s
        if trio.current_time() - began_s > LIVE_WITHIN_S:
            raise SystemExit(f"{len(dark)} books are not live, the first is {dark[0]}")
        await trio.sleep(0.25)
