"""Every recorded Gate line decodes, and whole replays rebuild the golden books."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from actors.recordings.names import VenueNames
from actors.recordings.pairs import PairSettings
from actors.recordings.replay import Replay
from actors.recordings.report import report
from actors.recordings.sources import open_recordings
from messages.errors import UnknownSymbol
from messages.market import Ack, BestQuote, BookDelta, Kline, PublicMessage, Ticker24h, Trade
from tests.exchanges.gateio.samples import (
    CANDLE,
    CONTRACT_DEPTH,
    CONTRACT_TRADE,
    frame,
    make,
    public,
)

_FRAME = re.compile(rb"^\d+\.\d+: (\{.*)$")
_REST = re.compile(rb"^(https://\S+) -> \d+\.\d+: (.*?)(?: header: .*)?$")

STREAMS = {
    False: ("gate/spot_20210422", "currency_pairs"),
    True: ("gate_futures/usdt_20230524", "contracts"),
}


def lines(path: Path) -> list[bytes]:
    """The lines of a recorded file."""
    with gzip.open(path) as file:
        return [line.rstrip() for line in file]


@pytest.mark.parametrize("futures", [False, True])
def test_golden_books(shared_data: Path, futures: bool) -> None:
    """Replaying websocket and REST files gives each whole book, without a gap."""
    name, _ = STREAMS[futures]
    files = [f"{name}.{kind}.txt.gz" for kind in ("ws", "http")]
    venue = public(futures).venue
    replay = Replay(
        open_recordings([f"{venue}={shared_data / 'cryptofeed' / file}" for file in files]),
        PairSettings(),
    )
    replay.run()
    found = report(replay)
    golden = json.loads((shared_data / "golden" / "books.json").read_text())[" + ".join(files)]
    assert found["errors"] == []
    assert {book["native"] for book in found["books"]} == set(golden) and len(golden) == 5
    for book in found["books"]:
        wanted = golden[book["native"]]
        assert (book["state"], book["gaps"], book["resyncs"]) == ("LIVE", 0, 0)
        assert book["sequence"] == wanted["last_sequence"]
        assert book["updates"] == wanted["updates_applied"]
        assert book["levels"] == wanted["levels"]
        assert book["sha256"] == wanted["full_book_sha256"]
        for side in ("bids", "asks"):
            top = [[float(text) for text in level] for level in wanted[f"top10_{side}"]]
            assert [[float(text) for text in level] for level in book[side]] == top
        compared = wanted.get("book_ticker_equal", 0)
        assert (book["quotes_compared"], book["quotes_equal"]) == (compared, compared)


def test_a_replay_learns_symbols_from_every_kind_of_frame(tmp_path: Path) -> None:
    """A recording lists no symbols; sizes in texts look like names and are none."""
    decimal = CONTRACT_DEPTH | {"b": [{"p": "0.2943", "s": "58794.5"}]}
    frames = (
        frame("futures.order_book_update", decimal),
        frame("futures.trades", [CONTRACT_TRADE]),
        frame("futures.candlesticks", [CANDLE]),
        frame("futures.obu", {"t": 1, "s": "ob.XRP_USDT.50", "U": 3, "u": 4}),
    )
    path = tmp_path / "gate.txt"
    lines = ["wss://fx-ws.gateio.ws/v4/ws/usdt <-> 1.5"]
    lines += [f"2.5: {each.decode()}" for each in frames]
    path.write_text("\n".join(lines) + "\n")
    replay = Replay(open_recordings([str(path)]), PairSettings())
    replay.run()
    assert (replay.frames, replay.errors) == (4, [])
    assert set(replay.tracks["gateio_futures"]) == {"RDNT/USDT:USDT", "XRP/USDT:USDT"}


def test_a_replay_of_in_band_snapshots(tmp_path: Path) -> None:
    """A full book begins it, a gap darkens it, the next full book lifts it; no REST answer."""
    full = {"full": True, "b": [["9", "1"]], "a": [["11", "1"]]}
    events = (
        {"u": 10} | full,
        {"U": 11, "u": 12, "b": [["10", "2"]]},
        {"U": 14, "u": 15, "b": [["9.5", "2"]]},
        {"u": 20} | full,
        {"U": 21, "u": 21, "a": [["11", "0"], ["12", "3"]]},
    )
    lines = ["wss://api.gateio.ws/ws/v4/ <-> 1.5"]
    for event in events:
        whole = {"t": 1, "s": "ob.BTC_USDT.50"} | event
        lines.append(f"2.5: {frame('spot.obu', whole).decode()}")
    path = tmp_path / "gate.txt"
    path.write_text("\n".join(lines) + "\n")
    replay = Replay(open_recordings([str(path)]), PairSettings())
    replay.run()
    (book,) = report(replay)["books"]
    assert (book["state"], book["sequence"], book["updates"]) == ("LIVE", 21, 2)
    assert (book["gaps"], book["resyncs"]) == (1, 1)
    assert (book["bids"], book["asks"]) == ([["9", "1"]], [["12", "3"]])


def test_what_a_user_may_call_a_symbol() -> None:
    """Unified and native names both find the pair, without any list of symbols."""
    for venue, symbol in (("gateio", "BTC/USDT"), ("gateio_futures", "BTC/USDT:USDT")):
        names = VenueNames(venue)
        assert names.named(symbol).native == names.named("btc_usdt").native == "BTC_USDT"
    with pytest.raises(UnknownSymbol):
        VenueNames("gateio").named("BTC/USDT:USDT")


COUNTS: dict[bool, dict[type[PublicMessage], int]] = {
    False: {BookDelta: 84, Ticker24h: 8, Kline: 6, Trade: 2, Ack: 22},
    True: {BookDelta: 150, BestQuote: 51, Ack: 22},
}


@pytest.mark.parametrize("futures", [False, True])
def test_every_recorded_frame(shared_data: Path, futures: bool) -> None:
    """All frames decode, and depth and quotes are what json reads in them."""
    name, _ = STREAMS[futures]
    payloads = [
        match[1]
        for line in lines(shared_data / "cryptofeed" / f"{name}.ws.txt.gz")
        if (match := _FRAME.match(line))
    ]
    natives = {
        text.decode() for each in payloads for text in re.findall(rb"\w+_USDT|\w+_ETH", each)
    }
    natives = {re.sub(r"^\d+[mhd]_", "", native) for native in natives}
    codec, kinds = make(futures, tuple(natives)), Counter[type]()
    for payload in payloads:
        (message,) = codec.decode(payload, 1)
        kinds[type(message)] += 1
        data = json.loads(payload)["result"]
        if isinstance(message, BookDelta):
            assert (message.first_id, message.last_id) == (data["U"], data["u"])
            for side, found in (("b", message.bids), ("a", message.asks)):
                keys = ("p", "s") if futures else (0, 1)
                assert found == tuple(tuple(float(level[k]) for k in keys) for level in data[side])
        elif isinstance(message, BestQuote):
            quote = [message.bid, message.bid_amount, message.ask, message.ask_amount]
            assert quote == [float(data[member]) for member in "bBaA"]
    assert kinds == COUNTS[futures]


@pytest.mark.parametrize(("futures", "least"), [(False, 1_458), (True, 302)])
def test_recorded_symbol_lists(shared_data: Path, futures: bool, least: int) -> None:
    """Every real symbol has tick and lot, and its name alone says the same."""
    name, kind = STREAMS[futures]
    (match,) = [
        match
        for line in lines(shared_data / "cryptofeed" / f"{name}.{kind}.txt.gz")
        if (match := _REST.match(line))
    ]
    dialect, parts = public(futures), urlsplit(match[1].decode())
    assert dialect.classify_rest_path(parts.path, dict(parse_qsl(parts.query))) == (
        "venue_info",
        "",
    )
    found = dialect.decode_venue_info(match[2]).symbols
    assert len(found) == least
    for each in found:
        assert each.tick is not None and each.lot is not None and each.status != "UNREADABLE"
        assert dialect.symbol_from_native(each.native).symbol == each.symbol
    assert sum(each.tradeable for each in found) > 0.9 * least


# -- payloads of other projects ------------------------------------------------------------------
