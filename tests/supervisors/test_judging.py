"""Who comes back after an end, when, at whose cost, and who does not."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from supervisors.runtime import open_tree
from supervisors.spec import BackoffSpec, BudgetSpec, ReconnectSpec, RestartType, SupervisorSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    Forbidden,
    Log,
    Outage,
    Worker,
    banned,
    runtime_of,
    states,
    tree,
    worker,
)

SIX_HOURS_S = 6 * 3600


async def one_second(actor: Worker) -> None:
    """Work that returns after a second."""
    actor.context.ready()
    await trio.sleep(1)


@pytest.mark.parametrize(
    ("restart", "after_normal", "after_crash"),
    [
        ("permanent", "running", "running"),
        ("transient", "stopped", "running"),
        ("temporary", "stopped", "stopped"),
    ],
)
async def test_restart_types(
    restart: RestartType, after_normal: str, after_crash: str, autojump_clock: MockClock
) -> None:
    """Permanent always comes back, transient unless it ended normally, temporary never."""
    log = Log()
    spec = tree(
        worker("normal", log, work=one_second, restart=restart),
        worker("crash", log, restart=restart),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/crash").tell(Boom("x"))
        await trio.sleep(1.5)
        assert states(runtime)["normal"] == after_normal
        assert states(runtime)["crash"] == after_crash


async def test_an_error_that_says_never_quarantines_alone(autojump_clock: MockClock) -> None:
    """The siblings run on, the budget is untouched; somebody who restarts it lifts it."""
    log = Log()
    spec = tree(worker("a", log), worker("b", log), strategy="rest_for_one")
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(Forbidden())
        await trio.sleep(100)
        assert states(runtime) == {"top": "running", "a": "quarantined", "b": "running"}
        assert log.times("b ended") == []
        assert runtime.rows()[0].crashes == 0
        await runtime.restart("top/a").wait()
        assert states(runtime)["a"] == "running"


async def test_the_error_says_when_to_come_back(autojump_clock: MockClock) -> None:
    """A ban of an hour is kept, though the backoff's cap is a minute."""
    log = Log()
    async with open_tree(tree(worker("a", log)), clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(banned(3600))
        await trio.sleep(10)
        assert runtime.rows()[1].next_try_s == pytest.approx(3590)
        await trio.sleep_until(3601)
        assert states(runtime)["a"] == "running"
    assert log.times("a start") == [0, 3600]


async def test_six_hours_of_outage_spend_no_budget(autojump_clock: MockClock) -> None:
    """It is tried at least every minute, never gives up, and is back when the world is."""
    log = Log()

    def dial(actor: Worker) -> None:
        if 1 <= trio.current_time() < SIX_HOURS_S:
            raise Outage("no route")

    spec = tree(
        *(worker(f"c{number}", log, begin=dial, backoff=BackoffSpec()) for number in range(5)),
        strategy="dynamic",
        reconnects=ReconnectSpec(per_s=5.0, burst=5),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep_until(1)
        for number in range(5):
            runtime.kill(f"top/c{number}", Outage("cut"))
        await trio.sleep_until(SIX_HOURS_S - 1)
        assert all(row.crashes == 0 for row in runtime.rows())
        tries = log.times("c3 start")
        assert len(tries) > SIX_HOURS_S / 65
        assert max(b - a for a, b in pairwise(tries)) <= 64
        await trio.sleep_until(SIX_HOURS_S + 65)
        assert set(states(runtime).values()) == {"running"}
        assert runtime.events.counts.get("gave_up", 0) == 0


async def test_reconnects_share_one_limit(autojump_clock: MockClock) -> None:
    """Fifty children that fall in one moment come back two a second, after a burst of three."""
    log = Log()
    spec = tree(
        SupervisorSpec("c", "dynamic", tuple(worker(f"c{number}", log) for number in range(50))),
        reconnects=ReconnectSpec(per_s=2.0, burst=3),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(10)
        log.lines.clear()
        for number in range(50):
            runtime.kill(f"top/c/c{number}", Outage("venue gone"))
        await trio.sleep(60)
    starts = sorted(at_s for at_s, text in log.lines if text.endswith("start"))
    assert len(starts) == 50
    assert starts[:6] == [10, 10, 10, 10.5, 11, 11.5]
    assert starts[-1] == 33.5


async def test_crashes_are_not_held_up_by_the_reconnect_limit(autojump_clock: MockClock) -> None:
    """A bug of ours dials nobody."""
    log = Log()
    spec = tree(*(worker(f"c{number}", log) for number in range(5)), reconnects=ReconnectSpec(0.01))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        for number in range(5):
            runtime.kill(f"top/c{number}", Boom("x"))
        await trio.sleep(0.1)
        assert set(states(runtime).values()) == {"running"}


async def test_backoff_grows_until_health_is_proven(autojump_clock: MockClock) -> None:
    """Being ready is no proof; `healthy` is, and the next wait is the first again."""
    log = Log()
    lives: list[float] = []

    async def work(actor: Worker) -> None:
        actor.context.ready()
        lives.append(trio.current_time())
        if len(lives) == 4:
            actor.context.healthy()
        await trio.lowlevel.checkpoint()
        raise Outage("cut")

    backoff = BackoffSpec(min_s=1, max_s=60, factor=2, jitter=0)
    async with open_tree(tree(worker("a", log, work=work, backoff=backoff)), clock=TrioClock()):
        await trio.sleep(15)
    assert lives == [0, 1, 3, 7, 8, 10, 14]


async def test_a_life_that_lasted_needs_no_word_of_its_own(autojump_clock: MockClock) -> None:
    """Where the spec says so, running long enough is proof; being started for long is none."""
    log = Log()
    lives: list[float] = []

    async def work(actor: Worker) -> None:
        lives.append(trio.current_time())
        if len(lives) == 5:
            await trio.sleep(6)
        actor.context.ready()
        await trio.sleep(5 if len(lives) == 4 else 1)
        raise Boom("broken")

    backoff = BackoffSpec(min_s=1, max_s=60, factor=2, jitter=0, lasting_s=5)
    child = worker("a", log, work=work, backoff=backoff, budget=BudgetSpec(100))
    async with open_tree(tree(child), clock=TrioClock()):
        await trio.sleep(40)
    # Waits of 1, 2 and 4 s; after the life of 5 s 1 s again, then 2 s and so on.
    assert lives[:7] == [0, 2, 5, 10, 16, 25, 30]


async def test_a_spent_budget_escalates_and_then_the_supervisor_gives_up(
    autojump_clock: MockClock,
) -> None:
    """Five crashes are tolerated, each further one is a cause; the fourth cause is too many."""
    log = Log()
    spec = tree(
        SupervisorSpec("s", children=(worker("a", log, backoff=ONE_SECOND), worker("b", log))),
        worker("c", log),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        for crash in range(1, 10):
            assert log.times("b ended") == []
            runtime.lookup("top/s/a").tell(Boom("x"))
            await trio.sleep(0.5)
            rows = {row.path: row for row in runtime.rows()}
            assert rows["top/s"].crashes == (0 if crash == 9 else max(0, crash - 5))
            await trio.sleep(1.0)
        # The supervisor gave up, was one cause for the one above, and was started anew.
        assert log.times("b ended") == [12.0]
        assert runtime.events.counts["gave_up"] == 1
        rows = {row.path: row for row in runtime.rows()}
        assert rows["top"].crashes == 1
        assert rows["top/s"].crashes == 0
        assert set(states(runtime).values()) == {"running"}
        assert log.times("c ended") == []


async def test_two_levels_of_giving_up_end_the_run(autojump_clock: MockClock) -> None:
    """What no supervisor can cure ends at the root: ordered stop, exit 4, the cause named."""
    log = Log()

    def fail(actor: Worker) -> None:
        raise Boom("broken for good")

    inner = SupervisorSpec(
        "s", children=(worker("a", log, begin=fail, backoff=ONE_SECOND, budget=BudgetSpec(0)),),
        budget=BudgetSpec(1), backoff=ONE_SECOND,
    )  # fmt: skip
    report = await runtime_of(tree(worker("z", log), inner, budget=BudgetSpec(1, 600))).run()
    assert report.code == 4
    assert report.reason.count("gave up") == 2
    assert "Boom: broken for good" in report.reason
    assert log.texts()[-1] == "z stopped"


async def test_a_supervisor_may_be_quarantined_instead(autojump_clock: MockClock) -> None:
    """Its siblings run on for ever; a restart by somebody lifts it with all its children."""
    log = Log()
    venue = SupervisorSpec(
        "v", children=(worker("a", log, budget=BudgetSpec(0), backoff=ONE_SECOND),),
        budget=BudgetSpec(0), quarantine_on_give_up=True,
    )  # fmt: skip
    async with open_tree(tree(venue, worker("z", log)), clock=TrioClock()) as runtime:
        runtime.lookup("top/v/a").tell(Boom("x"))
        await trio.sleep(500)
        assert states(runtime) == {
            "top": "running", "v": "quarantined", "a": "stopped", "z": "running",
        }  # fmt: skip
        assert runtime.rows()[0].crashes == 0
        await runtime.restart("top/v").wait()
        assert set(states(runtime).values()) == {"running"}


async def test_a_child_may_be_quarantined_when_its_budget_is_spent(
    autojump_clock: MockClock,
) -> None:
    """One bad child of many stays down and costs its supervisor one cause."""
    log = Log()
    spec = tree(
        worker("bad", log, on_spent="quarantine", budget=BudgetSpec(2)), worker("good", log)
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        for _ in range(3):
            runtime.lookup("top/bad").tell(Boom("x"))
            await trio.sleep(0.1)
        await trio.sleep(100)
        assert states(runtime) == {"top": "running", "bad": "quarantined", "good": "running"}
    assert len(log.times("bad start")) == 3


async def test_one_cause_that_fails_many_children_counts_once(autojump_clock: MockClock) -> None:
    """A hundred children that crash of one cause in one moment do not kill their supervisor."""
    log = Log()
    spec = tree(
        *(worker(f"c{number}", log, budget=BudgetSpec(0)) for number in range(100)),
        strategy="dynamic",
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        for number in range(100):
            runtime.kill(f"top/c{number}", Boom("the same"))
        await trio.sleep(1)
        assert runtime.rows()[0].crashes == 1
        assert set(states(runtime).values()) == {"running"}
        assert sum(row.restarts for row in runtime.rows()) == 100


@pytest.mark.parametrize(
    ("shutdown", "ends_at_s"), [("any_significant", 1.0), ("all_significant", 4.0)]
)
async def test_significant_children_take_their_supervisor_with_them(
    shutdown: str, ends_at_s: float, autojump_clock: MockClock
) -> None:
    """When any, or all, of them have ended normally, the supervisor stops in order: exit 0."""
    log = Log()

    async def four_seconds(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(4)

    spec = tree(
        worker("a", log, work=one_second, restart="transient", significant=True),
        worker("b", log, work=four_seconds, restart="temporary", significant=True),
        worker("c", log),
        auto_shutdown=shutdown,
    )
    report = await runtime_of(spec).run()
    assert report.code == 0
    assert trio.current_time() == ends_at_s
    assert log.texts()[-1] == ("b stopped" if ends_at_s == 1 else "c stopped")


async def test_chance_is_a_function_of_seed_path_and_life(autojump_clock: MockClock) -> None:
    """Equal runs draw equal numbers; another seed, path or life draws others."""

    async def drawn(seed: int) -> list[float]:
        log, found = Log(), list[float]()
        spec = tree(*(worker(name, log, begin=lambda actor: found.append(
            actor.context.random.random())) for name in "ab"))  # fmt: skip
        runtime = runtime_of(spec, seed=seed)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runtime.run)
            await trio.sleep(1)
            runtime.lookup("top/a").tell(Boom("x"))
            await trio.sleep(1)
            runtime.request_stop("enough")
        return found

    first, again, other = await drawn(1), await drawn(1), await drawn(2)
    assert first == again
    assert len(set(first)) == 3
    assert first != other
