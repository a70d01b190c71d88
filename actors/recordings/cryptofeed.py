"""Recordings of cryptofeed: text lines (`.txt`) and JSON lines (`.jsonl`), usually gzip.

Text lines, times in unix seconds of the recorder:

    configuration: {...}            what was subscribed, in cryptofeed's own symbol spelling
    URL <-> ts                      a connection opened
    URL <- ts: JSON                 sent by the client
    URL -> ts: BODY[ header: JSON]  a REST answer
    ts: JSON                        received on the connection that opened last

JSON lines hold `t` (header, connect, send, recv, http), `conn`, `ts`, `addr` or `url`, `data`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from actors.recordings.files import LineFile
from actors.recordings.records import NS_DIGITS, Feed, Kind, Record, seconds_to_ns

_FRAME: Final = re.compile(rb"\d{9,11}(\.\d+)?: ")
_URL_LINE: Final = re.compile(rb"((?:wss?|https?)://\S+) (<->|<-|->) (\d+(?:\.\d+)?)(?:: |$)")
_CONFIGURATION: Final = b"configuration: "
_HEADER: Final = b" header: {"

HOSTS: Final = {
    "stream.binance.com": "binance",
    "data-stream.binance.vision": "binance",
    "www.binance.com": "binance",
    "api.binance.com": "binance",
    "data-api.binance.vision": "binance",
    "stream.binance.us": "binance_us",
    "api.binance.us": "binance_us",
    "fstream.binance.com": "binance_usdm",
    "fapi.binance.com": "binance_usdm",
    "dstream.binance.com": "binance_coinm",
    "dapi.binance.com": "binance_coinm",
    "stream.bybit.com": "bybit",
    "api.bybit.com": "bybit",
    "ws.okex.com": "okx",
    "www.okex.com": "okx",
    "ws.okx.com": "okx",
    "www.okx.com": "okx",
    "ws.kraken.com": "kraken",
    "api.kraken.com": "kraken",
    "futures.kraken.com": "kraken_futures",
    "api.kucoin.com": "kucoin",
    "api.gateio.ws": "gateio",
    "ws.gateio.ws": "gateio",
    "fx-ws.gateio.ws": "gateio_futures",
    "ws-feed.exchange.coinbase.com": "coinbase",
    "api.exchange.coinbase.com": "coinbase",
    "advanced-trade-ws.coinbase.com": "coinbase",
    "api.coinbase.com": "coinbase",
    "api.mexc.com": "mexc",
    "wbs.mexc.com": "mexc",
    "wbs-api.mexc.com": "mexc",
    "contract.mexc.com": "mexc_futures",
}
"""Whose host this is, also for venues without a dialect, so that a refusal can name the venue."""


class _JsonLine(Struct, gc=False):
    """One line of the JSON form: `{"t":"recv","conn":"X.ws.2","ts":1.5,"data":"{...}"}`."""

    t: str
    conn: str = ""
    ts: Decimal = Decimal(0)
    addr: str = ""
    url: str = ""
    data: str = ""
    config: msgspec.Raw = msgspec.Raw(b"{}")


_JSON_LINE: Final = msgspec.json.Decoder(_JsonLine)


def looks_like_text(line: bytes) -> bool:
    """Tell whether this may be a line of the text form."""
    return (
        line.startswith(_CONFIGURATION)
        or _FRAME.match(line) is not None
        or _URL_LINE.match(line) is not None
    )


def looks_like_json(line: bytes) -> bool:
    """Tell whether this may be a line of the JSON form."""
    return _json_line(line) is not None


def guess_venue(lines: list[bytes]) -> str:
    """Name the venue of the first known host in these lines; empty when there is none."""
    for line in lines:
        match = _URL_LINE.match(line)
        if match:
            return HOSTS.get(_host(match[1].decode()), "")
        if line.startswith(b"{") and (found := _json_line(line)) and (found.url or found.addr):
            return HOSTS.get(_host(found.url or found.addr), "")
    return ""


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _json_line(line: bytes) -> _JsonLine | None:
    try:
        return _JSON_LINE.decode(line)
    except msgspec.MsgspecError:
        return None


def read_text(file: LineFile, feed: Feed) -> Iterator[Record]:
    """Yield the records of a file of the text form; `feed` names the venue."""
    at_ns, current, frame = 0, feed, Kind.FRAME
    for lines in file.batches():
        for line in lines:
            stamp, colon, payload = line.partition(b": ")
            whole, _, fraction = stamp.partition(b".")
            try:
                # seconds_to_ns without its calls: this is done for every frame.  A line without a
                # colon has no time, and no digits are no time either.
                found_ns = int(whole + (fraction + b"000000000")[:NS_DIGITS]) if whole else -1
            except ValueError:
                found_ns = -1
            if colon and found_ns >= 0:
                at_ns = found_ns
                yield at_ns, frame, current, payload, ""
            elif line.strip():
                record = _other_line(line, feed, current, at_ns)
                at_ns = record[0]
                if record[1] is Kind.CONNECT:
                    current = record[2]
                yield record


def _other_line(line: bytes, feed: Feed, current: Feed, at_ns: int) -> Record:
    """Read a line that is no frame; what is no line at all becomes an unreadable frame."""
    match = _URL_LINE.match(line)
    if match is None:
        if line.startswith(_CONFIGURATION):
            return at_ns, Kind.KNOWN, feed, line[len(_CONFIGURATION) :], ""
        return at_ns, Kind.FRAME, current, line, ""
    url, arrow, at_ns = match[1].decode(), match[2], seconds_to_ns(match[3])
    if arrow == b"<->":
        return at_ns, Kind.CONNECT, Feed(feed.venue, url, feed.symbol), b"", url
    body = line[match.end() :]
    if arrow == b"<-":
        return at_ns, Kind.SENT, current, body, url
    cut = body.rfind(_HEADER)
    if cut > 0 and body[cut - 1 : cut] in (b"}", b"]"):
        body = body[:cut]
    return at_ns, Kind.ANSWER, feed, body, url


def read_json(file: LineFile, feed: Feed) -> Iterator[Record]:
    """Yield the records of a file of the JSON form; `feed` names the venue."""
    feeds: dict[str, Feed] = {}
    at_ns = 0
    for lines in file.batches():
        for line in lines:
            found = _json_line(line)
            if found is None:
                if line.strip():
                    yield at_ns, Kind.FRAME, feed, line, ""
                continue
            if found.t == "header":
                yield at_ns, Kind.KNOWN, feed, bytes(found.config), ""
                continue
            at_ns = int(found.ts.scaleb(9))
            own = feeds.get(found.conn)
            if own is None:
                own = feeds[found.conn] = Feed(feed.venue, found.conn, feed.symbol)
            data = found.data.encode()
            if found.t == "recv":
                yield at_ns, Kind.FRAME, own, data, ""
            elif found.t == "http":
                yield at_ns, Kind.ANSWER, feed, data, found.url
            elif found.t == "connect":
                yield at_ns, Kind.CONNECT, own, b"", found.addr
            elif found.t == "send":
                yield at_ns, Kind.SENT, own, data, found.addr
