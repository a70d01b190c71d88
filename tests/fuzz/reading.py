"""What a frame says of a book, read without `exchanges`.

JSON is read by `json` with every number a Decimal; protobuf by the reader beside this file.  The
reader is generous where the codec may be strict: it only ever has to answer for frames that the
codec accepted, and what it then reads has to be the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

from tests.fuzz import protobuf

Levels = list[tuple[Decimal, Decimal]]


def _number(text: str) -> Decimal:
    """Read a number; one beyond all Decimals is infinite, as in a float."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("Infinity")


_loads: Final = partial(json.loads, strict=False, parse_float=_number, parse_int=_number)


class Reading(NamedTuple):
    """One event of a book.

    `kind` is `delta`, `snapshot`, `partial` or `quote`; ids that the frame does not name are -1;
    of a quote each side is one level, its numbers 0 where it is empty.
    """

    kind: str
    native: str
    first_id: int
    last_id: int
    previous_id: int
    bids: Levels
    asks: Levels


def read_frame(venue: str, payload: bytes, natives: Collection[str]) -> list[Reading]:
    """Read the events of a websocket frame that are about books, in order.

    Args:
        venue: whose frame.
        payload: the frame.
        natives: symbols that a topic may name where nothing else does.

    Raises:
        ValueError, ArithmeticError, LookupError, TypeError: it says nothing readable.
    """
    if venue == "mexc":
        return [] if payload[:1] == b"{" else list(_mexc(payload, natives))
    read = _gate if venue.startswith("gateio") else _binance
    return [event for value in _values(payload) for event in read(value)]


def read_answer(venue: str, native: str, body: bytes) -> Reading:
    """Read a REST snapshot; raises as `read_frame`."""
    answer = _loads(_text(body))
    last_id = answer["id"] if venue.startswith("gateio") else answer["lastUpdateId"]
    return Reading("snapshot", native, -1, _id(last_id), -1, *_sides(answer, "bids", "asks"))


def _text(payload: bytes) -> str:
    # Bytes that are no UTF-8 may stand in members nobody reads.
    return payload.decode("utf-8", "surrogateescape")


def _values(payload: bytes) -> Iterator[Any]:
    """The JSON of a frame: one value, or one a line."""
    try:
        yield _loads(_text(payload))
        return
    except ValueError:
        lines = [line for line in payload.splitlines() if line.strip()]
    if len(lines) < 2:
        raise ValueError("no JSON")
    for line in lines:
        yield _loads(_text(line))


def _id(value: Any) -> int:
    number = Decimal(value)
    if number == number.to_integral_value():
        return int(number)
    # With an exponent or a fraction it is a float to every reader: 1E-400 is 0.
    if not float(number).is_integer():
        raise ValueError(f"{value!r} is no id")
    return int(float(number))


def _sides(data: Any, bids: str, asks: str) -> tuple[Levels, Levels]:
    return _levels(data.get(bids)), _levels(data.get(asks))


def _levels(levels: Any) -> Levels:
    if levels == "null":  # a lax reader takes the text for what it says
        return []
    pairs = ((e["p"], e["s"]) if isinstance(e, dict) else e for e in levels or ())
    return [(Decimal(price), Decimal(amount)) for price, amount in pairs]


def _best(*numbers: Any) -> tuple[Levels, Levels]:
    bid, bid_amount, ask, ask_amount = (Decimal(each or 0) for each in numbers)
    return [(bid, bid_amount)], [(ask, ask_amount)]


# -- Binance --------------------------------------------------------------------------------------


def _binance(value: Any) -> Iterator[Reading]:
    stream = value.get("stream", "") if isinstance(value, dict) else ""
    data = value["data"] if stream else value
    if isinstance(data, list):
        for each in data:
            yield from _binance_event("", each)
    elif stream.startswith("!"):
        yield from _binance_event("", data)
    else:
        yield from _binance_event(stream, data)


