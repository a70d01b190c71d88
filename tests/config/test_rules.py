"""Rules between keys: each broken one is named with the place to mend."""

from __future__ import annotations

import pytest

from config.reader import parse
from messages.errors import ConfigError


def venue(name: str = "binance", symbols: str = '["BTC/USDT"]', more: str = "") -> str:
    """One [[venues]] entry."""
    return f'[[venues]]\nname = "{name}"\nsymbols = {symbols}\n{more}\n'


def refused(text: str) -> ConfigError:
    """Parse what must be refused."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    return caught.value


ADDRESSES = 'rest_url = "{}"\nwebsocket_url = "{}"'


BROKEN = [
    (
        '[[assets]]\nname = "A"\n' + venue(),
        "[[assets]] #1", "same", "same, different or both", "neither",
    ),
    (
        '[[assets]]\nname = "A"\nsame = ["x"]\n[[assets]]\nname = "A"\nsame = ["y"]\n' + venue(),
        "[[assets]] #2", "name", "each asset once", '"A" again, first in [[assets]] #1',
    ),
    (
        '[[assets]]\nname = "A"\nsame = ["x"]\n[[assets]]\nname = "B"\nsame = ["y", "x:A"]\n'
        + venue(),
        "[[assets]] #2", "same", "each ticker of a venue once",
        '"x:A" as entry 2, first in [[assets]] #1 same',
    ),
    (
        '[[assets]]\nname = "A"\nsame = ["x"]\ndifferent = ["x"]\n' + venue(),
        "[[assets]] #1", "different", "each ticker of a venue once", '"x" as entry 1',
    ),
    (
        '[[assets]]\nname = "A"\ndifferent = ["*"]\n' + venue(),
        "[[assets]] #1", "different", "different everywhere as it is", '"*" as entry 1',
    ),
    (
        '[[assets]]\nname = "A"\nsame = ["X:Y"]\n' + venue(),
        "[[assets]] #1", "same", 'a venue such as "mexc"', '"X:Y" as entry 1',
    ),
    (
        '[[assets]]\nname = "A"\nsame = "x"\n' + venue(),
        "[[assets]] #1", "same", "a list of 1 to 128 entries", '"x"',
    ),
    (
        '[[assets]]\nname = "A/B"\nsame = ["x"]\n' + venue(),
        "[[assets]] #1", "name", 'a ticker such as "PEPE"', '"A/B"',
    ),
    (
        '[[assets]]\nname = "A"\nsames = ["x"]\n' + venue(),
        "[[assets]] #1", "sames", "one of the keys name, same", 'did you mean "same"?',
    ),
    (
        '[assets]\nname = "A"\n' + venue(),
        "assets", "", "tables [[assets]]", "a table",
    ),
    (
        "[detector]\nproof_age_ms = 2000\nproof_age_hard_ms = 1000\n" + venue(),
        "detector", "proof_age_hard_ms", "at least proof_age_ms (2000)", "1000",
    ),
    (
        "[detector]\nalive_after_ms = [100, 100]\n" + venue(),
        "detector", "alive_after_ms", "ascending", "[100.0, 100.0]",
    ),
    (
        "[supervision]\nbackoff_min_s = 5\nbackoff_max_s = 1\n" + venue(),
        "supervision", "backoff_max_s", "at least backoff_min_s (5)", "1",
    ),
    (
        "[engine]\nstop_deadline_s = 2\n" + venue(),
        "engine", "stop_deadline_s", "stop_grace_s of [supervision] (5)", "2",
    ),
    (
        venue() + venue("mexc") + venue(),
        "[[venues]] #3", "name", "each venue once", '"binance" again, first in [[venues]] #1',
    ),
    (
        venue(symbols='["BTC/USDT", "BTCUSDT"]'),
        "[[venues]] #1", "symbols", "a symbol such as BTC/USDT", '"BTCUSDT" as entry 2',
    ),
    (
        venue(symbols='["btc/usdt"]'),
        "[[venues]] #1", "symbols", 'did you mean "BTC/USDT"?', '"btc/usdt"',
    ),
    (
        venue(symbols='["A/B", "A/B"]'),
        "[[venues]] #1", "symbols", "each symbol once", '"A/B" as entry 2 again',
    ),
    (
        venue(more='embedded = true\nrest_url = "https://x.example"'),
        "[[venues]] #1", "rest_url", "no address for an embedded venue", "embedded = false",
    ),
    (
        venue(more='rest_url = "https://x.example"'),
        "[[venues]] #1", "websocket_url", "rest_url is given", "nothing",
    ),
    (
        venue(more=ADDRESSES.format("wss://x.example", "wss://x.example")),
        "[[venues]] #1", "rest_url", "https://HOST", "wss://x.example",
    ),
    (
        venue(more=ADDRESSES.format("https://x.example", "ws://x.example")),
        "[[venues]] #1", "websocket_url", "wss:// for a host that is not", "ws://x.example",
    ),
    (
        venue(more=ADDRESSES.format("https://x.example:99999", "wss://x.example")),
        "[[venues]] #1", "rest_url", "https://HOST", "malformed",
    ),
    (
        venue(more=ADDRESSES.format("https://", "wss://x.example")),
        "[[venues]] #1", "rest_url", "https://HOST", '"https://"',
    ),
    (
        venue(more=ADDRESSES.format("https://x.example", "wss://x.example/ws?listenKey=1")),
        "[[venues]] #1", "websocket_url", "wss://HOST", "query",
    ),
    (
        venue(more="max_levels = 10"),
        "[[venues]] #1", "max_levels", "depth_levels of [detector] (20)", "10",
    ),
    (
        venue(more="snapshot_levels = 5"),
        "[[venues]] #1", "snapshot_levels", "depth_levels of [detector] (20)", "5",
    ),
    (
        venue(more="ping_every_s = 30\nsilent_after_s = 30"),
        "[[venues]] #1", "silent_after_s", "more than ping_every_s (30)", "30",
    ),
    (
        '[simulator]\nassets = ["ETH"]\n' + venue(more="embedded = true"),
        "[[venues]] #1", "symbols", "base assets of [simulator] (ETH)", '"BTC/USDT"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "key", "expected", "found"), BROKEN)
def test_each_broken_rule_is_named(
    text: str, place: str, key: str, expected: str, found: str
) -> None:
    """Place and key say where to mend, expected and found say what."""
    error = refused(text)
    assert (error.table, error.key) == (place, key)
    assert expected in error.expected
    assert found in error.found


@pytest.mark.parametrize(
    ("rest", "websocket"),
    [
        ("https://testnet.binance.vision", "wss://stream.testnet.binance.vision:9443/base"),
        ("http://127.0.0.1:8080", "ws://localhost:8080"),
        ("http://[::1]:8080", "ws://127.8.9.1:1"),
    ],
)
def test_secure_and_local_addresses_are_taken(rest: str, websocket: str) -> None:
    """TLS anywhere, plain text on this machine."""
    settings = parse(venue(more=ADDRESSES.format(rest, websocket)), "f.toml")
    assert settings.venues[0].rest_url == rest
    assert settings.venues[0].websocket_url == websocket


def test_a_password_in_an_address_is_not_shown() -> None:
    """An address with a user name is refused without being repeated."""
    address = "https://user:CANARY-7f3a@x.example"
    error = refused(venue(more=ADDRESSES.format(address, "wss://x.example")))
    assert error.key == "rest_url"
    assert "CANARY" not in str(error)


def test_rules_hold_for_venues_that_are_off_too() -> None:
    """An entry that is switched on later must not fail then."""
    error = refused(venue() + venue("mexc", '["nonsense"]', "enabled = false"))
    assert error.table == "[[venues]] #2"


@pytest.mark.parametrize("ticker", ["1000SHIB", "SHIB1000", "kSHIB", "1MSHIB", "10000SHIB"])
def test_a_ticker_of_another_size_is_refused(ticker: str) -> None:
    """A price per thousand is not a price per one, and nothing converts it."""
    error = refused(f'[[assets]]\nname = "SHIB"\nsame = ["x:{ticker}"]\n' + venue())
    assert "tickers that count one SHIB a unit" in str(error)
    # As an asset of its own it compares with itself.
    word = f'[[assets]]\nname = "{ticker}"\nsame = ["x", "y"]\n'
    assert parse(word + venue(), "f.toml").assets[0].name == ticker


def test_at_most_so_many_assets() -> None:
    """A file of a million words is no configuration."""
    words = "".join(f'[[assets]]\nname = "A{n}"\nsame = ["x"]\n' for n in range(2001))
    assert "at most 2000 entries" in str(refused(words + venue()))
