"""Every program of the documents runs, on simulated venues and a virtual clock."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors.outlet import Outlet
from arbtree import NotAvailable
from arbtree.engine import Seams, open_venues
from arbtree.legacy import OLDER_NAMES
from config.settings import Settings, VenueSettings
from exchanges.registry import venues
from supervisors.picture import draw
from supervisors.tree import exchange_tree
from tests.face.handles import SIMULATED

ROOT = Path(__file__).parents[2]
LIBRARY = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

PROGRAM = re.compile(r"```python\n(.*?)```", re.DOTALL)
TEN_LINES = dict(re.findall(r"### (\w+)\n\n```python\n(.*?)```", LIBRARY, re.DOTALL))
OTHERS = [code for code in PROGRAM.findall(LIBRARY) if code not in TEN_LINES.values()]


@pytest.fixture(autouse=True)
def virtual_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `trio.run` of a program use a clock that costs no time."""
    genuine = trio.run

    def run(main: Any) -> Any:
        return genuine(main, clock=MockClock(autojump_threshold=0))

    monkeypatch.setattr(trio, "run", run)


def _run(code: str, name: str) -> None:
    exec(compile(code, name, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("venue", venues())
def test_ten_lines_of_each_venue(venue: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten lines print bid, ask and a price of the venue; one that is not live yet says so."""
    code = TEN_LINES[venue]
    assert len(code.strip().splitlines()) == 10
    assert f'open_exchange("{venue}", embedded=True)' in code
    if venue not in SIMULATED:
        with pytest.raises(NotAvailable):
            _run(code, venue)
        return
    _run(code, venue)
    bid, ask, price = re.fullmatch(
        r"\(([\d.]+), [\d.e-]+\) \(([\d.]+), [\d.e-]+\) ([\d.]+)\n", capsys.readouterr().out
    ).groups()  # type: ignore[union-attr] # no match fails the test
    assert float(bid) < float(ask) <= float(price)


def test_each_venue_has_its_ten_lines_once() -> None:
    """No venue is missing from the page, and none is there that does not exist."""
    assert list(TEN_LINES) == list(venues())
    programs = {re.sub(r'"[^"]*"|price_to_buy\([\d.]+\)', "_", code) for code in TEN_LINES.values()}
    assert len(programs) == 1


@pytest.mark.parametrize("code", OTHERS, ids=lambda code: code.splitlines()[1][20:60])
def test_programs_of_the_page_run(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each program ends by itself, prints something, and never the word False."""
    _run(code, "docs/library.md")
    said = capsys.readouterr().out
    assert said
    assert "False" not in said.replace(" 5 False\n", "")  # a RestBook is not tradeable


def test_the_program_of_the_readme_prints_what_it_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The README's output is of this very program; numbers move with the market."""
    (code,) = PROGRAM.findall(README)
    shown = README.split(code, 1)[1].split("```text\n", 1)[1].split("```", 1)[0]
    _run(code, "README.md")
    said = capsys.readouterr().out

    def shape(text: str) -> str:
        return re.sub(r"\d+(\.\d+)?(e-\d+)?", "0", text)

    assert shape(said) == shape(shown)


def test_the_page_shows_the_tree_of_a_handle() -> None:
    """The picture is what the function of the tree returns for two symbols."""
    settings = Settings(venues=(VenueSettings(name="binance", symbols=("BTC/USDT", "ETH/USDT")),))
    (venue,) = open_venues(settings, Seams(), {}).values()
    picture = draw(exchange_tree(settings, venue, {}, Outlet()))
    block = LIBRARY.split("<!-- handle:start -->", 1)[1].split("<!-- handle:end -->", 1)[0]
    assert block.strip() == f"```text\n{picture.strip()}\n```"


def test_the_page_shows_the_table_of_older_names() -> None:
    """Each older name has its row, with what it is called today."""
    rows = ["| older | today | of |", "|---|---|---|"]
    for name, older in OLDER_NAMES.items():
        today = f"`{older.ours.replace(':', '.')}`"
        today = today if older.side == "public" else f"{today}, raises `NotAvailable`"
        place = "a handle" if older.sort == "member" else "`arbtree.legacy`"
        rows.append(f"| `{name}` | {today} | {place} |")
    block = LIBRARY.split("<!-- older:start -->", 1)[1].split("<!-- older:end -->", 1)[0]
    assert block.strip() == "\n".join(rows)
