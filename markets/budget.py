"""One pool of REST limits: every bucket and every ban that a request must pass.

Venues limit all requests of an address together, each endpoint alone, or both, and count weight
or bare requests.  A pool holds one bucket for each rule and scope; a request spends from all of
them or from none.  Venues that count together share one pool.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isinf
from typing import NamedTuple

from markets.throttle import Fate, TokenBucket
from messages.instruments import RAW_REQUESTS, REQUEST_WEIGHT, RateRule, RateUse

MOST_ENDPOINTS = 64
"""Endpoints counted by name; dialects use a dozen each.  More share one set of buckets."""

MOST_RULES = 16
"""Rules of one pool; venues declare up to four."""

OTHERS = "(others)"
"""The endpoint that stands for all beyond `MOST_ENDPOINTS`."""


class Ban(NamedTuple):
    """Why nothing is sent until a time: the venue's code and words; infinite for good."""

    until_s: float
    code: str
    words: str


NO_BAN = Ban(-inf, "", "")


class Spend(NamedTuple):
    """What a request asks of the pool."""

    endpoint: str
    weight: float = 1.0
    priority: bool = False


class Wait(NamedTuple):
    """How long a request must wait: for limits of everyone, and for those of its endpoint."""

    everyone_s: float
    endpoint_s: float

    @property
    def longest_s(self) -> float:
        """The wait for both; infinite when it never may go."""
        return max(self.everyone_s, self.endpoint_s)


Grant = tuple[tuple[TokenBucket, float], ...]
"""What a request holds while it is under way: the buckets it spent from, and how much."""


class _Limit(NamedTuple):
    rule: RateRule
    bucket: TokenBucket

    def cost(self, weight: float) -> float:
        return weight if self.rule.what == REQUEST_WEIGHT else 1.0


