"""Reading TOML: what is right becomes settings, what is wrong becomes one error that names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from config.defaults import DEFAULT_ASSETS, default_settings, example_text
from config.reader import MAX_FILE_BYTES, load, parse
from config.settings import Settings
from messages.errors import ConfigError

VENUE = '[[venues]]\nname = "binance"\nsymbols = ["BTC/USDT"]\n'


def refused(text: str) -> ConfigError:
    """Parse what must be refused."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    assert caught.value.file == "f.toml"
    assert "\n" not in str(caught.value)
    return caught.value


def test_the_least_file_has_documented_defaults() -> None:
    """One venue with one symbol is a whole configuration."""
    settings = parse(VENUE, "f.toml")
    assert [venue.name for venue in settings.active_venues] == ["binance"]
    assert settings.engine.mode == "watch"
    assert settings.detector.proof_age_ms == 1000
    assert settings.detector.proof_age_hard_ms == 5000
    assert settings.detector.change_age_ms is None
    assert settings.venues[0].max_levels == 1000
    assert settings.venues[0].reconnect_every_s is None


def test_given_values_replace_defaults() -> None:
    """Every kind of value arrives: text, number, whole number written as one, list, truth."""
    text = (
        '[engine]\nname = "a-1"\nseed = 0\n[log]\nlevel = "debug"\nformat = "json"\n'
        "[detector]\nthreshold_bps = -2\nalive_after_ms = []\nlag_ms = 250\n"
        f"{VENUE}enabled = true\nmaker_fee_bps = -0.5\n"
        '[[venues]]\nname = "mexc"\nsymbols = ["A/B"]\nenabled = false\n'
    )
    settings = parse(text, "f.toml")
    assert (settings.engine.name, settings.engine.seed) == ("a-1", 0)
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert settings.detector.threshold_bps == -2.0
    assert settings.detector.alive_after_ms == ()
    assert settings.detector.lag_ms == 250.0
    assert settings.venues[0].maker_fee_bps == -0.5
    assert [venue.name for venue in settings.active_venues] == ["binance"]


