"""Several limits at once, each in its scope, and the bans beside them."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.budget import MOST_ENDPOINTS, MOST_RULES, NO_BAN, Ban, Grant, RequestBudget, Spend
from markets.throttle import Fate
from messages.instruments import RateRule, RateUse

MEXC = (RateRule("REQUEST_WEIGHT", 500, 10.0, per_endpoint=True), RateRule("RAW_REQUESTS", 20, 1.0))
BINANCE = (RateRule("REQUEST_WEIGHT", 6000, 60.0), RateRule("RAW_REQUESTS", 300_000, 300.0))
A, B = Spend("GET /a", 50), Spend("GET /b", 50)


def spent(budget: RequestBudget, spend: Spend, now_s: float = 0.0) -> bool:
    """Spend for a request that is answered at once."""
    grant = budget.take(spend, now_s)
    if grant is not None:
        budget.settle(grant, now_s, Fate.ANSWERED)
    return grant is not None


def test_endpoints_have_limits_of_their_own() -> None:
    """One that is used up does not stop another; a limit of everyone stops both."""
    budget = RequestBudget(MEXC, 0.0)
    assert [spent(budget, A) for _ in range(5)] == [True] * 4 + [False]
    wait = budget.wait(A, 0.0)
    assert wait.everyone_s == 0.0
    assert wait.endpoint_s == pytest.approx(2.0)
    assert [spent(budget, B) for _ in range(5)] == [True] * 4 + [False]
    wait = budget.wait(Spend("GET /c"), 0.0)
    assert wait.endpoint_s == 0.0
    assert wait.everyone_s == pytest.approx(0.1)
    assert budget.wait(Spend("GET /c", priority=True), 0.0) == (0.0, 0.0)


def test_a_request_spends_from_all_buckets_or_from_none() -> None:
    """What one limit refuses costs the others nothing."""
    budget = RequestBudget(MEXC, 0.0)
    while spent(budget, A):
        pass
    before = budget.wait(Spend("GET /c"), 0.0), budget.share_left("GET /c", 0.0)
    for _ in range(100):
        assert not spent(budget, A)
    assert (budget.wait(Spend("GET /c"), 0.0), budget.share_left("GET /c", 0.0)) == before


RULES = st.lists(
    st.builds(
        RateRule,
        st.sampled_from(["REQUEST_WEIGHT", "RAW_REQUESTS"]),
        st.integers(60, 200),
        st.sampled_from([1.0, 10.0]),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda rule: (rule.what, rule.interval_s, rule.per_endpoint),
)
STEPS = st.tuples(
    st.integers(0, 800), st.sampled_from(["GET /a", "GET /b", "POST /a"]), st.integers(1, 20),
    st.booleans(), st.integers(0, 3),
)  # fmt: skip


@given(rules=RULES, steps=st.lists(STEPS, max_size=60))
def test_no_rule_is_broken_in_any_window(
    rules: list[RateRule], steps: list[tuple[int, str, int, bool, int]]
) -> None:
    """Every stretch of a rule's interval holds at most its limit, in its scope."""
    budget, now_s = RequestBudget(rules, 0.0), 0.0
    sent: list[tuple[float, str, int]] = []
    out: list[Grant] = []
    for wait_ms, endpoint, weight, priority, keep in steps:
        now_s += wait_ms / 1_000
        grant = budget.take(Spend(endpoint, weight, priority), now_s)
        if grant is not None:
            out.append(grant)
            sent.append((now_s, endpoint, weight))
        while len(out) > keep:
            budget.settle(out.pop(0), now_s, Fate.ANSWERED)
    for rule in rules:
        for start_s, endpoint, _ in sent:
            within = sum(
                weight if rule.what == "REQUEST_WEIGHT" else 1
                for at_s, name, weight in sent
                if start_s <= at_s < start_s + rule.interval_s
                and (not rule.per_endpoint or name == endpoint)
            )
            assert within <= rule.limit + 1e-6


# -- what the venue says ------------------------------------------------------------------------


def test_counts_of_answers_go_to_their_rule() -> None:
    """By word and interval; a count of no rule is left out; an endpoint's count is its own."""
    budget = RequestBudget(MEXC, 0.0)
    budget.learn("GET /a", [RateUse("REQUEST_WEIGHT", 10.0, 499.0, None, 5.0)], 0.0)
    assert budget.wait(A, 0.0).endpoint_s == 5.0
    assert budget.wait(B, 0.0) == (0.0, 0.0)
    budget.learn("GET /b", [RateUse("ORDERS", 10.0, 1e9), RateUse("REQUEST_WEIGHT", 1.0, 1e9)], 0.0)
    assert budget.wait(B, 0.0) == (0.0, 0.0)


