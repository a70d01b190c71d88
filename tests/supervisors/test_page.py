"""docs/supervision.md: its programs print what it shows, and the runtime stands on its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "supervision.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)

ALONE = """
import sys
import supervisors.inspector, supervisors.metrics, supervisors.runtime, supervisors.verbs
allowed = {"actors", "actors.runtime", "messages", "messages.errors"}
rooms = {"actors", "arbtree", "config", "exchanges", "markets", "messages", "simulator"}
found = [
    name for name in sys.modules
    if name.split(".")[0] in rooms and name not in allowed
    and not name.startswith("actors.runtime.")
]
assert not found, found
assert "supervisors.tree" not in sys.modules
"""


def test_every_program_of_the_page_shows_what_it_prints() -> None:
    """None stands there without its output."""
    assert len(PROGRAMS) == PAGE.count("```python\n") >= 6


@pytest.mark.parametrize(("code", "shown"), PROGRAMS)
def test_a_program_prints_what_the_page_shows(
    code: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the letter, on a clock that costs no time."""
    genuine = trio.run

    def run(main: Any) -> Any:
        return genuine(main, clock=MockClock(autojump_threshold=0))

    monkeypatch.setattr(trio, "run", run)
    exec(compile(code, "docs/supervision.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == shown


def test_the_runtime_imports_nothing_of_trading() -> None:
    """A fresh process that uses the supervisors alone has loaded no room of the trading side."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