WRONG = [
    ("[engin]\n", "engin", "", "one of the tables [engine]", 'did you mean "engine"?'),
    ("loglevel = 3\n", "loglevel", "", "one of the tables", "an unknown name"),
    ("engine = 3\n", "engine", "", "one table [engine]", "3"),
    ("[[engine]]\n", "engine", "", "one table [engine]", "an array of tables"),
    ("[venues]\nname = 'binance'\n", "venues", "", "tables [[venues]]", "a table"),
    ("venues = [1, 2]\n", "venues", "", "tables [[venues]]", "a list of 2"),
    ("[log]\nlevle = 'info'\n", "log", "levle", "one of the keys level", '"level"?'),
    ("[log]\nlevel = 'Info'\n", "log", "level", "one of", '"Info" (did you mean "info"?)'),
    ("[simulator]\nstep_ms = 55\n", "simulator", "step_ms", "a multiple of 10", "55"),
    ("[log]\nlevel = 3\n", "log", "level", 'one of "debug"', "3"),
    ("[engine]\nseed = -1\n", "engine", "seed", "a whole number from 0", "-1"),
    ("[engine]\nseed = 1.5\n", "engine", "seed", "a whole number from 0", "1.5"),
    ("[engine]\nseed = true\n", "engine", "seed", "a whole number from 0", "true"),
    ("[engine]\nseed = 1979-05-27\n", "engine", "seed", "a whole number", "1979-05-27"),
    ("[engine]\nname = 'No'\n", "engine", "name", "lower-case letters", '"No"'),
    ("[engine]\nname = \"a\\n\"\n", "engine", "name", "lower-case letters", '"a\\n"'),
    ("[engine]\nname = {}\n", "engine", "name", "lower-case letters", "a table"),
    ("[engine]\nmode = 'live'\n", "engine", "mode", "only by --mode live", '"live"'),
    ("[engine]\nmode = 'paper'\n", "engine", "mode", "comes with trading", '"paper"'),
    ("[engine]\nmode = 'wach'\n", "engine", "mode", '"watch"', '"wach"'),
    ("[engine]\nmode = ['live']\n", "engine", "mode", '"watch"', "a list of 1"),
    ("[detector]\nproof_age_ms = '1s'\n", "detector", "proof_age_ms", "a number", '"1s"'),
    ("[detector]\nproof_age_ms = 0\n", "detector", "proof_age_ms", "from 1 to 60000", "0"),
    ("[detector]\nlag_ms = nan\n", "detector", "lag_ms", "a number from 1", "nan"),
    ("[detector]\nmin_notional = inf\n", "detector", "min_notional", "from 0", "inf"),
    (
        "[detector]\nalive_after_ms = [1.0, nan]\n",
        "detector", "alive_after_ms", "a list of 0 to 8 entries", "nan",
    ),
    (
        "[detector]\nalive_after_ms = [5, 'x']\n",
        "detector", "alive_after_ms", "each a number from 1", '"x" as entry 2',
    ),
    (
        "[detector]\nalive_after_ms = [1,2,3,4,5,6,7,8,9]\n",
        "detector", "alive_after_ms", "0 to 8 entries", "a list of 9",
    ),
    ("[[venues]]\nname = 'binance'\n", "[[venues]] #1", "symbols", "a list of 1", "nothing"),
    ("[[venues]]\nsymbols = ['A/B']\n", "[[venues]] #1", "name", "a venue", "nothing"),
    (
        "[[venues]]\nname = 'binance'\nsymbols = []\n",
        "[[venues]] #1", "symbols", "a list of 1 to 1000", "an empty list",
    ),
    (
        "[[venues]]\nname = 'binance'\nsymbols = 'BTC/USDT'\n",
        "[[venues]] #1", "symbols", "a list of 1", '"BTC/USDT"',
    ),
    (f"{VENUE}max_level = 3\n", "[[venues]] #1", "max_level", "max_levels", '"max_levels"?'),
    (
        f"{VENUE}[[venues]]\nname = 'mexc'\nsymbols = ['A/B', 3]\n",
        "[[venues]] #2", "symbols", "symbol of at most 64", "3 as entry 2",
    ),
    (
        f"{VENUE}reconnect_every_s = 86400\n",
        "[[venues]] #1", "reconnect_every_s", "from 60 to below 86400", "86400",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "table", "key", "expected", "found"), WRONG)
def test_each_wrong_place_is_named(
    text: str, table: str, key: str, expected: str, found: str
) -> None:
    """File, table, key, what was expected and what was found are all in the error."""
    error = refused(text)
    assert (error.table, error.key) == (table, key)
    assert expected in error.expected
    assert found in error.found
    for part in ("f.toml", table.strip("[]"), key, error.expected, error.found):
        assert part in str(error)


def test_an_entry_of_an_array_is_named_as_it_stands_in_the_file() -> None:
    """The second [[venues]] is called just that."""
    error = refused(f"{VENUE}[[venues]]\nname = 'mexc'\nsymbols = ['A/B']\nenabled = 1\n")
    assert str(error) == "f.toml: [[venues]] #2 enabled: expected true or false, found 1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[engine\n", "at line 1, column 8"),
        ("[engine]\nname = \n", "at line 2, column 8"),
        ("[engine]\nname = 'a'\nname = 'b'\n", "at line 3"),
        ("[engine]\n\nname = 'a", "at "),
        ("seed = " + "9" * 5000, "too many digits"),
        ("x = " + "[" * 20_000, "nested too deeply"),
        ("x = \x00", "at line 1, column 5"),
    ],
)
def test_a_mistake_of_syntax_is_located(text: str, found: str) -> None:
    """What is no TOML is refused with line and column, whatever is wrong with it."""
    error = refused(text)
    assert error.expected == "TOML"
    assert found in error.found


def test_long_and_unprintable_values_are_shortened() -> None:
    """A found value is shown in one short, printable piece."""
    error = refused(f'[engine]\nname = "\\u001b[31m{"x" * 500}"\n')
    assert len(error.found) < 80
    assert error.found.isprintable()