class RequestBudget:
    """The limits and bans of one pool.

    Args:
        rules: what the venue declares; rules that bound no requests are left out.
        now_s: monotonic time; all buckets start full.
    """

    def __init__(self, rules: Iterable[RateRule], now_s: float) -> None:
        self._everyone: list[_Limit] = []
        self._rules: list[RateRule] = []
        self._endpoints: dict[str, list[_Limit]] = {}
        self._bans: dict[str, Ban] = {}
        self.adopt(rules, now_s)

    # -- spending -------------------------------------------------------------------------------

    def wait(self, spend: Spend, now_s: float) -> Wait:
        """How long until a request may go; both 0 for now."""
        everyone_s = self.ban("", now_s).until_s - now_s
        endpoint_s = self.ban(spend.endpoint, now_s).until_s - now_s
        for limit in self._everyone:
            everyone_s = max(everyone_s, _ready_in_s(limit, spend, now_s))
        for limit in self._of(spend.endpoint, now_s):
            endpoint_s = max(endpoint_s, _ready_in_s(limit, spend, now_s))
        return Wait(max(0.0, everyone_s), max(0.0, endpoint_s))

    def take(self, spend: Spend, now_s: float) -> Grant | None:
        """Spend from every bucket if all allow it, else None.  Every grant must be settled."""
        if self.wait(spend, now_s).longest_s > 0.0:
            return None
        limits = (*self._everyone, *self._of(spend.endpoint, now_s))
        grant = tuple((limit.bucket, limit.cost(spend.weight)) for limit in limits)
        for bucket, cost in grant:
            bucket.take(cost, now_s, priority=spend.priority)
        return grant

    def settle(self, grant: Grant, now_s: float, fate: Fate) -> None:
        """End what `take` granted; once for each grant."""
        for bucket, cost in grant:
            bucket.settle(cost, now_s, fate)

    def share_left(self, endpoint: str, now_s: float) -> float:
        """The least share of a burst that an endpoint's requests have left now, 0 to 1."""
        if self.ban("", now_s) is not NO_BAN or self.ban(endpoint, now_s) is not NO_BAN:
            return 0.0
        limits = (*self._everyone, *self._of(endpoint, now_s))
        return min((limit.bucket.share_left(now_s) for limit in limits), default=1.0)

    # -- what the venue says --------------------------------------------------------------------

    def learn(self, endpoint: str, uses: Iterable[RateUse], now_s: float) -> None:
        """Believe the counts of an answer; a count of no rule we know is left out."""
        limits = (*self._everyone, *self._of(endpoint, now_s))
        for use in uses:
            for limit in limits:
                if (limit.rule.what, limit.rule.interval_s) == (use.what, use.interval_s):
                    limit.bucket.learn(
                        use.used, now_s, limit=use.limit, resets_in_s=use.resets_in_s
                    )

    def adopt(self, rules: Iterable[RateRule], now_s: float) -> None:
        """Take declared limits over: known ones change, new ones are added, none is dropped."""
        for rule in rules:
            if rule.what not in (REQUEST_WEIGHT, RAW_REQUESTS):
                continue
            if not (rule.limit > 0 and rule.interval_s > 0):
                continue
            known = next((at for at, each in enumerate(self._rules) if _same(each, rule)), None)
            if known is not None:
                self._rules[known] = rule
            elif len(self._rules) < MOST_RULES:
                self._rules.append(rule)
            else:
                continue
            self._hold(rule, now_s)

    def _hold(self, rule: RateRule, now_s: float) -> None:
        places = self._endpoints.values() if rule.per_endpoint else (self._everyone,)
        for limits in places:
            for limit in limits:
                if _same(limit.rule, rule):
                    limit.bucket.change_limit(rule.limit, now_s)
                    break
            else:
                limits.append(_Limit(rule, TokenBucket(rule.limit, rule.interval_s, now_s)))

    # -- bans -----------------------------------------------------------------------------------

    def close(self, endpoint: str, ban: Ban, now_s: float) -> None:
        """Let nothing go before the ban's end, to one endpoint or (empty) to any; longest wins."""
        for name in tuple(self._bans):
            self.ban(name, now_s)  # drops what is over
        if len(self._bans) >= MOST_ENDPOINTS and endpoint not in self._bans:
            endpoint = ""  # so many at once are no matter of endpoints any more
        if ban.until_s > max(now_s, self._bans.get(endpoint, NO_BAN).until_s):
            self._bans[endpoint] = ban

    def ban(self, endpoint: str, now_s: float) -> Ban:
        """The ban of an endpoint, or (empty) of everyone; `NO_BAN` when there is none now."""
        found = self._bans.get(endpoint, NO_BAN)
        if found is not NO_BAN and found.until_s <= now_s:
            del self._bans[endpoint]
            return NO_BAN
        return found

    # -- inspection -----------------------------------------------------------------------------

    def summary(self, now_s: float) -> dict[str, object]:
        """Every limit in use and every ban, for people."""
        limits = [("all", limit) for limit in self._everyone]
        for name, own in self._endpoints.items():
            limits += [(name, limit) for limit in own if not limit.bucket.at_rest(now_s)]
        bans = ((name, self.ban(name, now_s)) for name in tuple(self._bans))
        return {
            "limits": [
                {
                    "of": name,
                    "what": limit.rule.what,
                    "limit": limit.bucket.limit,
                    "interval_s": limit.rule.interval_s,
                    "left": round(limit.bucket.share_left(now_s), 3),
                    "under_way": limit.bucket.held,
                }
                for name, limit in limits
            ],
            "bans": [
                {
                    "of": name or "all",
                    "for_s": None if isinf(ban.until_s) else round(ban.until_s - now_s, 1),
                    "code": ban.code,
                    "words": ban.words,
                }
                for name, ban in bans
                if ban is not NO_BAN
            ],
        }

    def _of(self, endpoint: str, now_s: float) -> list[_Limit]:
        """The buckets of an endpoint, made when it is new."""
        found = self._endpoints.get(endpoint)
        if found is not None:
            return found
        rules = [rule for rule in self._rules if rule.per_endpoint]
        if not rules:
            return []
        if len(self._endpoints) >= MOST_ENDPOINTS and not self._forget(now_s):
            endpoint = OTHERS
        return self._endpoints.setdefault(
            endpoint,
            [_Limit(rule, TokenBucket(rule.limit, rule.interval_s, now_s)) for rule in rules],
        )

    def _forget(self, now_s: float) -> bool:
        """Drop an endpoint nobody uses; False when all are in use."""
        for name, limits in self._endpoints.items():
            if name != OTHERS and all(limit.bucket.at_rest(now_s) for limit in limits):
                del self._endpoints[name]
                return True
        return False


def _ready_in_s(limit: _Limit, spend: Spend, now_s: float) -> float:
    return limit.bucket.ready_in_s(limit.cost(spend.weight), now_s, priority=spend.priority)


def _same(one: RateRule, other: RateRule) -> bool:
    return (one.what, one.interval_s, one.per_endpoint) == (
        other.what,
        other.interval_s,
        other.per_endpoint,
    )
