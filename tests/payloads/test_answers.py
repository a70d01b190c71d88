"""Every kept answer of an endpoint we ask for decodes, and means what we read in it ourselves."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from exchanges.contract import PublicDialect
from exchanges.registry import dialect
from messages.errors import DecodeError
from messages.instruments import VenueInfo
from tests.payloads.facts import ANSWERS, check
from tests.payloads.records import Part
from tests.payloads.sorting import NATIVES, Fate, Sorted, sorted_parts

COMPARED: Final[dict[tuple[str, str], int]] = {
    ("binance", "klines"): 10,
    ("binance", "server_time"): 2,
    ("binance", "tickers"): 1,
    ("binance", "trades"): 11,
    ("binance", "venue_info"): 4,
    ("binance_coinm", "klines"): 1,
    ("binance_coinm", "trades"): 1,
    ("binance_coinm", "venue_info"): 1,
    ("binance_usdm", "klines"): 1,
    ("binance_usdm", "server_time"): 1,
    ("binance_usdm", "snapshot"): 1,
    ("binance_usdm", "tickers"): 2,
    ("binance_usdm", "trades"): 1,
    ("binance_usdm", "venue_info"): 4,
    ("gateio", "snapshot"): 1,
    ("gateio", "trades"): 1,
    ("gateio", "venue_info"): 1,
    ("gateio_futures", "trades"): 1,
    ("gateio_futures", "venue_info"): 1,
    ("mexc", "klines"): 2,
    ("mexc", "server_time"): 1,
    ("mexc", "tickers"): 4,
}
"""Messages, or symbols, compared: by venue and kind of answer."""


def answers(shared_data: Path) -> list[tuple[Part, Sorted]]:
    """The answers of all files; tardis-node's snapshots belong to their sequences."""
    return [
        (part, sorted_)
        for part, sorted_ in sorted_parts(shared_data)
        if sorted_.fate is Fate.ANSWER and part.folder != "tardis_node"
    ]


def items_of(method: str, body: Any) -> list[Any]:
    """The items of an answer, one for each message or symbol, in the venue's order."""
    if method == "venue_info":
        return list(body["symbols"] if isinstance(body, dict) else body)
    return body if isinstance(body, list) else [body]


def native_of(venue: str, items: list[Any]) -> str:
    """The symbol an answer names, else the venue's usual one."""
    named = items[0] if isinstance(items[0], dict) else {}
    members = [each for each in ("symbol", "currency_pair", "contract") if each in named]
    return str(named[members[0]]) if members else NATIVES[venue]


def decode(public: PublicDialect, part: Part, method: str, body: bytes) -> tuple[Any, ...]:
    """Decode an answer by the method that its request belongs to."""
    items = items_of(method, part.body)
    info = public.symbol_from_native(native_of(public.venue, items))
    if method == "tickers":
        known = [public.symbol_from_native(each["symbol"]) for each in items]
        return public.decode_tickers(body, known, 7)
    if method == "trades":
        return public.decode_trades(body, info, 7)
    if method == "klines":
        return public.decode_klines(body, info, "1m", 7)
    if method == "server_time":
        return (public.decode_server_time(body, 7),)
    if method == "snapshot":
        return (public.decode_snapshot(body, info, 3, 7),)
    assert method == "venue_info"
    return public.decode_venue_info(body).symbols


def test_every_answer_means_what_it_says(shared_data: Path) -> None:
    """All members of all messages, and none of the answers is taken for a refusal."""
    compared: Counter[tuple[str, str]] = Counter()
    for part, sorted_ in answers(shared_data):
        venue, method = sorted_.venue, sorted_.method
        public = dialect(venue)
        assert public.error(200, {}, part.payload) is None
        if method == "further_info":
            continue
        messages, items = decode(public, part, method, part.payload), items_of(method, part.body)
        assert len(messages) == len(items), str(part)
        for message, item in zip(messages, items, strict=True):
            assert message.venue == venue
            check(venue, message, item, ANSWERS[venue, method])
            compared[venue, method] += 1
    assert compared == COMPARED


def test_the_symbols_mexc_trades_by_api(shared_data: Path) -> None:
    """The second answer that MEXC's symbols need: what it does not list is not tradeable."""
    ((part, _),) = [each for each in answers(shared_data) if each[1].method == "further_info"]
    public = dialect("mexc")
    natives = (*part.body["data"], "BTCUSDT")
    known = tuple(public.symbol_from_native(native) for native in natives)
    refined = public.refine_venue_info(VenueInfo("mexc", known), (part.payload,))
    assert [each.tradeable for each in refined.symbols] == [True, True, True, False]


def test_contracts_have_a_size(shared_data: Path) -> None:
    """The comparison above meets sizes that are not 1."""
    sizes = {
        each.contract_size
        for part, sorted_ in answers(shared_data)
        if sorted_.method == "venue_info"
        for each in dialect(sorted_.venue).decode_venue_info(part.payload).symbols
    }
    assert sizes == {Decimal(1), Decimal(100)}


@pytest.mark.parametrize("damage", [b"", b"<html></html>", b"[[", b"7"])
def test_what_is_no_answer_is_refused(shared_data: Path, damage: bytes) -> None:
    """Through the same methods, so that the comparison above cannot pass by reading nothing."""
    for part, sorted_ in answers(shared_data):
        if sorted_.method != "further_info":
            with pytest.raises(DecodeError):
                decode(dialect(sorted_.venue), part, sorted_.method, damage)