def _binance_event(stream: str, data: Any) -> Iterator[Reading]:
    name, _, channel = stream.partition("@")
    kind = (
        channel.partition("@")[0] if stream else data.get("e", "bookTicker" if "s" in data else "")
    )
    if kind == "bookTicker":
        best = _best(*(data[each] for each in "bBaA"))
        yield Reading("quote", data["s"], -1, _id(data["u"]), -1, *best)
    elif kind in ("depth", "depthUpdate"):
        ids = _id(data["U"]), _id(data["u"]), _id(data.get("pu", -1))
        yield Reading("delta", data["s"], *ids, *_sides(data, "b", "a"))
    elif kind.startswith("depth") and "lastUpdateId" in data:
        last_id = _id(data["lastUpdateId"])
        yield Reading("partial", name.upper(), -1, last_id, -1, *_sides(data, "bids", "asks"))
    elif kind.startswith("depth"):
        yield Reading("partial", data["s"], -1, _id(data["u"]), -1, *_sides(data, "b", "a"))


# -- Gate.io --------------------------------------------------------------------------------------


def _gate(value: Any) -> Iterator[Reading]:
    channel = value["channel"].partition(".")[2]
    data = value.get("result")
    if value.get("event") in ("subscribe", "unsubscribe") or value.get("error"):
        return
    if channel == "book_ticker":
        best = _best(*(data[each] for each in "bBaA"))
        yield Reading("quote", data["s"], -1, _id(data["u"]), -1, *best)
    elif channel in ("order_book_update", "obu"):
        native = data["s"]
        if channel == "obu":
            native = native.removeprefix("ob.").rpartition(".")[0]
        # A lax reader takes the texts for what they say.
        kind = "snapshot" if data.get("full") in (True, 1, "1", "true", "True") else "delta"
        ids = _id(data.get("U", -1)), _id(data["u"])
        yield Reading(kind, native, *ids, -1, *_sides(data, "b", "a"))
    elif channel == "order_book" and isinstance(data, dict):
        native = data.get("contract") or data["s"]
        last_id = _id(data["id"] if "contract" in data else data["lastUpdateId"])
        yield Reading("partial", native, -1, last_id, -1, *_sides(data, "bids", "asks"))


# -- MEXC -----------------------------------------------------------------------------------------

_CHANNEL, _SYMBOL = 1, 3
_BODIES: Final = range(301, 316)
_LIMIT_DEPTH, _QUOTES, _DEPTH, _QUOTE = 303, 311, 313, 315


def _mexc(payload: bytes, natives: Collection[str]) -> Iterator[Reading]:
    texts: dict[int, str] = {}
    body, content = 0, b""
    for number, wire, value in protobuf.fields(payload):
        if wire != protobuf.BYTES or not isinstance(value, bytes):
            continue
        if number in _BODIES:
            # The last body counts; one told twice is both parts of one.
            content = content + value if number == body else value
            body = number
        elif number in (_CHANNEL, _SYMBOL):
            texts[number] = value.decode()
    last_parts = texts[_CHANNEL].split("@")[:-3:-1]
    named = next((part for part in last_parts if part in natives), "")
    native = texts.get(_SYMBOL) or named
    if body == _QUOTES:
        quotes, version = _all(content, 1), _one(content, 2)
        for place, each in enumerate(quotes):
            last = place == len(quotes) - 1
            yield _mexc_quote(native, each, version if last else "")
    elif body == _QUOTE:
        yield _mexc_quote(native, content, _one(content, 5))
    elif body == _DEPTH:
        ids = _id(_one(content, 4)), _id(_one(content, 5))
        yield Reading("delta", native, *ids, -1, _pairs(content, 2), _pairs(content, 1))
    elif body == _LIMIT_DEPTH:
        last_id = _id(_one(content, 4) or 0)
        yield Reading("partial", native, -1, last_id, -1, _pairs(content, 2), _pairs(content, 1))


def _mexc_quote(native: str, content: bytes, version: str) -> Reading:
    best = _best(*(_one(content, number) for number in (1, 2, 3, 4)))
    return Reading("quote", native, -1, _id(version or 0), -1, *best)


def _all(content: bytes, number: int) -> list[bytes]:
    return [
        value
        for each, wire, value in protobuf.fields(content)
        if each == number and wire == protobuf.BYTES and isinstance(value, bytes)
    ]


def _one(content: bytes, number: int) -> str:
    found = _all(content, number)
    return found[-1].decode() if found else ""


def _pairs(content: bytes, number: int) -> Levels:
    return [(Decimal(_one(e, 1)), Decimal(_one(e, 2))) for e in _all(content, number)]
