"""How the endpoints of one venue fare: a circuit breaker for each, and what it is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from markets.breaker import BreakerState, CircuitBreaker
from markets.budget import MOST_ENDPOINTS, OTHERS
from messages.errors import (
    CircuitOpen,
    ConnectionLost,
    DecodeError,
    DialFailed,
    Outcome,
    TimedOut,
    VenueBusy,
    VenueError,
    VenueUnavailable,
    retry_after,
)

if TYPE_CHECKING:
    from messages.requests import RestRequest

AGAINST = (DialFailed, ConnectionLost, TimedOut, DecodeError, VenueUnavailable, VenueBusy)
"""What speaks against an endpoint: no connection, no answer in time, 5xx, a page for data."""

PROBED_S = 1.0
"""When to ask again while another request probes the endpoint."""


class Endpoint:
    """One endpoint: its breaker, and the words of its last failure."""

    def __init__(self, venue: str, name: str) -> None:
        self.venue = venue
        self.name = name
        self.breaker = CircuitBreaker()
        self.failed = 0
        self.kept_back = 0
        self.last_failure = ""

    def check(self, now_s: float) -> None:
        """Refuse at once what would only wait for nothing.

        Raises:
            CircuitOpen: the endpoint is left alone now.
        """
        if self.breaker.ready_in_s(now_s) > 0.0:
            self._refuse(now_s)

    def enter(self, now_s: float) -> int:
        """Let a request go; `report` must follow with the ticket this returns.

        Raises:
            CircuitOpen: the endpoint is left alone now, or another request probes it.
        """
        ticket = self.breaker.allow(now_s)
        if ticket is None:
            self._refuse(now_s)
        return ticket

    def report(self, ticket: int, error: BaseException | None, now_s: float) -> None:
        """Judge how a request ended: None for an answer, else what was raised."""
        if isinstance(error, AGAINST):
            self.failed += 1
            self.last_failure = error.text
            self.breaker.failed(ticket, now_s)
        elif error is None or _answered(error):
            self.breaker.succeeded(ticket)
        else:
            self.breaker.abandoned(ticket)

    def _refuse(self, now_s: float) -> NoReturn:
        self.kept_back += 1
        wait_s = self.breaker.ready_in_s(now_s) or PROBED_S
        text = f"{self.breaker.failures} failures in a row, the next try in {wait_s:.1f} s"
        raise CircuitOpen(
            f"{self.venue} {self.name} not sent after {text}; the last: {self.last_failure}",
            retry=retry_after(wait_s),
        )

    def summary(self) -> dict[str, object]:
        """State and counts, for people."""
        return {
            "state": self.breaker.state.value,
            "failures": self.breaker.failures,
            "failed": self.failed,
            "opened": self.breaker.opened,
            "kept_back": self.kept_back,
            "last_failure": self.last_failure,
        }


class Endpoints:
    """The endpoints of one venue, at most `MOST_ENDPOINTS`; the rest share one breaker."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._found: dict[str, Endpoint] = {}

    def of(self, request: RestRequest) -> Endpoint:
        """The endpoint of a request, made when it is new."""
        name = request.endpoint
        found = self._found.get(name)
        if found is not None:
            return found
        if len(self._found) >= MOST_ENDPOINTS and not self._forget():
            name = OTHERS
        return self._found.setdefault(name, Endpoint(self._venue, name))

    def summary(self) -> dict[str, dict[str, object]]:
        """Every endpoint asked so far."""
        return {name: found.summary() for name, found in self._found.items()}

    def left_alone(self) -> list[str]:
        """The endpoints whose breakers are not closed."""
        return [
            name
            for name, found in self._found.items()
            if found.breaker.state is not BreakerState.CLOSED
        ]

    def _forget(self) -> bool:
        """Drop an endpoint that is well; False when none is."""
        for name, found in self._found.items():
            well = found.breaker.state is BreakerState.CLOSED and not found.breaker.failures
            if well and name != OTHERS:
                del self._found[name]
                return True
        return False


def _answered(error: BaseException) -> bool:
    """Whether the venue said no, which proves that the endpoint works."""
    return isinstance(error, VenueError) and error.outcome is not Outcome.NOT_SENT
