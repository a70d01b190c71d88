"""Gate's recordings, served as Gate serves: its own lists of symbols, commands and answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from trio_websocket import WebSocketConnection

from exchanges.registry import dialect
from messages.instruments import SymbolInfo
from tests.live_path.outcome import book_decimals
from tests.live_path.recorded_venue import RecordedVenue
from tests.live_path.tapes import Tape, snapshot_native

NAMES: Final = {
    "gateio": ("gate/spot_20210422", "currency_pairs"),
    "gateio_futures": ("gate_futures/usdt_20230524", "contracts"),
}
"""Venue -> its recording below `cryptofeed`, and what its list of symbols is called."""


class GateTape(Tape):
    """A recording of one of Gate's markets."""

    @cached_property
    def symbols(self) -> dict[str, SymbolInfo]:
        """Every native name whose snapshot was recorded, and what it means."""
        natives = {snapshot_native(record): None for record in self.records()}
        found = dialect(self.venue)
        return {native: found.symbol_from_native(native) for native in natives if native}


def gate_tape(data: Path, venue: str) -> GateTape:
    """The tape of one market; its books want REST snapshots, as the recorder did."""
    name, _ = NAMES[venue]
    files = tuple(data / "cryptofeed" / f"{name}.{kind}.txt.gz" for kind in ("ws", "http"))
    return GateTape(venue, files, snapshots="rest")


class RecordedGate(RecordedVenue):
    """The server side of a Gate tape."""

    @staticmethod
    def venue_info(tape: Tape) -> bytes:
        """The recorded list of symbols, as it was received."""
        _, kind = NAMES[tape.venue]
        path = Path(str(tape.files[0]).replace(".ws.", f".{kind}."))
        with gzip.open(path) as file:
            line = next(each for each in file if each.startswith(b"https://"))
        body = line.rstrip().partition(b" -> ")[2].partition(b": ")[2]
        return body.partition(b" header: ")[0]

    async def _rest_answer(self, target: str) -> tuple[int, bytes]:
        url = urlsplit(target)
        name, query = url.path.rpartition("/")[2], parse_qs(url.query)
        native = (query.get("currency_pair") or query.get("contract") or [""])[0]
        if name == "order_book" and native in self._ready:
            assert query["with_id"] == ["true"], "a snapshot without an id is of no use"
            return await self._snapshot(native)
        self.requests[name] += 1
        if name in ("currency_pairs", "contracts"):
            return 200, self._info
        if name == "time":
            return 200, json.dumps({"server_time": self._now_ms()}).encode()
        return 400, b'{"label":"INVALID_CURRENCY_PAIR","message":"not recorded"}'

    async def _command(self, socket: WebSocketConnection, command: dict[str, object]) -> None:
        """Acknowledge a subscription, or answer a ping."""
        channel, payload = command["channel"], command.get("payload") or []
        assert isinstance(channel, str) and isinstance(payload, list)
        told = ("time", "id", "channel", "event")
        answer: dict[str, object] = {key: command[key] for key in told if key in command}
        if channel.endswith(".ping"):
            answer |= {"channel": channel.replace(".ping", ".pong"), "event": "", "result": None}
            await self._acknowledge(socket, [], answer)
            return
        assert command["event"] == "subscribe"
        listed = channel.endswith(".book_ticker")
        streams = payload if listed else [",".join(payload)]
        answer |= {"result": {"status": "success"}}
        await self._acknowledge(socket, [f"{channel}@{each}" for each in streams], answer)


def gate_result(info: SymbolInfo, result: Mapping[str, Any]) -> dict[str, Any]:
    """What a book must hold by the published results."""
    compared = result.get("book_ticker_equal", 0)
    return {
        "symbol": info.symbol,
        "state": "LIVE",
        "sequence": result["last_sequence"],
        "updates": result["updates_applied"],
        "resyncs": 0,
        "gaps": result["sequence_gaps"],
        "levels": result["levels"],
        "bids": [book_decimals(level) for level in result["top10_bids"]],
        "asks": [book_decimals(level) for level in result["top10_asks"]],
        "sha256": result["full_book_sha256"],
        "quotes_compared": compared,
        "quotes_equal": compared,
    }
