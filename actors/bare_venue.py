"""The services of a venue with nothing behind them, for an actor that acts a crash out again.

Dialect, settings, symbol info and the cells of connections are real; nothing can be dialled or
asked, and an actor that tries is on another way than the one that crashed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from actors.feed import Feed
from actors.runtime.clock import ManualClock
from actors.transport.dial import Dialer
from actors.transport.rest import RestClient
from actors.venue import ClockOffset, SymbolDirectory, Venue
from config.settings import VenueSettings
from exchanges.registry import dialect
from messages.instruments import SymbolInfo


def bare_venue(
    settings: VenueSettings, symbols: Iterable[SymbolInfo] = (), feeds: Iterable[str] = ()
) -> Venue:
    """Return a venue that knows these symbols and connections, and nobody to speak to.

    Args:
        settings: its part of the configuration.
        symbols: what its directory knows.
        feeds: paths of its connections.
    """
    clock, nobody = ManualClock(), object()
    venue = dialect(settings.name)
    rest = cast(RestClient, nobody)
    directory = SymbolDirectory(venue, rest, clock)
    directory.learn(symbols)
    return Venue(
        dialect=venue,
        settings=settings,
        rest=rest,
        directory=directory,
        feeds={path: Feed(path, ()) for path in feeds},
        clock=clock,
        dialer=cast(Dialer, nobody),
        clock_offset=ClockOffset(),
    )
