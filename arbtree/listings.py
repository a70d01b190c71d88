"""What venues list, asked once by REST: of themselves, or of the embedded exchanges."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from actors.transport.dial import Dialer
from arbtree.engine import CLOSE_WITHIN_S, Engine, Seams, embedded_world
from config.defaults import DEFAULT_ASSETS
from config.settings import Settings, VenueSettings
from messages.instruments import SymbolInfo
from simulator.world import World


def load_symbols(names: Sequence[str], *, embedded: bool) -> dict[str, tuple[SymbolInfo, ...]]:
    """Ask every venue for its symbols, all at once.

    Args:
        names: registered venues.
        embedded: ask the embedded exchanges instead.

    Returns:
        The symbols of each venue, sorted by name.

    Raises:
        ArbtreeError: a venue cannot be asked, or answers with an error.
    """
    once = tuple(dict.fromkeys(names))
    # What is asked is the whole list; embedded venues list the assets that settings name.
    symbols = tuple(f"{asset}/USDT" for asset in DEFAULT_ASSETS)
    entries = (VenueSettings(name=n, symbols=symbols, embedded=embedded) for n in once)
    return trio.run(_load, Settings(venues=tuple(entries)))


async def _load(settings: Settings) -> dict[str, tuple[SymbolInfo, ...]]:
    found: dict[str, tuple[SymbolInfo, ...]] = {}
    world = embedded_world(settings)
    async with trio.open_nursery() as nursery:
        if world is not None:
            await nursery.start(World.run, world)
        await _ask(settings, None if world is None else world.dial, found)
        nursery.cancel_scope.cancel(reason="every venue has answered")
    return found


async def _ask(
    settings: Settings, dial: Dialer | None, found: dict[str, tuple[SymbolInfo, ...]]
) -> None:
    engine = Engine(settings, Seams() if dial is None else Seams(dialer=dial))

    async def ask(name: str) -> None:
        listed = await engine.venues[name].directory.load()
        found[name] = tuple(sorted(listed.values(), key=lambda info: info.symbol))

    try:
        async with trio.open_nursery() as nursery:
            for name in engine.venues:
                nursery.start_soon(ask, name)
    finally:
        with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
            await engine.close()
