"""`arbtree check`: right files are summed up, wrong ones named; run as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from arbtree.commands.check import check_venues, known_markets
from config.defaults import default_settings, example_text
from config.reader import parse
from exchanges.registry import venues
from messages.errors import ConfigError
from messages.identifiers import ContractKind

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {
    "binance": {ContractKind.SPOT},
    "binance_usdm": {ContractKind.LINEAR},
    "gateio_futures": {ContractKind.LINEAR, ContractKind.INVERSE},
}


def check(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `arbtree check` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "arbtree", "check", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_example_is_printed_and_accepted(tmp_path: Path) -> None:
    """What `--example` prints is a file that `check` accepts and sums up."""
    printed = check("--example")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout == example_text()
    path = tmp_path / "arbtree.toml"
    path.write_text(printed.stdout)
    done = check(str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        f"{path}: right\nengine engine, mode watch: 5 books at 3 venues\n"
    )
    assert "binance_usdm   embedded: BTC/USDT:USDT ETH/USDT:USDT" in done.stdout


def test_a_name_that_is_no_text_is_shown_escaped(tmp_path: Path) -> None:
    """A file name may hold any bytes; neither channel stumbles over them."""
    path = tmp_path / "caf\udce9.toml"
    path.write_text(example_text())
    done = check(str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "caf\\udce9.toml: right" in done.stdout
    assert "caf\\udce8.toml: expected a configuration" in check("caf\udce8.toml").stderr


def test_json_holds_the_settings_with_defaults(tmp_path: Path) -> None:
    """One object on standard output: valid, what runs, every setting."""
    path = tmp_path / "f.toml"
    path.write_text(
        '[[venues]]\nname = "binance"\nsymbols = ["BTC/USDT"]\n'
        '[[venues]]\nname = "binance_usdm"\nsymbols = ["A/USDT:USDT"]\nenabled = false\n'
    )
    done = check(str(path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["valid"], answer["mode"], answer["books"]) == (True, "watch", 1)
    assert answer["settings"]["detector"]["proof_age_ms"] == 1000
    assert answer["settings"]["venues"][1]["enabled"] is False
    assert "binance_usdm  off" in check(str(path)).stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[engine\n", "expected TOML, found Expected ']' at the end of a table declaration"),
        ("[log]\nlevle = 1\n", "[log] levle: expected one of the keys level, format, found an"),
        ("[engine]\nmode = 'live'\n", '[engine] mode: expected "watch"; live is switched on only'),
        (
            "[[venues]]\nname = 'binanse'\nsymbols = ['A/B']\n",
            "[[venues]] #1 name: expected one of binance, ",
        ),
        (
            "[[venues]]\nname = 'binance'\nsymbols = ['BTC/USDT:USDT']\n",
            "[[venues]] #1 symbols: expected spot (BTC/USDT) symbols, the kind binance lists",
        ),
    ],
)
def test_a_wrong_file_is_one_sentence_and_code_2(tmp_path: Path, text: str, sentence: str) -> None:
    """Standard error names file and place, no traceback; --json gives the same as an object."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    done = check(str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"arbtree: {path}: {sentence}")
    assert done.stderr.count("\n") == 1
    as_json = check(str(path), "--json")
    assert (as_json.returncode, as_json.stderr) == (2, done.stderr)
    answer = json.loads(as_json.stdout)
    assert answer["valid"] is False
    assert answer["error"]["file"] == str(path)
    assert answer["error"]["found"] in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["absent.toml"], "absent.toml: expected a configuration file, found no such file"),
        (["."], ".: expected a configuration file, found a directory"),
        ([], "check needs a FILE, or --example"),
        (["f.toml", "--example"], "--example prints a file, it checks none"),
    ],
)
def test_without_a_file_there_is_one_sentence(words: list[str], sentence: str) -> None:
    """Missing file, folder, nothing, too much: code 2 and what was wrong."""
    done = check(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"arbtree: {sentence}\n")


