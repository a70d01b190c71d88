"""What the venue counts of our weight, and who shares one pool."""

from __future__ import annotations

from arbtree.engine import Seams, open_venues
from config.defaults import default_settings
from exchanges.registry import dialect


def test_used_weight_is_read_from_its_header() -> None:
    """The header counts; nonsense and silence are None."""
    spot = dialect("binance")
    assert spot.used_weight({"x-mbx-used-weight-1m": "1234"}) == 1234.0
    assert spot.used_weight({"x-mbx-used-weight-1m": "-1"}) is None
    assert spot.used_weight({}) is None


def test_usdm_and_coinm_share_one_budget_and_spot_has_its_own() -> None:
    """One pool for both futures products, as the venue counts them."""
    venues = open_venues(default_settings(), Seams(), {})
    budgets = {name: venue.rest.budget for name, venue in venues.items()}
    assert budgets["binance_usdm"] is budgets["binance_coinm"]
    assert budgets["binance"] is not budgets["binance_usdm"]
