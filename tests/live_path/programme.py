"""What is played: which recordings over sockets, which together, and what must come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.golden.streams import STREAMS, golden, paths
from tests.live_path.outcome import Key, published_result
from tests.live_path.performances import Outcome
from tests.live_path.tapes import Tape

Books = dict[Key, dict[str, Any]]
"""Members of books or pairs, each by its key."""

SPOT: Final = "spot_btcusdt_20240808.gz + spot_btcusdt_20240809.gz"
USDM: Final = "usdm_btcusdt_20240808.gz"
COINM: Final = "coinm_btcusd_perp_20240808.gz + coinm_btcusd_perp_20240809.gz"

IN_SUITE: Final = (
    SPOT,
    USDM,
    "coinm_btcusd_perp_20240808.gz",
    *(name for name in STREAMS if "2021" in name),
)
"""What every run of the tests plays over sockets; the command plays all of `STREAMS`."""

TOGETHER: Final = (SPOT, USDM, COINM)
"""What is played in the recorder's time: three venues on one recorder's clock."""

WINDOW_S: Final = 70
"""How much of that the tests play; the command plays all of it, 650 s."""


def tape(data: Path, name: str, until_ns: int | None = None) -> Tape:
    """The tape of one stream of the published results."""
    return Tape(STREAMS[name][0], tuple(paths(data, name)), until_ns)


def tapes_together(data: Path, seconds: int | None) -> list[Tape]:
    """The three venues from their first record on, whole without a number of seconds."""
    if seconds is None:
        return [tape(data, name) for name in TOGETHER]
    first_ns = min(next(tape(data, name).records())[0] for name in TOGETHER)
    return [tape(data, name, first_ns + seconds * 10**9) for name in TOGETHER]


def published(data: Path, name: str, played: Tape) -> Books:
    """The published books of one stream, by venue and native symbol."""
    return {
        (played.venue, native.upper()): published_result(played.symbols[native.upper()], result)
        for native, result in golden(data, "books.json")[name].items()
    }


def differences(found: Books, wanted: Books) -> list[str]:
    """Every member of a book or pair that is not as it must be, in words."""
    if found.keys() != wanted.keys():
        return [f"there are {sorted(found)}, not {sorted(wanted)}"]
    return [
        f"{' '.join(key)}: {member} is {found[key].get(member)}, not {value}"
        for key, want in wanted.items()
        for member, value in want.items()
        if found[key].get(member) != value
    ]


def disturbances(outcome: Outcome, tapes: list[Tape]) -> list[str]:
    """What must not have happened on the way, in words."""
    asked = sum(len(tape.symbols) for tape in tapes)
    counts = (
        ("reconnects", outcome.reconnects, 0),
        ("websocket connections", outcome.sockets, len(tapes)),
        ("snapshot requests", outcome.snapshot_requests, asked),
        ("messages lost by book mailboxes", outcome.lost, 0),
        ("restarts", outcome.exit.restarts if outcome.exit else -1, 0),
        ("exit code", outcome.exit.code if outcome.exit else -1, 0),
    )
    return [f"{count} {what}, not {want}" for what, count, want in counts if count != want]
