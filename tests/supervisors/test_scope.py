"""Declared scopes: in force from the moment in which a part ends until its next life works."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.faults import BadSpec
from markets.fault_scope import FaultScope, Permission, permitted
from supervisors.spec import SupervisorSpec, check
from tests.supervisors.trees import ONE_SECOND, Boom, Log, Worker, runtime_of, tree, worker

JOURNAL, PRIVATE = FaultScope.JOURNAL.value, FaultScope.PRIVATE.value
VENUE, BOOK = "top/venue", "top/venue/book"


def stand_ins(log: Log) -> SupervisorSpec:
    """A journal, and a venue with a private connection and a book."""
    venue = SupervisorSpec(
        "venue",
        children=(
            worker("private", log, scope=PRIVATE, backoff=ONE_SECOND),
            worker("book", log, scope=FaultScope.BOOK.value, backoff=ONE_SECOND),
        ),
        scope=FaultScope.VENUE.value,
    )
    return tree(worker("journal", log, scope=JOURNAL, backoff=ONE_SECOND), venue)


@pytest.mark.parametrize(
    ("path", "scope"), [("top/venue/private", PRIVATE), ("top/journal", JOURNAL)]
)
async def test_private_connection_and_journal_leave_only_reducing(
    path: str, scope: str, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Both are in force in the very turn of the end, and over when the next life works."""
    runtime = runtime_of(stand_ins(Log()))
    assert {scope for _, scope in runtime.in_force()} >= {JOURNAL, PRIVATE}  # nothing runs yet
    nursery.start_soon(runtime.run)
    await trio.sleep(0.1)
    assert runtime.in_force() == []
    assert runtime.kill(path, Boom("planted"))
    assert runtime.in_force() == [(path, scope)]  # no checkpoint since
    assert permitted(runtime.in_force(), VENUE, BOOK) == Permission(False, True, True)
    row = next(row for row in runtime.rows() if row.path == path)
    assert (row.scope, row.in_force) == (scope, "stopping")
    await trio.sleep(0.5)
    assert runtime.in_force() == [(path, scope)]
    await trio.sleep(1)
    assert runtime.in_force() == []
    runtime.request_stop("enough")


async def test_a_supervisor_that_is_down_has_its_scope_in_force(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Stopping a venue puts its scope in force beside those of its children."""
    runtime = runtime_of(stand_ins(Log()))
    nursery.start_soon(runtime.run)
    await trio.sleep(0.1)
    await runtime.terminate_child("top/venue").wait()
    assert dict(runtime.in_force())["top/venue"] == FaultScope.VENUE.value
    assert len(runtime.in_force()) == 3
    await runtime.restart_child("top/venue").wait()
    assert runtime.in_force() == []
    runtime.request_stop("enough")


async def test_an_actor_that_lives_may_say_that_it_is_unfit(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Its scope is in force until it says otherwise or begins anew; each change is one event."""
    made: list[Worker] = []
    runtime = runtime_of(tree(worker("clock", Log(), scope="not signable", begin=made.append)))
    nursery.start_soon(runtime.run)
    await trio.sleep(0.1)
    for _ in range(2):
        made[-1].context.fault("800 ms off")
    assert runtime.in_force() == [("top/clock", "not signable")]
    assert runtime.rows()[1].in_force == "800 ms off"
    made[-1].context.fault("")
    assert runtime.in_force() == []
    made[-1].context.fault("again")
    await runtime.restart("top/clock").wait()
    assert runtime.in_force() == []
    kinds = [event.kind for event in runtime.events.since()]
    assert (kinds.count("unfit"), kinds.count("fit")) == (2, 1)
    runtime.request_stop("enough")


def test_a_scope_is_readable_text() -> None:
    """What cannot be shown is refused by field and value."""
    with pytest.raises(BadSpec, match="top/w: scope must be printable text, not 'a\\\\nb'"):
        check(tree(worker("w", Log(), scope="a\nb")))
