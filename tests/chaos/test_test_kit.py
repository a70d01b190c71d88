"""The programs of docs/test_kit.md run, as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arbtree.testing import embedded_settings, run_virtual, virtual_engine
from config.settings import Settings, VenueSettings
from messages.errors import UsageError

PAGE = (Path(__file__).parents[2] / "docs" / "test_kit.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_programs_of_the_page_run(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ends by itself and prints what its comments promise."""
    exec(compile(PROGRAMS[number], "docs/test_kit.md", "exec"), {"__name__": "__main__"})
    said = capsys.readouterr().out
    assert "facts" in said
    assert "mexc is back after" in said or "every book {'LIVE'}" in said


def test_equal_arguments_give_an_equal_run() -> None:
    """What a scenario sees is a function of settings and seed."""
    settings = embedded_settings({"binance": ["BTC/USDT"], "mexc": ["BTC/USDT"]}, shock_every_s=10)

    def seen(seed: int) -> object:
        return run_virtual(lambda virtual: virtual.opportunities(15), settings, seed=seed)

    assert seen(1) == seen(1)
    assert seen(1)


async def test_a_real_venue_is_refused() -> None:
    """Nothing here may dial the world outside."""
    settings = Settings(venues=(VenueSettings(name="binance", symbols=("BTC/USDT",)),))
    with pytest.raises(UsageError, match="only embedded venues are virtual, not binance"):
        async with virtual_engine(settings):
            raise AssertionError("not reached")