def test_a_canary_in_the_environment_is_not_shown(tmp_path: Path) -> None:
    """Keys that happen to be loaded appear in nothing that `check` writes."""
    path = tmp_path / "f.toml"
    path.write_text(example_text())
    done = subprocess.run(
        [sys.executable, "-m", "arbtree", "--debug", "check", str(path), "--json"],
        cwd=ROOT,
        env={"ARBTREE_BINANCE_KEY": "CANARY-7f3a", "ARBTREE_BINANCE_SECRET": "CANARY-7f3a"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "CANARY" not in done.stdout + done.stderr


def venue(name: str, symbol: str, more: str = "") -> str:
    """A configuration of one venue."""
    return f'[[venues]]\nname = "{name}"\nsymbols = ["{symbol}"]\n{more}\n'


@pytest.mark.parametrize(
    ("text", "key", "expected", "found"),
    [
        (venue("mexc", "A/B"), "name", "one of binance, binance_usdm", '"mexc"'),
        (venue("binance_usd", "A/B"), "name", "one of", 'did you mean "binance_usdm"?'),
        (venue("binance_usdm", "A/B"), "symbols", "linear (BTC/USDT:USDT)", "which is spot"),
        (venue("gateio_futures", "A/B"), "symbols", "linear (BTC/USDT:USDT) or inverse", "spot"),
        (venue("binance", "NO/USDT", "embedded = true"), "symbols", "(BTC, ETH", '"NO/USDT"'),
        (venue("binance", "ETH/BTC", "embedded = true"), "symbols", "ETH/USDT, as the", "ETH/BTC"),
        (
            venue("gateio_futures", "BTC/USD:BTC", "embedded = true"),
            "symbols",
            "BTC/USDT:USDT, as the embedded gateio_futures lists BTC",
            "BTC/USD:BTC",
        ),
    ],
)
def test_what_only_dialects_and_simulator_know_is_checked(
    text: str, key: str, expected: str, found: str
) -> None:
    """Unknown venues, kinds of symbols and assets are named like any other mistake."""
    with pytest.raises(ConfigError) as caught:
        check_venues(parse(text, "f"), KNOWN, "f")
    assert (caught.value.table, caught.value.key) == ("[[venues]] #1", key)
    assert expected in caught.value.expected
    assert found in caught.value.found


def test_the_assets_of_the_simulator_are_checked() -> None:
    """An asset it cannot make up is refused in its own table."""
    text = "[simulator]\nassets = ['BTC', 'WHAT']\n" + venue("binance", "BTC/USDT")
    with pytest.raises(ConfigError) as caught:
        check_venues(parse(text, "f"), KNOWN, "f")
    assert (caught.value.table, caught.value.key) == ("simulator", "assets")


def test_the_defaults_fit_the_registered_venues() -> None:
    """What runs without a file passes the checks a file must pass."""
    check_venues(default_settings(), known_markets(), "defaults")


def test_every_registered_venue_can_be_followed() -> None:
    """What has a dialect has live books."""
    assert set(known_markets()) == set(venues())


@pytest.mark.parametrize(
    ("more", "key", "expected"),
    [
        ("depth_interval_ms = 70", "depth_interval_ms", "binance has no depth stream '70ms'"),
        ('snapshots = "stream"', "snapshots", "the depth streams of binance bring no snapshots"),
    ],
)
def test_a_way_to_keep_books_that_the_venue_lacks(more: str, key: str, expected: str) -> None:
    """It is refused by the check, not found out while running."""
    text = f"[[venues]]\nname = 'binance'\nsymbols = ['BTC/USDT']\n{more}\n"
    with pytest.raises(ConfigError, match=expected) as caught:
        check_venues(parse(text, "f"), known_markets(), "f")
    assert (caught.value.table, caught.value.key) == ("[[venues]] #1", key)


WORDS = """
[[assets]]
name = "PEPE"
same = ["binance", "gateio:PEPE2"]
reason = "ethereum 0x69"
[[venues]]
name = "binance"
symbols = ["BTC/USDT", "PEPE/USDT", "WIF/USDT"]
"""


def test_quarantined_symbols_are_named_with_their_reason(tmp_path: Path) -> None:
    """What nothing proves is shown, in text and JSON; the rest is not."""
    path = tmp_path / "f.toml"
    path.write_text(WORDS)
    done = check(str(path))
    assert done.returncode == 0
    assert "  binance WIF/USDT: nothing says which asset WIF at binance is" in done.stdout
    assert "PEPE/USDT:" not in done.stdout
    (found,) = json.loads(check(str(path), "--json").stdout)["quarantined"]
    assert (found["symbol"], found["quarantined"]) == ("WIF/USDT", "asset_unproven")


def test_a_place_that_is_no_venue_is_refused() -> None:
    """Or a misspelt word would silently say nothing."""
    settings = parse(WORDS.replace("gateio:", "gatio:"), "f.toml")
    with pytest.raises(ConfigError) as caught:
        check_venues(settings, known_markets(), "f.toml")
    assert (caught.value.table, caught.value.key) == ("[[assets]] #1", "same")
    assert 'did you mean "gateio"?' in str(caught.value)
