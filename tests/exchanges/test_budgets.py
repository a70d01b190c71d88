"""What venues count of our requests, who shares a pool, and whether our requests fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from arbtree.engine import Seams, open_venues
from config.defaults import default_settings
from exchanges.contract import PublicDialect
from exchanges.registry import dialect, venues
from markets.budget import RequestBudget, Spend
from messages.errors import UnknownSymbol
from messages.instruments import RateUse, SymbolInfo


def test_used_weight_is_read_from_its_header() -> None:
    """The header counts, for the minute of the venue's clock; nonsense and silence do not."""
    spot, used = dialect("binance"), {"x-mbx-used-weight-1m": "1234"}
    assert spot.rate_use(used) == (RateUse("REQUEST_WEIGHT", 60.0, 1234.0),)
    (use,) = spot.rate_use(used | {"date": "Tue, 14 Nov 2023 22:13:20 GMT"})
    assert use.resets_in_s == 40.0
    assert spot.rate_use({"x-mbx-used-weight-1m": "-1"}) == ()
    assert spot.rate_use({}) == ()


def test_usdm_and_coinm_share_one_budget_and_spot_has_its_own() -> None:
    """One pool for both futures products, as the venue counts them."""
    opened = open_venues(default_settings(), Seams(), {})
    budgets = {name: venue.rest.budget for name, venue in opened.items()}
    assert budgets["binance_usdm"] is budgets["binance_coinm"]
    assert budgets["binance"] is not budgets["binance_usdm"]


@pytest.mark.parametrize("venue", venues())
def test_what_answers_tell_is_about_a_rule(venue: str) -> None:
    """A count is believed only for a rule of the same word and interval: each finds one."""
    public = dialect(venue)
    uses = public.rate_use(
        {
            "x-mbx-used-weight-1m": "7",
            "x-gate-ratelimit-limit": "200",
            "x-gate-ratelimit-requests-remain": "193",
        }
    )
    assert bool(uses) is (venue != "mexc")
    rules = {(rule.what, rule.interval_s) for rule in public.limits.rest}
    assert {(use.what, use.interval_s) for use in uses} <= rules
    assert all(use.used == 7 for use in uses)


@pytest.mark.parametrize("venue", venues())
def test_every_public_request_fits_into_its_budget(venue: str) -> None:
    """No request of ours is heavier than what ordinary requests may ever spend."""
    public = dialect(venue)
    info = next(iter(_infos(public)))
    budget = RequestBudget(public.limits.rest, 0.0)
    for request in (
        public.venue_info_request(),
        public.snapshot_request(info, public.limits.snapshot_levels),
        public.tickers_request(),
        public.trades_request(info, 1000),
        public.klines_request(info, "1m", 1000),
        public.server_time_request(),
    ):
        assert request.method == "GET"
        spend = Spend(request.endpoint, request.weight)
        assert budget.wait(spend, 0.0) == (0.0, 0.0), request
        assert "/{" not in request.path and info.native not in request.path


def _infos(public: PublicDialect) -> Iterator[SymbolInfo]:
    for native in ("BTCUSDT", "BTC_USDT", "BTCUSD_PERP"):
        with suppress(UnknownSymbol):
            yield public.symbol_from_native(native)
