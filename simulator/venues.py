"""The venues there are: names, protocols and hosts.  A further venue is one entry here."""

from __future__ import annotations

from simulator.binance import BinanceProtocol
from simulator.binance.listings import Family
from simulator.gateio import GateProtocol
from simulator.mexc import MexcProtocol
from simulator.venue import VenueSpec

GATE_HOST = "api.gateio.ws"
"""REST of both Gate markets, and the streams of spot."""

VENUES = {
    spec.name: spec
    for spec in (
        VenueSpec(
            "binance",
            BinanceProtocol(Family.SPOT),
            (
                "api.binance.com",
                "api-gcp.binance.com",
                "api1.binance.com",
                "api2.binance.com",
                "api3.binance.com",
                "api4.binance.com",
                "data-api.binance.vision",
            ),
            ("stream.binance.com", "data-stream.binance.vision"),
        ),
        VenueSpec(
            "binance_us",
            BinanceProtocol(Family.SPOT),
            ("api.binance.us",),
            ("stream.binance.us",),
        ),
        VenueSpec(
            "binance_usdm",
            BinanceProtocol(Family.USDM),
            ("fapi.binance.com",),
            ("fstream.binance.com",),
        ),
        VenueSpec(
            "binance_coinm",
            BinanceProtocol(Family.COINM),
            ("dapi.binance.com",),
            ("dstream.binance.com",),
        ),
        VenueSpec("gateio", GateProtocol(futures=False), (GATE_HOST,), (GATE_HOST,)),
        VenueSpec("gateio_futures", GateProtocol(futures=True), (GATE_HOST,), ("fx-ws.gateio.ws",)),
        VenueSpec("mexc", MexcProtocol(), ("api.mexc.com",), ("wbs-api.mexc.com",)),
    )
}
DEFAULT_VENUES = (
    "binance",
    "binance_usdm",
    "binance_coinm",
    "gateio",
    "gateio_futures",
    "mexc",
)
