"""Bans and breakers as they begin and end, for the log: the REST client says what holds now."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf

from actors.venue import Venue
from arbtree.log import Log


class RestWatch:
    """Looks at the REST clients of all venues now and then.

    Args:
        venues: the shared services of every venue, by name.
        log: where lines go.
    """

    def __init__(self, venues: Mapping[str, Venue], log: Log) -> None:
        self._venues = venues
        self._log = log
        self._banned: set[str] = set()
        self._open: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Write a line for everything that began or ended since the last look."""
        for name, venue in self._venues.items():
            path = f"engine/venues/{name}"
            self._look_at_ban(name, path, venue.rest.banned_for_s)
            for endpoint, state in breakers(venue).items():
                self._look_at_breaker((name, endpoint), path, state)

    def _look_at_ban(self, name: str, path: str, wait_s: float) -> None:
        if wait_s > 0.0 and name not in self._banned:
            self._banned.add(name)
            length = "for good" if isinf(wait_s) else f"for {wait_s:.1f} s"
            self._log.line("error", path, "ban", f"the venue takes no requests {length}")
        elif wait_s <= 0.0 and name in self._banned:
            self._banned.discard(name)
            self._log.line("info", path, "ban_over", "the venue takes requests again")

    def _look_at_breaker(self, key: tuple[str, str], path: str, state: str) -> None:
        endpoint = key[1]
        # The log keeps back what repeats under one name: each endpoint has its own.
        path = f"{path} {endpoint}"
        if state == "open" and key not in self._open:
            self._open.add(key)
            self._log.line("warning", path, "breaker", f"{endpoint} fails and is left alone")
        elif state == "closed" and key in self._open:
            self._open.discard(key)
            self._log.line("info", path, "breaker_over", f"{endpoint} answers again")


def breakers(venue: Venue) -> dict[str, str]:
    """The state of the breaker of every endpoint asked so far."""
    found = venue.rest.summary()["endpoints"]
    assert isinstance(found, dict)
    return {endpoint: str(each["state"]) for endpoint, each in found.items()}
