"""The HTML page, as text and in a real browser."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from arbtree.chaos.page import SEEDS_MAX, page
from arbtree.chaos.report import (
    ChaosReport,
    FaultRecord,
    FaultRow,
    SeedReport,
    Spread,
    StateChange,
    Verdict,
)
from arbtree.chaos.timeline import LANES_MAX, dark_times
from arbtree.cli import main

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BOOK = "engine/venues/binance/books/BTC-USDT"
LINE = "engine/venues/binance/connections/0"
PROBE = """<script>addEventListener("load", () => {
  const seen = (name) => [...document.querySelectorAll(name)].map((each) => {
    const box = each.getBoundingClientRect();
    const style = getComputedStyle(each);
    return {width: box.width, height: box.height, shown: style.visibility === "visible" &&
      style.display !== "none", fill: style.fill, text: each.textContent};
  });
  const out = document.createElement("pre");
  out.id = "probe";
  out.textContent = JSON.stringify({tables: seen("table"), timelines: seen("svg.timeline"),
    rows: seen("#recovery tbody tr"), faults: seen("svg.timeline rect.fault"),
    dark: seen("svg.timeline rect.dark"), verdict: seen("#verdict")});
  document.body.append(out);
});</script>"""
"""What the browser laid out, written into the page for `--dump-dom` to show."""


def _report(**changes: Any) -> ChaosReport:
    """A report with one failed seed, and texts that would spoil careless HTML."""
    seed = SeedReport(
        seed=7,
        trace_hash="c0ffee" * 8,
        venues=3,
        books=6,
        depth_messages=4_321,
        faults=2,
        fault_kinds=2,
        expected_exit=0,
        exit_code=0,
        counts=True,
        passed=False,
        verdicts=(),
        records=(
            FaultRecord(10.0, 0.0, "cut", "wire", LINE, 0.001, 0.8),
            FaultRecord(30.0, 12.5, "silent topic", "stream", BOOK, 1.0, None),
        ),
        changes=(
            StateChange(10.0, BOOK, "book", "DARK", "<b>lost</b>"),
            StateChange(10.8, BOOK, "book", "LIVE"),
            StateChange(31.0, BOOK, "book", "DARK"),
        ),
        schedule_size=2,
        shrunk_to=1,
        replay="arbtree chaos run --seed 7 --for 1m",
        virtual_s=60.0,
        real_s=1.5,
    )
    spread = Spread(1, 0.001, 0.001, 0.001)
    nothing = Spread(0, None, None, None)
    report = ChaosReport(
        kind="virtual",
        version="0.1.0",
        python="3.11.7",
        commit="",
        machine="two cores & more",
        date="2026-11-24",
        for_s=60.0,
        faults=(
            FaultRow("cut", "wire", "The line is cut.", 1, 1, 1, spread, Spread(1, 0.8, 0.8, 0.8)),
            FaultRow("silent topic", "stream", "It says <nothing>.", 1, 1, 0, spread, nothing),
        ),
        verdicts=(Verdict("books", "Each book is <true>.", 12_345, 1, ("BTC at 31.0 s <wrong>",)),),
        seeds=(seed,),
        repeated=1,
        unequal=(),
        passed=False,
        real_s=2.0,
    )
    return replace(report, **changes)


def test_it_needs_nothing_but_itself() -> None:
    """No address, no script, no image; and it forbids its own loading."""
    text = page(_report())
    assert not re.search(r"(?:src=|href=|url\(|https?:|<script|<link|<img|@import)", text)
    assert "default-src 'none'" in text


def test_texts_are_escaped() -> None:
    """What a venue or a checker said is text, never markup."""
    text = page(_report())
    for words in ("<nothing>", "<true>", "<wrong>", "<b>lost</b>", "cores & more"):
        assert words not in text
        assert html.escape(words) in text


def test_what_is_not_known_is_empty() -> None:
    """A time that there is none of is no number."""
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*silent topic.*?</tr>", page(_report()), re.DOTALL)
    assert row.count('<td class="n"></td>') == 3
    assert '<td class="n bad">0</td>' in row


def test_without_timelines_the_page_says_how_to_get_one() -> None:
    """A run that passed keeps none unless it is asked to."""
    report = _report()
    bare = replace(report.seeds[0], records=(), changes=(), passed=True)
    text = page(replace(report, seeds=(bare,), passed=True))
    assert "<svg" not in text
    assert "with --html" in text
    assert '<span id="verdict" class="good">passed</span>' in text


def test_large_runs_stay_readable() -> None:
    """Lanes and rows have a limit, failed seeds come first, and what is left out is counted."""
    report = _report()
    seed = report.seeds[0]
    records = tuple(replace(seed.records[0], target=f"place {n}") for n in range(LANES_MAX + 5))
    bare = replace(seed, passed=True, records=(), changes=())
    seeds = (*[replace(bare, seed=n) for n in range(SEEDS_MAX)], replace(seed, records=records))
    text = page(replace(report, seeds=seeds))
    assert "6 quieter lanes are not drawn" in text
    assert "1 more are not listed" in text
    assert re.search(r'<table id="seeds">.*?<td class="n">7</td>', text, re.DOTALL)


def test_dark_times_end_with_the_run() -> None:
    """A book that never came back is dark to the last second."""
    bars = dark_times(_report().seeds[0].changes, 60.0)
    assert [bar[:2] for bar in bars[BOOK]] == [(10.0, 10.8), (31.0, 60.0)]


def _browser() -> str:
    """A browser of this machine; where there is none it skips, or fails if one is required."""
    named = os.environ.get("ARBTREE_BROWSER")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sentence = f"no browser on this machine ({', '.join(BROWSERS)}, or ARBTREE_BROWSER)"
        if os.environ.get("ARBTREE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{sentence}, and ARBTREE_REQUIRE_BROWSER asks for one", pytrace=False)
        pytest.skip(sentence)
    return found


def _laid_out(browser: str, text: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What a browser makes of a page: sizes, colours and texts."""
    # The page's own policy would not let the probe run.
    text = re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</body>", f"{PROBE}</body>")
    place = folder / "page.html"
    place.write_text(text, encoding="utf-8")
    words = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    words += " --disable-background-networking --disable-component-update --disable-sync"
    done = subprocess.run(
        [browser, *words.split(), f"--user-data-dir={folder / 'profile'}", "--dump-dom",
         place.as_uri()],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    probe = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert probe is not None, done.stdout[-500:]
    laid_out: dict[str, list[dict[str, Any]]] = json.loads(html.unescape(probe[1]))
    return laid_out


def test_a_browser_that_is_required_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one the test of the page is skipped, but not where it counts."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("ARBTREE_BROWSER", raising=False)
    monkeypatch.delenv("ARBTREE_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        _browser()
    monkeypatch.setenv("ARBTREE_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match=r"no browser.* asks for one"):
        _browser()


def test_a_browser_shows_timeline_and_tables(tmp_path: Path) -> None:
    """In a real browser both are there, with a size, a colour and the right words."""
    seen = _laid_out(_browser(), page(_report()), tmp_path)
    (drawing,) = seen["timelines"]
    assert drawing["shown"] and drawing["width"] > 1_000 and drawing["height"] > 50
    assert [each["text"].split(" at ")[0] for each in seen["faults"]] == ["silent topic", "cut"]
    assert len({each["fill"] for each in seen["faults"]}) == 2
    assert seen["faults"][0]["width"] > 100 > 3 > seen["faults"][1]["width"] > 1
    assert len(seen["dark"]) == 2 and seen["dark"][1]["width"] > seen["dark"][0]["width"]
    assert len(seen["tables"]) == 3
    assert all(each["shown"] and each["height"] > 40 for each in seen["tables"])
    assert len(seen["rows"]) == 2
    assert "silent topic" in seen["rows"][1]["text"] and "0.001" in seen["rows"][1]["text"]
    assert seen["verdict"][0]["text"] == "failed"


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """`--html FILE` beside whatever is printed; a few seeds keep their timelines."""
    place = tmp_path / "chaos.html"
    assert main(["chaos", "run", "--seed", "3", "--for", "12s", "--html", str(place)]) == 0
    text = place.read_text(encoding="utf-8")
    assert '<svg class="timeline"' in text
    assert '<table id="recovery">' in text
