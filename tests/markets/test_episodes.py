"""Pair statistics: published results on real quotes, and a brute force on drawn ones."""

from __future__ import annotations

import gc
import heapq
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.episodes import NS_PER_MS, PairEpisodes, PairStatistics
from tests.markets.recorded import Quote, csv_quotes, ticker_quotes

THRESHOLDS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
SPOT = ("spot_btcusdt_20240808", "spot_btcusdt_20240809")
COINM = ("coinm_btcusd_perp_20240808", "coinm_btcusd_perp_20240809")
USDM = ("usdm_btcusdt_20240808",)


def both_ways(
    first: Iterable[Quote], second: Iterable[Quote], thresholds: tuple[float, ...]
) -> tuple[PairStatistics, PairStatistics]:
    """Merge two feeds by time: buying on the first, and buying on the second."""
    buy_first, buy_second = PairEpisodes(thresholds), PairEpisodes(thresholds)
    for (at_ns, bid, ask), origin in heapq.merge(
        ((quote, 0) for quote in first), ((quote, 1) for quote in second)
    ):
        if origin == 0:
            buy_first.buy_quote(at_ns, ask)
            buy_second.sell_quote(at_ns, bid)
        else:
            buy_second.buy_quote(at_ns, ask)
            buy_first.sell_quote(at_ns, bid)
    return buy_first.result(), buy_second.result()


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("hft BTC spot(A) x usdm(B) 2024-08-08 bookTicker", SPOT[:1], USDM),
        ("hft BTC usdm(A) x coinm(B) 2024-08-08 bookTicker", USDM, COINM[:1]),
        ("hft BTC spot(A) x coinm(B) 2024-08-08+09 bookTicker", SPOT, COINM),
        ("acd BTC binance(A) x coinbase(B)", ("binance",), ("coinbase",)),
        ("acd BTC binance(A) x kraken(B)", ("binance",), ("kraken",)),
        ("acd BTC binance(A) x okx(B)", ("binance",), ("okx",)),
        ("acd BTC coinbase(A) x kraken(B)", ("coinbase",), ("kraken",)),
        ("acd BTC coinbase(A) x okx(B)", ("coinbase",), ("okx",)),
        ("acd BTC kraken(A) x okx(B)", ("kraken",), ("okx",)),
    ],
)
def test_real_quotes_give_the_published_statistics(
    shared_data: Path, key: str, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    """Window, evaluations, maximum and every episode count equal the independent results."""
    golden = json.loads((shared_data / "golden" / "cross_venue.json").read_text())[key]
    read: Callable[..., Iterable[Quote]] = ticker_quotes if key.startswith("hft") else csv_quotes
    results = both_ways(read(shared_data, *first), read(shared_data, *second), THRESHOLDS)
    for result, side in zip(results, ("buyA_sellB", "buyB_sellA"), strict=True):
        expected = golden[side]
        assert result.window_ns == tuple(golden["window_ns"])
        assert result.evaluations == golden["evaluations"]
        assert result.max_gross_bps == expected["max_gross_bps"]
        assert result.max_at_ns == expected["max_at_ns"]
        assert {
            f"{count.threshold_bps:g}": {"episodes": count.count, "total_ms": count.total_ms}
            for count in result.episodes
        } == expected["thresholds_bps"]


# -- brute force --------------------------------------------------------------------------------

Event = tuple[int, str, float]
"""Time in ticks; "buy", "sell" (with a price), "gone buy" or "gone sell"."""

TICK_NS = 1_000
"""A tick of the walk.  Events and age limits stand on even ticks, so the walk sees between."""


def brute_force(
    events: list[Event], threshold: float, max_age: int | None
) -> tuple[tuple[int, int] | None, int, float | None, int | None, int, int]:
    """Walk every tick of the window and look at the quotes that hold there."""
    quoted = {side: [at for at, kind, _ in events if kind == side] for side in ("buy", "sell")}
    if not quoted["buy"] or not quoted["sell"]:
        return None, 0, None, None, 0, 0
    start = max(quoted["buy"][0], quoted["sell"][0])
    end = min(quoted["buy"][-1], quoted["sell"][-1])
    if start > end:
        return None, 0, None, None, 0, 0
    evaluations, count, total = 0, 0, 0
    best: float | None = None
    best_at: int | None = None
    was_open = False
    for now in range(start, end + 1):
        price: dict[str, float | None] = {}
        age: dict[str, int] = {}
        for side in ("buy", "sell"):
            last = [e for e in events if e[0] <= now and e[1] in (side, f"gone {side}")][-1]
            price[side] = last[2] if last[1] == side else None
            age[side] = now - max(at for at in quoted[side] if at <= now)
        ask, bid = price["buy"], price["sell"]
        young = max_age is None or max(age.values()) <= max_age
        gross = None if ask is None or bid is None or not young else (bid / ask - 1) * 10_000
        if now in quoted["buy"] + quoted["sell"] and gross is not None:
            evaluations += 1
            if best is None or gross > best:
                best, best_at = gross, now
            is_open = gross > threshold + 1e-9
        else:
            # Between quotes an episode goes on, unless a price is lost or has become too old.
            is_open = was_open and gross is not None
        count += is_open and not was_open
        # An edge that became too old ended one tick ago, at the last instant it was young.
        total += was_open and young
        was_open = is_open
    return (start, end), evaluations, best and round(best, 4), best_at, count, total


prices = st.sampled_from([99.0, 100.0, 100.1, 101.0])
events_drawn = st.lists(
    st.tuples(
        st.integers(0, 25).map(lambda tick: tick * 2),
        st.sampled_from(["buy", "sell", "buy", "sell", "gone buy", "gone sell"]),
        prices,
    ),
    max_size=14,
).map(lambda events: sorted(events, key=lambda event: event[0]))


@given(
    events=events_drawn,
    threshold=st.sampled_from([0.0, 5.0, 50.0]),
    max_age=st.one_of(st.none(), st.integers(0, 10).map(lambda ticks: ticks * 2)),
)
def test_statistics_equal_a_brute_force(
    events: list[Event], threshold: float, max_age: int | None
) -> None:
    """Any order of quotes, withdrawals and ages counts as a walk over every tick does."""
    pair = PairEpisodes((threshold,), None if max_age is None else max_age * TICK_NS)
    for tick, kind, price in events:
        at_ns = tick * TICK_NS
        if kind == "buy":
            pair.buy_quote(at_ns, price)
        elif kind == "sell":
            pair.sell_quote(at_ns, price)
        elif kind == "gone buy":
            pair.withdraw_buy(at_ns)
        else:
            pair.withdraw_sell(at_ns)
    result = pair.result()
    window, evaluations, best, best_at, count, total = brute_force(events, threshold, max_age)
    in_ns = None if window is None else (window[0] * TICK_NS, window[1] * TICK_NS)
    assert result.window_ns == in_ns
    assert result.evaluations == evaluations
    assert result.max_gross_bps == best
    assert result.max_at_ns == (None if best_at is None else best_at * TICK_NS)
    assert result.episodes[0].count == count
    assert result.episodes[0].total_ms == total * TICK_NS / 1e6


def test_a_lagging_feed_does_not_count_behind_its_last_quote() -> None:
    """An edge that opens after the other venue's last quote is outside the window."""
    pair = PairEpisodes((0.0,))
    pair.buy_quote(0, 100.0)
    pair.sell_quote(0, 99.0)
    pair.buy_quote(1_000_000, 100.0)
    pair.sell_quote(2_000_000, 101.0)
    pair.sell_quote(9_000_000, 200.0)
    result = pair.result()
    assert result.window_ns == (0, 1_000_000)
    assert (result.evaluations, result.max_gross_bps, result.max_at_ns) == (2, -100.0, 0)
    assert result.episodes[0].count == 0


def test_feeds_that_do_not_overlap_have_no_statistics() -> None:
    """One feed ends before the other begins: nothing is counted and nothing invented."""
    pair = PairEpisodes((0.0, 5.0))
    pair.buy_quote(1, 100.0)
    pair.buy_quote(5, 100.0)
    pair.sell_quote(6, 101.0)
    pair.sell_quote(7, 101.0)
    result = pair.result()
    assert (result.window_ns, result.evaluations) == (None, 0)
    assert (result.max_gross_bps, result.max_at_ns) == (None, None)
    assert [(e.threshold_bps, e.count, e.total_ms) for e in result.episodes] == [
        (0.0, 0, 0.0), (5.0, 0, 0.0),
    ]  # fmt: skip


def test_the_last_quote_of_one_instant_counts_and_only_once() -> None:
    """Several quotes of one timestamp are one evaluation of what they leave behind."""
    pair = PairEpisodes((0.0,))
    pair.buy_quote(1, 100.0)
    pair.sell_quote(1, 200.0)
    pair.sell_quote(1, 100.0)
    result = pair.result()
    assert (result.evaluations, result.max_gross_bps, result.episodes[0].count) == (1, 0.0, 0)


def test_thresholds_keep_their_order_and_may_repeat() -> None:
    """Results come back in the order the thresholds were given in."""
    pair = PairEpisodes((5.0, 0.0, 5.0))
    pair.buy_quote(0, 100.0)
    pair.sell_quote(0, 100.03)
    pair.buy_quote(1_000_000, 100.0)
    pair.sell_quote(1_000_000, 100.1)
    counts = [(e.threshold_bps, e.count, e.total_ms) for e in pair.result().episodes]
    assert counts == [(5.0, 1, 0.0), (0.0, 1, 1.0), (5.0, 1, 0.0)]


def test_time_must_not_go_back() -> None:
    """A quote older than the one before it is a mistake of the caller."""
    pair = PairEpisodes((0.0,))
    pair.buy_quote(2, 100.0)
    with pytest.raises(ValueError, match="time 1 comes after 2"):
        pair.sell_quote(1, 100.0)


@pytest.mark.parametrize(
    ("thresholds", "max_age_ns"), [((float("nan"),), None), ((float("inf"),), None), ((), -1)]
)
def test_arguments_out_of_range_are_refused(
    thresholds: tuple[float, ...], max_age_ns: int | None
) -> None:
    """A threshold that is no number and a negative age limit are refused at once."""
    with pytest.raises(ValueError, match=r"threshold|negative"):
        PairEpisodes(thresholds, max_age_ns)


def test_episodes_take_no_memory() -> None:
    """Counts have their place from the start: what a pair holds does not grow for hours."""
    pairs = [PairEpisodes((0.0, 1.0, 2.0, 5.0, 10.0, 20.0)) for _ in range(1_000)]

    def quoted(at_ns: int, bid: float) -> int:
        for pair in pairs:
            pair.buy_quote(at_ns, 100.0)
            pair.sell_quote(at_ns, bid)
        gc.collect()
        return sys.getallocatedblocks()

    start_ns = 10**15
    before = max(quoted(start_ns + step, 99.0) for step in range(5))
    for step in range(1, 5):
        quoted(start_ns + step * NS_PER_MS, 101.0 if step % 2 else 99.0)
    after = quoted(start_ns + 10 * NS_PER_MS, 99.0)
    assert after - before < 2 * len(pairs)