def test_a_secret_in_the_file_is_refused_and_not_shown() -> None:
    """A key that sounds like a secret is told where secrets belong; its value is kept back."""
    for key in ("api_key", "secret", "passphrase"):
        error = refused(f"{VENUE}{key} = 'CANARY-7f3a'\n")
        assert "no secrets in this file" in str(error)
        assert "CANARY" not in str(error)


def test_too_many_venues_are_refused() -> None:
    """The number of entries is limited."""
    assert "at most 64" in refused(VENUE * 65).expected


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """Missing, a directory, no UTF-8, too large: each one has its own words."""
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# one\n# caf\xe9\n")
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    cases = {
        tmp_path / "absent.toml": "no such file",
        tmp_path: "a directory",
        latin: "byte 0xe9 in line 2",
        large: "more",
        Path("a\0b"): "null",
        latin / "below": "not a directory",
    }
    for path, found in cases.items():
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert caught.value.file == str(path)
        assert found in caught.value.found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    """A file that we may not open is a configuration error, not a traceback."""
    path = tmp_path / "closed.toml"
    path.touch(mode=0o000)
    with pytest.raises(ConfigError, match="permission denied"):
        load(path)


def test_load_reads_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    """Editors that write a mark at the start of UTF-8 do no harm."""
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xef\xbb\xbf" + VENUE.encode())
    assert load(path) == parse(VENUE, "f.toml")


def test_a_configuration_that_starts_nothing_is_refused() -> None:
    """No venue, or none that is enabled, is a mistake."""
    for text in ("", "venues = []\n", f"{VENUE}enabled = false\n"):
        assert refused(text).found == "none"


def test_the_defaults_are_embedded_and_follow_the_rules() -> None:
    """Without a file nothing leaves the machine, and six venues share base assets."""
    settings = default_settings()
    assert [venue.name for venue in settings.venues] == [
        "binance", "binance_usdm", "binance_coinm", "gateio", "gateio_futures", "mexc",
    ]  # fmt: skip
    assert all(venue.embedded and venue.enabled for venue in settings.venues)
    assert settings.simulated_assets == DEFAULT_ASSETS


def test_the_assets_to_simulate_are_those_of_embedded_symbols() -> None:
    """Each base asset once, of venues that run embedded; the table's own list wins."""
    text = (
        '[[venues]]\nname = "binance"\nsymbols = ["ETH/USDT", "ETH/USDC"]\nembedded = true\n'
        '[[venues]]\nname = "mexc"\nsymbols = ["XRP/USDT"]\n'
        '[[venues]]\nname = "gateio"\nsymbols = ["ADA/USDT"]\nembedded = true\nenabled = false\n'
    )
    assert parse(text, "f").simulated_assets == ("ETH",)
    own = '[simulator]\nassets = ["BTC", "ETH", "ADA"]\n'
    assert parse(own + text, "f").simulated_assets == ("BTC", "ETH", "ADA")


def test_the_example_is_right() -> None:
    """The example that ships parses."""
    assert parse(example_text(), "example.toml").active_venues


@effort(max_examples=150)
@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(-5, 5), st.just("1e999"), st.just('"x"')).map(
            lambda value: str(value).lower()
        ),
        lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        max_leaves=4,
    ),
    st.sampled_from(["engine", "log", "detector", "supervision", "simulator", "venues"]),
    st.sampled_from(["name", "symbols", "mode", "level", "lag_ms", "assets", "backoff_max_s"]),
)
def test_any_value_in_any_place_is_taken_or_refused(value: str, table: str, key: str) -> None:
    """Whatever a file says, the answer is settings or a ConfigError, nothing else."""
    header = f"[[{table}]]" if table == "venues" else f"[{table}]"
    try:
        assert isinstance(parse(f"{header}\n{key} = {value}\n{VENUE}", "f"), Settings)
    except ConfigError as error:
        assert error.expected
        assert error.found
