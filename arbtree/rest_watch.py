"""Bans of venues as they begin and end, for the log: the REST client says only what holds now."""

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

    def look(self) -> None:
        """Write a line for every ban that began or ended since the last look."""
        for name, venue in self._venues.items():
            wait_s = venue.rest.banned_for_s
            path = f"engine/venues/{name}"
            if wait_s > 0.0 and name not in self._banned:
                self._banned.add(name)
                length = "for good" if isinf(wait_s) else f"for {wait_s:.1f} s"
                self._log.line("error", path, "ban", f"the venue takes no requests {length}")
            elif wait_s <= 0.0 and name in self._banned:
                self._banned.discard(name)
                self._log.line("info", path, "ban_over", "the venue takes requests again")
