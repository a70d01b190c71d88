"""Symbol information, configuration, guess: in this order."""

from __future__ import annotations

import json

import pytest

from actors.recordings.names import VenueNames
from actors.recordings.records import Feed, Kind, Record
from messages.errors import DecodeError, UnknownSymbol, UsageError


def configuration(venue: str, *symbols: str) -> Record:
    """A recorder's configuration line."""
    body = json.dumps({"l2_book": symbols, "depth": 5, "other": {"a": 1}})
    return (0, Kind.KNOWN, Feed(venue), body.encode(), "")


def test_without_any_word_the_dialect_guesses() -> None:
    """The longest known quote asset ends the name."""
    assert VenueNames("binance").info("BTCUSDT").symbol == "BTC/USDT"
    with pytest.raises(UnknownSymbol):
        VenueNames("binance").info("NONSENSE")


@pytest.mark.parametrize(
    ("venue", "spelled", "native", "symbol"),
    [
        ("binance", "BTC-USDT", "BTCUSDT", "BTC/USDT"),
        ("binance", "AB-CUSDT", "ABCUSDT", "AB/CUSDT"),
        ("binance", "FOO-BAR", "FOOBAR", "FOO/BAR"),
        ("binance_usdm", "A-BUSDT-PERP", "ABUSDT", "A/BUSDT:BUSDT"),
        ("binance_coinm", "BCH-USD-PERP", "BCHUSD_PERP", "BCH/USD:BCH"),
        ("binance_coinm", "BCH-USD-21U24", "BCHUSD_210924", "BCH/USD:BCH-210924"),
    ],
)
def test_a_configuration_wins_over_the_guess(
    venue: str, spelled: str, native: str, symbol: str
) -> None:
    """The recorder's own spelling says where a name is split."""
    names = VenueNames(venue)
    names.learn(configuration(venue, spelled))
    info = names.info(native)
    assert (info.symbol, info.native) == (symbol, native)


def test_a_configuration_cannot_invent_a_futures_symbol() -> None:
    """What a contract settles in is not in its name."""
    names = VenueNames("binance")
    names.learn(configuration("binance", "FOO-BAR-PERP"))
    with pytest.raises(UnknownSymbol):
        names.info("FOOBAR")


def test_a_configuration_that_is_no_json_is_refused() -> None:
    """The sentence names the venue."""
    with pytest.raises(DecodeError, match="binance: the configuration line"):
        VenueNames("binance").learn((0, Kind.KNOWN, Feed("binance"), b"{", ""))


@pytest.mark.parametrize(
    ("venue", "text", "native"),
    [
        ("binance", "BTC/USDT", "BTCUSDT"),
        ("binance", "btcusdt", "BTCUSDT"),
        ("binance_usdm", "BTC/USDT:USDT", "BTCUSDT"),
        ("binance_coinm", "BTC/USD:BTC", "BTCUSD_PERP"),
        ("binance_coinm", "BTC/USD:BTC-210924", "BTCUSD_210924"),
    ],
)
def test_what_a_user_may_call_a_symbol(venue: str, text: str, native: str) -> None:
    """Native or unified, in any case."""
    assert VenueNames(venue).named(text).native == native


def test_a_symbol_of_another_kind_is_no_symbol_of_this_venue() -> None:
    """A perpetual is not listed at a spot venue."""
    with pytest.raises(UnknownSymbol, match="is not a symbol of binance"):
        VenueNames("binance").named("BTC/USDT:USDT")


def test_a_venue_without_a_dialect_is_refused() -> None:
    """The sentence names it."""
    with pytest.raises(UsageError, match="nowhere"):
        VenueNames("nowhere")
