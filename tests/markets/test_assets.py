"""Which tickers are one asset: what is well known, what embedded venues share, the user's word."""

from __future__ import annotations

import re

import pytest

from markets.assets import RENAMED, WELL_KNOWN, AssetRegistry, AssetWord, Proof
from messages.identifiers import parse_symbol
from messages.instruments import SymbolInfo


def info(venue: str, symbol: str) -> SymbolInfo:
    """A symbol by its name alone."""
    parts = parse_symbol(symbol)
    return SymbolInfo(
        venue=venue, symbol=symbol, native=symbol, base=parts.base, quote=parts.quote,
        kind=parts.kind, settle=parts.settle,
    )  # fmt: skip


@pytest.mark.parametrize("ticker", sorted(WELL_KNOWN))
def test_what_is_well_known_is_one_asset_everywhere(ticker: str) -> None:
    """At venues that nobody ever heard of too; and each says why."""
    assets = AssetRegistry()
    found = assets.identify("one", ticker)
    assert (found.asset, found.proof, found.reason) == (
        ticker,
        Proof.WELL_KNOWN,
        WELL_KNOWN[ticker],
    )
    assert found.reason
    assert assets.same(("one", ticker), ("other", ticker))


def test_contracts_are_written_whole() -> None:
    """A token is known by its contract: 20 bytes of it, each contract once."""
    contracts = [found for why in WELL_KNOWN.values() for found in re.findall(r"0x\w+", why)]
    assert len(contracts) == len(set(contracts)) == 6
    assert all(re.fullmatch(r"0x[0-9a-f]{40}", contract) for contract in contracts)


def test_dollars_are_not_each_other() -> None:
    """USD, USDT and USDC are three assets."""
    assets = AssetRegistry()
    for one, other in (("USD", "USDT"), ("USD", "USDC"), ("USDT", "USDC")):
        assert not assets.same(("a", one), ("b", other))


def test_bitcoin_under_its_other_ticker() -> None:
    """XBT is BTC, and meets it among the pairs."""
    assets = AssetRegistry()
    assert all(asset in WELL_KNOWN for asset in RENAMED.values())
    assert assets.same(("kraken", "XBT"), ("okx", "BTC"))
    assert assets.base_key(info("kraken", "XBT/USD")) == assets.base_key(info("okx", "BTC/USD"))


def test_what_nothing_proves_is_quarantined_with_a_reason() -> None:
    """One unproven side of a symbol is enough; equal tickers prove nothing."""
    assets = AssetRegistry()
    assert not assets.same(("a", "PEPE"), ("b", "PEPE"))
    assert assets.unproven(info("a", "BTC/USDT")) is None
    assert assets.unproven(info("a", "PEPE/USDT")) == "nothing says which asset PEPE at a is"
    assert assets.unproven(info("a", "BTC/FDUSD")) == "nothing says which asset FDUSD at a is"
    # Yet they are put beside each other, so that it shows what was not compared.
    keys = {assets.base_key(info(venue, "PEPE/USDT")) for venue in "ab"}
    assert keys == {"PEPE"}


def test_the_users_word_proves_and_renames() -> None:
    """Same where it is said and nowhere else, with the ticker that is said."""
    assets = AssetRegistry([AssetWord("PEPE", ("a", "b:PEPE2"), (), "ethereum 0x69")])
    assert assets.same(("a", "PEPE"), ("b", "PEPE2"))
    assert not assets.same(("a", "PEPE"), ("b", "PEPE"))
    assert not assets.same(("a", "PEPE"), ("c", "PEPE"))
    found = assets.identify("b", "PEPE2")
    assert (found.asset, found.proof) == ("PEPE", Proof.USER)
    assert found.reason == "your word: ethereum 0x69"
    assert assets.base_key(info("b", "PEPE2/USDT")) == "PEPE"


def test_the_users_word_takes_away() -> None:
    """A venue whose BTC is another asset is quarantined, all others stay."""
    assets = AssetRegistry([AssetWord("BTC", (), ("fake",))])
    assert not assets.same(("fake", "BTC"), ("a", "BTC"))
    assert assets.same(("a", "BTC"), ("b", "BTC"))
    assert assets.unproven(info("fake", "BTC/USDT")) == "your word: another asset than BTC"


def test_a_word_for_every_venue_gives_way_to_one_for_a_venue() -> None:
    """`*` speaks for all but those named."""
    assets = AssetRegistry([AssetWord("PEPE", ("*",), ("c",))])
    assert assets.same(("a", "PEPE"), ("b", "PEPE"))
    assert not assets.same(("a", "PEPE"), ("c", "PEPE"))


def test_embedded_venues_share_one_market_that_is_not_the_real_one() -> None:
    """Made-up tickers too are one asset there; simulated bitcoin is no bitcoin."""
    assets = AssetRegistry(simulated=["a", "b"])
    for ticker in ("BTC", "X001"):
        assert assets.same(("a", ticker), ("b", ticker))
        assert not assets.same(("a", ticker), ("real", ticker))
    assert not assets.same(("a", "BTC"), ("b", "X001"))
    assert assets.base_key(info("a", "BTC/USDT")) == assets.base_key(info("real", "BTC/USDT"))


def test_the_users_word_beats_everything_about_one_venue() -> None:
    """A simulator behind an address is compared with an embedded one where the user says so."""
    words = [AssetWord("BTC", ("a", "real")), AssetWord("PEPE", ("*",))]
    assets = AssetRegistry(words, simulated=["a", "b"])
    assert assets.same(("a", "BTC"), ("real", "BTC"))
    assert not assets.same(("a", "BTC"), ("b", "BTC"))
    assert not assets.same(("b", "PEPE"), ("real", "PEPE"))
