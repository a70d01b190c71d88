"""`python -m simulator`: the embedded venues on loopback sockets, as a process of their own.

Exit codes: 0 stopped in order, 2 wrong usage, 3 an address cannot be bound.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

import orjson
import trio

from messages.errors import ArbtreeError, EnvironmentFault, UsageError
from simulator.instruments import Asset, assets, named_assets
from simulator.market import MarketRates
from simulator.venues import DEFAULT_VENUES, VENUES
from simulator.world import Address, World


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"simulator: {message}")


def _parser() -> argparse.ArgumentParser:
    rates = MarketRates()
    parser = _Parser(
        prog="python -m simulator",
        description="Serve simulated exchanges that speak the real wire protocols.",
    )
    add = parser.add_argument
    add("--seed", type=int, default=1, help="the market follows from it (default %(default)s)")
    add("--host", default="127.0.0.1", help="address to bind (default %(default)s)")
    add(
        "--base-port",
        type=int,
        default=0,
        metavar="PORT",
        help="port of the first venue, the others follow; 0: any free ports (default)",
    )
    add(
        "--venues",
        default=",".join(DEFAULT_VENUES),
        metavar="A,B",
        help=f"of {', '.join(VENUES)} (default %(default)s)",
    )
    add(
        "--assets",
        default="6",
        metavar="N|A,B",
        help="how many base assets, or their names (default %(default)s)",
    )
    add("--levels", type=int, default=250, help="levels a side of a book (default %(default)s)")
    add("--step-ms", type=int, default=50, help="time between book changes (default %(default)s)")
    add(
        "--volatility-bps",
        type=float,
        default=rates.volatility_bps,
        help="how far true prices stray in a second (default %(default)s)",
    )
    add(
        "--shock-every-s",
        type=float,
        default=rates.shock_every_s,
        help="mean time between an asset's shocks, 0: never (default %(default)s)",
    )
    add(
        "--recorded",
        action="store_true",
        help="speak the form of recordings made before 2025 (no st, nq, USD-M ps)",
    )
    add(
        "--for",
        dest="for_s",
        type=_seconds,
        metavar="20s",
        default=float("inf"),
        help="end by itself after this time (s, m, h)",
    )
    add("--json", action="store_true", help="write one JSON object a line")
    return parser


def _seconds(text: str) -> float:
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        duration_s = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        duration_s = -1.0
    if not 0 <= duration_s < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 20s or 5m")
    return duration_s


def _assets(text: str) -> tuple[Asset, ...]:
    names = tuple(name.strip().upper() for name in text.split(",") if name.strip())
    if len(names) == 1 and names[0].isdigit():
        return assets(int(names[0]))
    if not names:
        raise UsageError("simulator: --assets names no asset")
    return named_assets(names)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def make_world(options: argparse.Namespace) -> World:
    """The world these options ask for.

    Raises:
        UsageError: an option does not fit.
    """
    if not 0 <= options.base_port <= 65_535 - len(VENUES):
        raise UsageError(f"simulator: --base-port {options.base_port} leaves no room for ports")
    return World(
        options.seed,
        venues=[name for name in options.venues.split(",") if name],
        assets=_assets(options.assets),
        rates=MarketRates(
            volatility_bps=options.volatility_bps, shock_every_s=options.shock_every_s
        ),
        levels=options.levels,
        step_ms=options.step_ms,
        now_ms=_wall_ms,
        recorded=options.recorded,
    )


def _say(world: World, addresses: tuple[Address, ...], as_json: bool) -> None:
    for address in addresses:
        natives = list(world.venues[address.venue].listings)
        if as_json:
            line = orjson.dumps(
                {
                    "kind": "venue",
                    "venue": address.venue,
                    "rest": address.rest,
                    "stream": address.stream,
                    "symbols": natives,
                }
            ).decode()
        else:
            line = (
                f"{address.venue}  {address.rest}  {address.stream}  {len(natives)} symbols: "
                f"{', '.join(natives[:8])}{' ...' if len(natives) > 8 else ''}"
            )
        print(line, flush=True)


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal, or for as long as was asked."""
    world = make_world(options)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(world.run)
            addresses = await nursery.start(world.listen, options.host, options.base_port)
            _say(world, addresses, options.json)
            with trio.move_on_after(options.for_s):
                async for _ in signals:
                    break
            nursery.cancel_scope.cancel()


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    try:
        trio.run(serve, _parser().parse_args(arguments))
    except (ArbtreeError, BaseExceptionGroup) as error:
        first = _first(error)
        if not isinstance(first, ArbtreeError):
            raise
        print(first.text, file=sys.stderr)
        return 3 if isinstance(first, EnvironmentFault) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
