"""Cards of what comes by websocket: symbols, snapshot, increments and the ways they go wrong."""

from __future__ import annotations

import trio

from arbtree.certification.stage import LIVE_WITHIN_S, Stage
from messages.books import DarkReason
from messages.errors import SilentConnection
from simulator.topics import drop, duplicate, reorder

CALM_S = 20.0
"""How long increments flow before they are judged."""
NOTICED_WITHIN_S = 10.0
"""From a fault in a stream to its being noticed; the next event is at most a second away."""
LATE_MS = 1_500
"""How far REST trails the streams on the card of the race."""
STALL_S = 900.0
"""Longer than any venue may be silent before its connection counts as dead."""
LONGEST_SILENCE_S = 600.0
"""No rule of a venue may let a dead connection stand for longer."""
SLACK_S = 5.0


async def symbols(stage: Stage) -> str:
    """The list of symbols decodes, and says of both what the venue says."""
    directory = stage.engine.venues[stage.venue].directory
    known = await directory.load()
    for live in stage.simulated.listings.values():
        guessed = stage.dialect.symbol_from_native(live.listing.native)
        info = known.get(guessed.symbol)
        if info is None:
            stage.want(False, f"{live.listing.native} is not listed as {guessed.symbol}")
            continue
        stage.want(info.tradeable, f"{info.symbol} is listed as {info.status}")
        stage.want(info.native == live.listing.native, f"{info.symbol} is named {info.native}")
        stage.want(
            info.tick is not None and abs(float(info.tick) - _tick(stage, info.native)) < 1e-12,
            f"the tick of {info.symbol} is {_tick(stage, info.native):g}, read as {info.tick}",
        )
        stage.want(info.lot is not None and info.lot > 0, f"{info.symbol} has the lot {info.lot}")
    return f"{len(known)} symbols listed; names, ticks, lots and states read as the venue has them"


def _tick(stage: Stage, native: str) -> float:
    listing = stage.simulated.listings[native].listing
    return listing.tick


async def snapshot(stage: Stage) -> str:
    """Both books go live, and the first prices are the venue's."""
    took_s = await stage.live()
    for info in (stage.subject, stage.other):
        book = stage.book(info)
        levels = book.levels or (0, 0)
        stage.want(min(levels) >= 20, f"the book of {info.symbol} has {levels} levels")
    await stage.judge(1.0)
    levels = stage.book().levels or (0, 0)
    way = "in band" if stage.in_band else "by REST"
    return (
        f"live after {took_s:.1f} s, {levels[0]} and {levels[1]} levels {way}, equal to the venue"
    )


async def increments(stage: Stage) -> str:
    """Books follow the stream: no gap, no resync, every price the venue's."""
    await stage.live()
    await stage.judge(CALM_S)
    updates = 0
    for info in (stage.subject, stage.other):
        book = stage.book(info)
        updates += book.updates
        stage.want(book.updates >= CALM_S, f"{info.symbol} had {book.updates} events")
        stage.want(not book.gaps, f"{info.symbol} saw {book.gaps} gaps that nobody made")
        stage.want(
            book.quotes_compared == book.quotes_equal,
            f"{book.quotes_compared - book.quotes_equal} best quotes of {info.symbol} differ",
        )
        stage.want(book.quotes_compared, f"no best quote of {info.symbol} met an event of its id")
    stage.want(not stage.reconnects(), "the connection did not last")
    return f"{updates} events, {stage.tops} published tops, all equal to the venue's own books"


async def gap(stage: Stage) -> str:
    """A lost event is noticed at the next one, costs its book alone, and is mended."""
    await stage.ready()
    stage.world.tamper(stage.venue, stage.stream, drop)
    await stage.until(lambda: stage.book().gaps == 1, NOTICED_WITHIN_S, "the gap of a lost event")
    took_s = await stage.live()
    await stage.judge()
    _only_subject(stage)
    stage.want(stage.book().resyncs == 1, f"{stage.book().resyncs} resyncs for one gap")
    stage.want(not stage.reconnects(), "the connection was given up for one gap")
    return f"noticed at the next event, dark alone, live again after {took_s:.2f} s"


async def repeated(stage: Stage) -> str:
    """An event that comes twice changes nothing."""
    await stage.ready()
    before = stage.book()
    stage.world.tamper(stage.venue, stage.stream, *[duplicate] * 5)
    await stage.judge(NOTICED_WITHIN_S)
    after = stage.book()
    stage.want(after.gaps == before.gaps, "an event that came twice was taken for a gap")
    stage.want(after.resyncs == before.resyncs, "an event that came twice cost a resync")
    stage.want(not stage.darks, f"{len(stage.darks)} books went dark of repeated events")
    stage.want(after.updates > before.updates, "the book stood still")
    return "five events came twice: no gap, no resync, no dark moment"


