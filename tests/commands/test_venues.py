"""`arbtree venues`: every registered dialect with what it offers, allows and costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.assets import asset_registry
from arbtree.commands.venues import facts, market_kinds, symbol_facts, table
from config.defaults import DEFAULT_ASSETS
from config.reader import load
from exchanges.registry import dialect, venues
from messages.identifiers import ContractKind

ROOT = Path(__file__).resolve().parents[2]


def arbtree_venues(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `arbtree venues` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "arbtree", "venues", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_registered_venue_is_listed_once() -> None:
    """Text and JSON name the same venues, those of the registry."""
    text, as_json = arbtree_venues(), arbtree_venues("--json")
    assert (text.returncode, text.stderr) == (0, "")
    assert (as_json.returncode, as_json.stderr) == (0, "")
    listed: list[dict[str, Any]] = json.loads(as_json.stdout)["venues"]
    assert [entry["venue"] for entry in listed] == list(venues())
    rows, _, engine = text.stdout.partition("\n\n")
    heads = [line.split()[0] for line in rows.splitlines()]
    assert engine.startswith("no engine is running: nothing answers at ")
    assert json.loads(as_json.stdout)["engine"] is None
    assert heads == list(venues())


@pytest.mark.parametrize(
    ("venue", "kind"),
    [
        ("binance", ContractKind.SPOT),
        ("binance_us", ContractKind.SPOT),
        ("binance_usdm", ContractKind.LINEAR),
        ("binance_coinm", ContractKind.INVERSE),
    ],
)
def test_markets_are_those_of_the_venue(venue: str, kind: ContractKind) -> None:
    """Each Binance family lists one kind of symbol."""
    assert market_kinds(dialect(venue)) == {kind}


def test_facts_of_binance_are_those_of_its_documents() -> None:
    """Streams per connection, fees, life time: the numbers the venue publishes."""
    binance = facts(dialect("binance"))
    assert binance.rest_url == "https://api.binance.com"
    assert (binance.maker_fee_bps, binance.taker_fee_bps) == (10, 10)
    assert binance.streams_per_connection == 1024
    assert binance.connection_max_age_s == 86_400
    assert {"depth", "partial_depth", "best_quote", "trade", "kline"} <= set(binance.streams)
    assert binance.rest_limits


def test_one_venue_can_be_asked_for() -> None:
    """Names on the command line narrow the list, in their order."""
    done = arbtree_venues("binance_usdm", "binance")
    heads = [line for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert heads[:-1] == ["binance_usdm", "binance"]
    assert heads[-1].startswith("no engine is running")
    assert "  markets    linear\n" in done.stdout
    assert "maker 2 bps, taker 5 bps" in done.stdout


def test_an_unknown_venue_is_named() -> None:
    """One sentence with the venue, code 2."""
    done = arbtree_venues("binanse")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("arbtree: ")
    assert "binanse" in done.stderr
    assert done.stderr.count("\n") == 1


def test_symbols_of_a_configuration_show_their_assets(tmp_path: Path) -> None:
    """Each with what proves it, or why it is quarantined."""
    path = tmp_path / "f.toml"
    path.write_text('[[venues]]\nname = "binance"\nsymbols = ["BTC/USDT", "WIF/USDT"]\n')
    text = arbtree_venues("binance", "--config", str(path))
    assert (text.returncode, text.stderr) == (0, "")
    assert "    BTC/USDT           BTC: the coin of Bitcoin\n" in text.stdout
    assert "    WIF/USDT           quarantined (asset_unproven): nothing says" in text.stdout
    found = json.loads(arbtree_venues("--json", "--config", str(path)).stdout)["symbols"]
    assert [each["quarantined"] for each in found] == [None, "asset_unproven"]


def test_symbols_of_an_embedded_venue() -> None:
    """What it lists, with the filters that orders must keep, as columns and as JSON."""
    done = arbtree_venues("binance_usdm", "--symbols", "--embedded")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("    ")]
    assert rows[0][:3] == ["symbol", "native", "kind"]
    assert ["BTC/USDT:USDT", "BTCUSDT", "linear", "TRADING", "0.1"] in [row[:5] for row in rows]
    as_json = arbtree_venues("binance_usdm", "--symbols", "--embedded", "--json")
    (entry,) = json.loads(as_json.stdout)["venues"]
    symbols = {each["symbol"]: each for each in entry["symbols"]}
    assert len(symbols) == len(rows) - 1
    assert set(symbols) == {f"{asset}/USDT:USDT" for asset in DEFAULT_ASSETS}
    assert symbols["BTC/USDT:USDT"]["kept_out"] == ""
    assert symbols["BTC/USDT:USDT"]["tick"] == "0.1"
    assert symbols["BTC/USDT:USDT"]["asset"] == "simulated BTC"
    assert (symbols["BTC/USDT:USDT"]["maker_fee"], symbols["BTC/USDT:USDT"]["taker_fee"]) == (
        "0.0002",
        "0.0005",
    )


def test_permissions_of_symbols_are_shown() -> None:
    """As the venue names them."""
    done = arbtree_venues("mexc", "--symbols", "--embedded", "--json")
    (entry,) = json.loads(done.stdout)["venues"]
    assert {tuple(each["permissions"]) for each in entry["symbols"]} == {("SPOT",)}


def test_what_a_venue_lists_shows_its_assets(tmp_path: Path) -> None:
    """Proven by nature or by the user's word; else quarantined, with the reason."""
    path = tmp_path / "f.toml"
    path.write_text(
        '[[venues]]\nname = "mexc"\nsymbols = ["BTC/USDT"]\n'
        '[[assets]]\nname = "ETH"\ndifferent = ["mexc"]\nreason = "a fork"\n'
    )
    words = load(str(path))
    infos = [dialect("mexc").symbol_from_native(f"{base}USDT") for base in ("BTC", "ETH", "WIF")]
    btc, eth, wif = (symbol_facts(info, asset_registry(words)) for info in infos)
    assert (btc.asset, btc.quarantined) == ("BTC", "")
    assert (eth.asset, eth.quarantined) == ("", "your word: another asset than ETH: a fork")
    assert wif.quarantined == "nothing says which asset WIF at mexc is"
    text = table([btc, eth, wif])
    assert (
        "  symbols    3, of which 0 cannot be traded, 2 are quarantined (asset_unproven)\n" in text
    )
    assert text.endswith("quarantined: nothing says which asset WIF at mexc is")


def test_limits_of_each_endpoint_are_told_from_those_of_all() -> None:
    """MEXC counts weight for each endpoint, bare requests for all of them together."""
    (line,) = [each for each in arbtree_venues("mexc").stdout.splitlines() if "limits" in each]
    assert line.endswith("request weight 500 in 10 s for each endpoint, raw requests 300 in 10 s")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--symbols",), "name at least one"),
        (("binance", "--embedded"), "give both"),
    ],
)
def test_symbols_are_asked_for_properly(words: tuple[str, ...], named: str) -> None:
    """One sentence that says what is missing, code 2, nothing dialled."""
    done = arbtree_venues(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
