"""What is quarantined in a running engine is told with its venue, whatever the reason."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from arbtree.commands.health import EngineHealth, quarantine_lines
from arbtree.status import venue_health
from config.settings import AssetSettings, DetectorSettings, Settings, VenueSettings
from tests.actors.virtual import virtual_engine


async def test_quarantines_are_told_with_their_venue(autojump_clock: MockClock) -> None:
    """Prices too far apart, and a ticker that is another asset."""
    settings = Settings(
        detector=DetectorSettings(price_band_percent=0.001, price_band_after_s=1.0),
        venues=tuple(
            VenueSettings(name=name, symbols=("BTC/USDT", "ETH/USDT"), embedded=True)
            for name in ("gateio", "mexc")
        ),
        assets=(AssetSettings(name="ETH", different=("mexc",), reason="a fork"),),
    )
    async with virtual_engine(settings) as virtual:
        await trio.sleep(60)
        gate, mexc = venue_health(virtual.engine)
        apart = gate.quarantined["BTC/USDT"]
        assert apart.startswith("price_band: beside mexc BTC/USDT, mids were ")
        assert set(gate.quarantined) == {"BTC/USDT"}
        assert mexc.quarantined["BTC/USDT"] == apart.replace("mexc", "gateio")
        assert mexc.quarantined["ETH/USDT"] == (
            "asset_unproven: your word: another asset than ETH: a fork"
        )
        engine = EngineHealth("engine", 1, {one.venue: one for one in (gate, mexc)})
        assert quarantine_lines(engine, "gateio") == [
            f"    BTC/USDT           quarantined ({apart})"
        ]
        assert quarantine_lines(engine, "binance") == []
        assert quarantine_lines(None, "gateio") == []
