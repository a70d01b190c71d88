"""What the runs of chaos have in common: aiming, an operator, whether all is well, the report."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from actors.runtime.faults import RuntimeFault
from arbtree.chaos.checkers import LivenessChecker, StopChecker
from arbtree.chaos.report import FaultRecord, SeedReport, StateChange, Verdict
from arbtree.engine import Engine
from arbtree.status import books
from messages.errors import UsageError
from messages.faults import FaultKind
from simulator.breaking import Blow
from simulator.world import World
from supervisors.chaos.schedule import Planned
from supervisors.rows import Row
from supervisors.runtime import ExitReport

EXIT_DONE = 0


class Play(Struct, frozen=True):
    """What a run came to.

    Args:
        report: for people and files; its timeline is left out.
        records, changes: the timeline.
    """

    report: SeedReport
    records: tuple[FaultRecord, ...]
    changes: tuple[StateChange, ...]


def named_kinds(found: Sequence[FaultKind], wanted: Collection[str], words: str) -> list[FaultKind]:
    """The kinds of these names; all when there is none.

    Args:
        found: what there is.
        wanted: names.
        words: begin the sentence about a name that is not there.

    Raises:
        UsageError: one of the names is not among them.
    """
    names = [kind.name for kind in found]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise UsageError(f"{words} {', '.join(unknown)}: {', '.join(names)}")
    return [kind for kind in found if not wanted or kind.name in wanted]


def blow(world: World, planned: Planned) -> Blow:
    """A planned fault as the simulated venues know it: the symbol by the venue's own name."""
    parts = planned.target.split("/")
    native = ""
    if len(parts) == 5 and parts[3] == "books":
        base = parts[4].split("-")[0]
        listings = world.venues[parts[2]].listings.values()
        native = next(one.listing.native for one in listings if one.asset.name == base)
    return Blow(planned.fault, parts[2], native, planned.duration_s, planned.seed)


# -- looking and operating -------------------------------------------------------------------------


def all_well(engine: Engine, feeds: Iterable[str], live: Mapping[str, bool]) -> bool:
    """Whether every actor runs and every book is live.

    Args:
        engine: whose actors they are.
        feeds: the paths of all its books.
        live: what the detector was told of each.
    """
    if any(row.state != "running" for row in engine.runtime.rows()):
        return False
    return all(live.get(book, False) for book in feeds)


def operate(engine: Engine, restarts: Callable[[str, Row | None], None]) -> None:
    """Restart, as an operator would, what does not come back by itself.

    That is whatever is quarantined, and a connection that has given up a symbol as unreadable.

    Args:
        engine: to look after.
        restarts: told of each path before it is restarted, with its row where it is quarantined.
    """
    found: list[tuple[str, Row | None]] = [
        (path, None)
        for venue in engine.venues.values()
        for path, feed in venue.feeds.items()
        if feed.unreadable.given_up
    ]
    found += [(row.path, row) for row in engine.runtime.rows() if row.state == "quarantined"]
    for path, row in found:
        restarts(path, row)
        try:
            engine.runtime.restart(path)
        except RuntimeFault:
            continue  # its supervisor is down itself and comes first


# -- judging ---------------------------------------------------------------------------------------


def judge_liveness(
    checker: LivenessChecker,
    engine: Engine,
    feeds: Iterable[str],
    live: Mapping[str, bool],
    took_s: float,
) -> bool:
    """Say what is not well so long after the heal; return whether all is.

    Args:
        checker: takes the violations.
        engine, feeds, live: see `all_well`.
        took_s: seconds since the heal.
    """
    checker.looked_at += 1
    if all_well(engine, feeds, live):
        return True
    after = f"{took_s:.0f} s after the heal"
    for row in engine.runtime.rows():
        if row.state != "running":
            checker.violate(f"{row.path} is {row.state} {after}: {row.last_failure}")
    known = {book.path: f"{book.state}, {book.reason}" for book in books(engine)}
    for path in feeds:
        if not live.get(path, False):
            checker.violate(f"{path} is dark {after}: {known.get(path, 'it has no book')}")
    return False


def judge_end(
    checker: StopChecker, engine: Engine, ended: ExitReport | None, expected: int = EXIT_DONE
) -> None:
    """Say what is wrong with the end of an engine.

    Args:
        checker: takes the violations.
        engine: has ended.
        ended: how; None when it did not.
        expected: the exit code it was to end with.
    """
    checker.looked_at += 1
    code = ended.code if ended is not None else -1
    if code != expected:
        reason = ended.reason if ended is not None else "it never ended"
        checker.violate(f"exit {code}, expected {expected}: {reason}")
    for row in engine.runtime.rows():
        if row.state not in ("stopped", "quarantined"):
            checker.violate(f"{row.path} is {row.state} after the end")


def failure_text(error: BaseException) -> str:
    """An error that ended a run, with where it was raised; of a group its first.

    Args:
        error: as it was caught.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    place = ""
    for frame in traceback.extract_tb(error.__traceback__)[-1:]:
        place = f" at {'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}"
    return f"{type(error).__name__}{place}: {error}"


# -- the report ------------------------------------------------------------------------------------


def seed_report(
    seed: int,
    verdicts: tuple[Verdict, ...],
    struck: Sequence[str],
    *,
    replay: str,
    venues: int,
    books: int,
    virtual_s: float,
    real_s: float,
    trace_hash: str = "",
    depth_messages: int = 0,
    exits: tuple[int, int] = (EXIT_DONE, EXIT_DONE),
    enough: bool = True,
    planned: int | None = None,
) -> SeedReport:
    """The report of one run, without its timeline; see `SeedReport`.

    Args:
        struck: the kind of every fault that was carried out.
        exits: the exit code that was expected, and the one that came.
        enough: whether it had so much that it counts if it passed, or ended live.
        planned: faults planned; those carried out when left out.
    """
    return SeedReport(
        seed=seed,
        trace_hash=trace_hash,
        venues=venues,
        books=books,
        depth_messages=depth_messages,
        faults=len(struck),
        fault_kinds=len(set(struck)),
        expected_exit=exits[0],
        exit_code=exits[1],
        counts=enough,
        passed=not any(verdict.failed for verdict in verdicts),
        verdicts=verdicts,
        records=(),
        changes=(),
        schedule_size=len(struck) if planned is None else planned,
        shrunk_to=None,
        replay=replay,
        virtual_s=round(virtual_s, 3),
        real_s=round(real_s, 3),
    )
