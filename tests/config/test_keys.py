"""The description of the keys: documentation and example stay equal to the structs."""

from __future__ import annotations

import re
from pathlib import Path

from config.defaults import example_text
from config.keys import Table, markdown, tables, toml_value
from config.reader import parse

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- keys: begin -->\n", "<!-- keys: end -->"


def example_lines() -> dict[tuple[str, str], str]:
    """Every `key = value` of the example by (table, key), behind "#" or not; the first counts."""
    found: dict[tuple[str, str], str] = {}
    table = ""
    for line in example_text().splitlines():
        if header := re.fullmatch(r"\[+(\w+)\]+", line):
            table = header[1]
        elif pair := re.fullmatch(r"(?:# )?(\w+) = (.+)", line):
            found.setdefault((table, pair[1]), pair[2])
    return found


def test_the_documented_tables_are_those_of_the_structs() -> None:
    """docs/configuration.md holds what `python -m config.keys` prints."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page.partition(BEGIN)[2].partition(END)[0].strip() == markdown().strip()


def test_every_key_has_words_for_what_it_takes_and_means() -> None:
    """No key is without range and meaning, and meanings are sentences."""
    for table in tables():
        assert table.meaning.endswith(".")
        for key in table.keys:
            assert key.expected, key.name
            assert key.meaning.endswith("."), (table.name, key.name)


def test_the_example_names_every_key_and_no_other() -> None:
    """A user finds every key in the example."""
    known = {(table.name, key.name) for table in tables() for key in table.keys}
    assert set(example_lines()) == known


def test_the_example_shows_the_defaults() -> None:
    """What stands behind "#" and has a default shows that default."""
    shown = example_lines()
    for table in tables():
        for key in table.keys:
            if key.default and (table.name, key.name) != ("venues", "embedded"):
                assert shown[table.name, key.name] == key.default, (table.name, key.name)


def test_the_example_is_right_with_every_key_switched_on() -> None:
    """Taking "#" away from a line of the example never makes the file wrong."""
    alone = {"rest_url", "websocket_url"}  # not for an embedded venue
    text = re.sub(
        r"^# (\w+ = )",
        lambda m: m[1] if m[1][:-3] not in alone else m[0],
        example_text(),
        flags=re.M,
    )
    assert parse(text, "example.toml").venues[0].maker_fee_bps == 7.5
    text = re.sub(r"^# (\w+_url = )", r"\1", text, flags=re.M)
    text = text.replace("embedded = true", "embedded = false")
    assert parse(text, "example.toml").venues[0].rest_url


def test_titles_and_lookup() -> None:
    """A table knows its header and its keys by name."""
    by_name: dict[str, Table] = {table.name: table for table in tables()}
    assert by_name["venues"].title == "[[venues]]"
    assert by_name["log"].title == "[log]"
    assert by_name["log"].key("level").default == '"info"'
    assert by_name["venues"].key("name").required


def test_defaults_are_written_as_toml() -> None:
    """Truth, numbers, text and lists look as they do in a file."""
    assert [toml_value(value) for value in (True, 3, 1.5, "a", (1.0, 2.0))] == [
        "true", "3", "1.5", '"a"', "[1.0, 2.0]",
    ]  # fmt: skip