async def reordered(stage: Stage) -> str:
    """Two events in the wrong order are noticed at once and mended."""
    await stage.ready()
    stage.world.tamper(stage.venue, stage.stream, *reorder())
    await stage.until(lambda: stage.book().gaps >= 1, NOTICED_WITHIN_S, "the gap of a wrong order")
    took_s = await stage.live()
    await stage.judge()
    _only_subject(stage)
    stage.want(not stage.reconnects(), "the connection was given up for a wrong order")
    return f"noticed, dark alone, live again after {took_s:.2f} s, nothing false in between"


async def race(stage: Stage) -> str:
    """Snapshots that are older than the events held are refused until one fits."""
    await stage.ready()
    ours = stage.engine.venues[stage.venue]
    before = stage.book().updates
    stage.world.lag_snapshots(stage.venue, LATE_MS)
    stage.want(stage.world.cut(stage.venue), "there was no connection to cut")
    await stage.until(lambda: not stage.all_live(), NOTICED_WITHIN_S, "dark books of a lost line")
    took_s = await stage.live()
    stage.want(
        stage.in_band or took_s >= LATE_MS / 1000 / 2,
        f"live after {took_s:.2f} s although every snapshot is {LATE_MS} ms old",
    )
    await stage.judge()
    stage.want(stage.book().updates > before, "the book stood still")
    way = "snapshots in band" if ours.depth_feed.in_band else f"snapshots {LATE_MS} ms old"
    return f"{way}: live after {took_s:.2f} s, and never with a hole between"


async def silent(stage: Stage) -> str:
    """A connection that is open and dead is given up in time; another one is dialled."""
    await stage.ready()
    rule = stage.dialect.heartbeat
    probed = rule.ping_every_s and not rule.probe_by_text
    limit_s = rule.ping_every_s + rule.pong_within_s if probed else rule.silent_after_s
    limit_s = min(limit_s, LONGEST_SILENCE_S) + SLACK_S
    stage.want(stage.world.stall(stage.venue, STALL_S), "there was no connection to stall")
    took_s = await stage.until(
        lambda: stage.reconnects() >= 1, limit_s, "the end of a silent connection"
    )
    ends = [row.last_failure for row in stage.connections() if row.restarts]
    stage.want(
        all(SilentConnection.__name__ in end for end in ends), f"it ended otherwise: {ends[0]}"
    )
    await stage.live()
    await stage.judge()
    return f"given up after {took_s:.1f} s of silence, of at most {limit_s:.0f}, then live again"


async def refused(stage: Stage) -> str:
    """Commands that nobody answers end the life; a refused symbol costs itself alone."""
    await stage.ready()
    settings = stage.engine.venues[stage.venue].settings
    stage.simulated.acks_to_lose = 1
    stage.world.cut(stage.venue)
    limit_s = settings.acknowledged_within_s + settings.first_data_within_s + LIVE_WITHIN_S
    await stage.until(
        lambda: stage.reconnects() >= 2, limit_s, "the end of a connection without an answer"
    )
    await stage.live()
    stage.world.delist(stage.venue, stage.subject.native)
    stage.world.cut(stage.venue)
    await stage.until(
        lambda: stage.book().state != "LIVE", NOTICED_WITHIN_S, "the dark book of a lost line"
    )
    await stage.until(
        lambda: stage.book(stage.other).state == "LIVE", limit_s, "the other symbol's live book"
    )
    await trio.sleep(limit_s)
    stage.want(stage.book().state != "LIVE", "a symbol that the venue does not know is live")
    await stage.until(
        lambda: stage.book(stage.other).state == "LIVE", limit_s, "the other symbol's live book"
    )
    stage.judge_truth()
    return (
        f"an unanswered command ended its life; the refused symbol is {stage.book().state.lower()},"
        " the other live"
    )


def _only_subject(stage: Stage) -> None:
    """Want that the subject went dark for its gap, and nothing else ever did."""
    reasons = {reason for symbol, reason in stage.darks if symbol == stage.subject.symbol}
    stage.want(DarkReason.GAP in reasons, "the book did not say that it went dark for a gap")
    others = {symbol for symbol, _ in stage.darks} - {stage.subject.symbol}
    stage.want(not others, f"{', '.join(sorted(others))} went dark of another book's fault")