def test_declared_limits_are_taken_over() -> None:
    """Known ones change for endpoints in use too, new ones are added, orders are no requests."""
    budget = RequestBudget(BINANCE, 0.0)
    budget.adopt(
        (
            RateRule("REQUEST_WEIGHT", 1200, 60.0),
            RateRule("ORDERS", 1, 10.0),
            RateRule("RAW_REQUESTS", 10, 1.0),
            RateRule("REQUEST_WEIGHT", 0, 60.0),
        ),
        0.0,
    )
    assert budget.wait(Spend("GET /a", 480), 0.0) == (0.0, 0.0)
    assert budget.wait(Spend("GET /a", 481), 0.0).everyone_s == inf
    assert [spent(budget, Spend("GET /a")) for _ in range(5)] == [True] * 4 + [False]
    own = RequestBudget(MEXC, 0.0)
    assert spent(own, A)
    own.adopt([RateRule("REQUEST_WEIGHT", 100, 10.0, per_endpoint=True)], 0.0)
    assert own.wait(A, 0.0).endpoint_s == own.wait(B, 0.0).endpoint_s == inf


def test_a_request_under_way_while_limits_change_gives_back_what_it_took() -> None:
    """A new rule does not get what it never gave."""
    budget = RequestBudget(BINANCE, 0.0)
    grant = budget.take(Spend("GET /a", 100), 0.0)
    assert grant is not None
    budget.adopt([RateRule("RAW_REQUESTS", 10, 1.0)], 0.0)
    budget.settle(grant, 0.0, Fate.NOT_SENT)
    assert [entry["under_way"] for entry in limits(budget)] == [0, 0, 0]
    assert budget.share_left("GET /a", 0.0) == 1.0


def limits(budget: RequestBudget) -> list[dict[str, object]]:
    """The limits of a summary."""
    found = budget.summary(0.0)["limits"]
    assert isinstance(found, list)
    return found


# -- bans ---------------------------------------------------------------------------------------


def test_a_ban_closes_its_scope_until_it_ends() -> None:
    """Nothing is granted before the named time, and a shorter ban does not shorten it."""
    budget = RequestBudget(BINANCE, 0.0)
    budget.close("GET /a", Ban(30.0, "429", "slow down"), 0.0)
    budget.close("GET /a", Ban(10.0, "429", "again"), 0.0)
    assert budget.wait(Spend("GET /a", 1, priority=True), 20.0) == (0.0, 10.0)
    assert budget.wait(Spend("GET /b"), 20.0) == (0.0, 0.0)
    assert budget.share_left("GET /a", 20.0) == 0.0
    budget.close("", Ban(inf, "418", "go away"), 20.0)
    assert budget.wait(Spend("GET /b"), 1e9) == (inf, 0.0)
    assert budget.summary(20.0)["bans"] == [
        {"of": "GET /a", "for_s": 10.0, "code": "429", "words": "slow down"},
        {"of": "all", "for_s": None, "code": "418", "words": "go away"},
    ]
    assert budget.ban("GET /a", 30.0) is NO_BAN


def test_tables_are_bounded() -> None:
    """Endpoints, rules and bans each have a limit; beyond it they share or close everything."""
    budget = RequestBudget(MEXC[:1], 0.0)
    grants = [budget.take(Spend(f"GET /{at}", 100), at * 10.0) for at in range(MOST_ENDPOINTS)]
    assert None not in grants
    now_s = MOST_ENDPOINTS * 10.0
    for at in range(2):  # two more share one set of 250 less the reserve
        assert budget.take(Spend(f"GET /more-{at}", 100), now_s) is not None
    assert budget.take(Spend("GET /more-2", 100), now_s) is None
    first = grants[0]
    assert first is not None
    budget.settle(first, now_s, Fate.ANSWERED)
    assert budget.take(Spend("GET /more-3", 100), now_s + 100.0) is not None
    for at in range(MOST_ENDPOINTS):
        budget.close(f"GET /{at}", Ban(now_s + 1.0, "429", ""), now_s)
    assert budget.ban("", now_s) is NO_BAN
    budget.close("GET /one-more", Ban(now_s + 1.0, "429", ""), now_s)
    assert budget.ban("", now_s).code == "429"
    many = RequestBudget((RateRule("RAW_REQUESTS", 9, at + 1.0) for at in range(99)), 0.0)
    assert len(limits(many)) == MOST_RULES
