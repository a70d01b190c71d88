"""Cards of heartbeats, request limits, bans and clocks."""

from __future__ import annotations

import trio

from arbtree.certification.stage import LIVE_WITHIN_S, SYMBOLS, Stage

IDLE_S = 900.0
"""No market moves for so long: longer than any simulated venue waits for a sign of life."""
LOOK_S = 0.7
OLDEST_MS = 5_000.0
"""The hard limit of a proof's age: older, a book is no price to anybody."""
REFUSED_S = 40.0
"""How long requests are refused, by the venue's budget or by a ban."""
DARK_WITHIN_S = 10.0
SPENT_EVERY_S = 0.05
AFTER_WITHIN_S = 2 * LIVE_WITHIN_S
"""The last refusal before the end may have named a time somewhat later."""
CLOCK_AHEAD_MS = 90_000
"""How far the venue's clock is ahead on its card: far beyond what signed requests may differ."""
CLOCK_EXACT_MS = 100.0
CLOCK_WITHIN_S = 10.0


async def heartbeat(stage: Stage) -> str:
    """An idle connection stays proven and alive, by whatever ping the venue wants."""
    await stage.live()
    stage.world.pause(IDLE_S)
    feeds = stage.engine.venues[stage.venue].feeds.values()
    oldest_ms = 0.0
    for _ in range(int(IDLE_S / LOOK_S)):
        await trio.sleep(LOOK_S)
        now_ns = stage.engine.seams.clock.now_ns()
        for feed in feeds:
            age_ms = feed.proof_age_ms(now_ns)
            stage.want(age_ms is not None, f"{', '.join(feed.symbols)} have no proof of life")
            oldest_ms = max(oldest_ms, age_ms or 0.0)
    stage.want(oldest_ms <= OLDEST_MS, f"a proof was {oldest_ms:.0f} ms old while idle")
    kills = stage.simulated.meter.kills
    stage.want(not kills, f"the venue ended connections: {kills}")
    stage.want(not stage.reconnects(), "a connection ended while it was idle")
    await stage.judge(10.0)
    return (
        f"{IDLE_S / 60:.0f} idle minutes on one connection, no proof older than {oldest_ms:.0f} ms"
    )


async def limited(stage: Stage) -> str:
    """Requests above the budget are waited out, not hammered."""
    await stage.live()
    asked = await _refused(stage, ban=False)
    return f"budget spent for {REFUSED_S:.0f} s: {asked} requests meanwhile, then live again"


async def banned(stage: Stage) -> str:
    """A ban is kept to its end, and the venue is followed again afterwards."""
    await stage.live()
    asked = await _refused(stage, ban=True)
    return f"banned for {REFUSED_S:.0f} s: {asked} requests meanwhile, then live again"


async def _refused(stage: Stage, *, ban: bool) -> int:
    """Need a snapshot while requests are refused; how many were sent all the same."""
    began_ms, asked = stage.simulated.now_ms(), stage.requests()
    end_ms = began_ms + int(REFUSED_S * 1000)
    if ban:
        for pool in stage.pools():
            pool.banned_until_ms = end_ms
    else:
        _spend(stage)
    stage.world.cut(stage.venue)
    dark_s = await stage.until(lambda: not stage.all_live(), DARK_WITHIN_S, "dark of a lost line")
    while stage.simulated.now_ms() < end_ms:
        if not ban:
            _spend(stage)
        stage.want(not stage.all_live(), "a book was live without any snapshot")
        await trio.sleep(SPENT_EVERY_S)
    refused = 0
    for pool in stage.pools():
        mine = sum(window.refused for window in pool.windows)
        windows = end_ms // pool.window_ms - began_ms // pool.window_ms + 1
        stage.want(
            mine <= windows * SYMBOLS,
            f"{mine} requests were refused in {windows} windows of one budget:"
            f" each of {SYMBOLS} books may ask once a window",
        )
        refused += mine
    stage.want(refused, f"nothing was refused {dark_s:.0f} s after the cut: this proves nothing")
    asked = stage.requests() - asked
    stage.want(not any(pool.bans for pool in stage.pools()), "asking on led to a ban")
    await stage.live(AFTER_WITHIN_S)
    await stage.judge()
    return asked


def _spend(stage: Stage) -> None:
    """Leave nothing of any request budget in the windows of this moment."""
    now_ms = stage.simulated.now_ms()
    for pool in stage.pools():
        pool.window(now_ms).used = pool.limit


async def clock(stage: Stage) -> str:
    """The difference of the clocks is measured, and costs no book."""
    offset = stage.engine.venues[stage.venue].clock_offset
    await stage.until(lambda: offset.measured > 0, CLOCK_WITHIN_S, "a measured clock")
    stage.want(
        abs(offset.offset_ms + CLOCK_AHEAD_MS) <= CLOCK_EXACT_MS,
        f"the venue is {CLOCK_AHEAD_MS} ms ahead, measured {-offset.offset_ms:.0f} ms",
    )
    await stage.live()
    await stage.judge()
    return (
        f"{CLOCK_AHEAD_MS / 1000:.0f} s ahead, measured to {-offset.offset_ms / 1000:.2f} s; live"
    )
