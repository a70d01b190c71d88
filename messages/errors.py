"""The one exception hierarchy.

Every error states three facts: what happened (its class and text), the `outcome` of what was
asked (not sent, refused, unknown) and whether to `retry` (now, after some seconds, never).
`outage` tells a failure of the world (dial, close, silence, timeout, 5xx, 429) from a failure
of ours: the supervisor spends no restart budget on outages.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from msgspec import Struct


class Outcome(enum.Enum):
    """What is known about the request an error belongs to."""

    NOT_SENT = "not sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class RetryKind(enum.Enum):
    """Whether trying again can help."""

    NOW = "now"
    AFTER = "after"
    NEVER = "never"


class Retry(Struct, frozen=True):
    """When to try again; `after_s` is 0 unless the kind is AFTER."""

    kind: RetryKind
    after_s: float = 0.0


RETRY_NOW = Retry(RetryKind.NOW)
RETRY_NEVER = Retry(RetryKind.NEVER)


def retry_after(after_s: float) -> Retry:
    """Say that trying again helps after so many seconds (at least 0)."""
    return Retry(RetryKind.AFTER, max(0.0, after_s))


class ArbtreeError(Exception):
    """The root: everything we raise on purpose.

    Args:
        text: one clear sentence that names the thing.
        outcome: what is known about the request; the class default when left out.
        retry: whether trying again can help; the class default when left out.
    """

    default_outcome: ClassVar[Outcome] = Outcome.NOT_SENT
    default_retry: ClassVar[Retry] = RETRY_NOW
    outage: ClassVar[bool] = False

    def __init__(
        self, text: str, *, outcome: Outcome | None = None, retry: Retry | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.outcome = outcome if outcome is not None else self.default_outcome
        self.retry = retry if retry is not None else self.default_retry


# -- what the user gave us ----------------------------------------------------------------------


class UsageError(ArbtreeError):
    """The command line asks for something that does not exist or does not fit together."""

    default_retry = RETRY_NEVER


class ForeignThread(UsageError):
    """A handle was used from a thread that is not its own: only messages cross threads."""


class ConfigError(ArbtreeError):
    """The configuration is wrong; names file, table, key, what was expected and what was found."""

    default_retry = RETRY_NEVER

    def __init__(
        self, *, file: str, table: str = "", key: str = "", expected: str = "", found: str = ""
    ) -> None:
        named = table if table.startswith("[") or not table else f"[{table}]"
        place = f"{file}: " + (f"{named} " if table else "") + (f"{key}: " if key else "")
        super().__init__(f"{place}expected {expected}, found {found}")
        self.file, self.table, self.key = file, table, key
        self.expected, self.found = expected, found


class RecordingError(ArbtreeError):
    """A file is not a recording we can read, or breaks off in the middle."""

    default_retry = RETRY_NEVER


class EnvironmentFault(ArbtreeError):
    """This machine does not offer what is needed: a port in use, no network, a full disk."""


class NotAvailable(ArbtreeError):
    """Asked for something this version does not do yet; the text names the version that does."""

    default_retry = RETRY_NEVER


# -- the wire -----------------------------------------------------------------------------------


class TransportError(ArbtreeError):
    """The network failed under us."""

    outage = True


class DialFailed(TransportError):
    """No connection came about: refused, unreachable, TLS, DNS or the upgrade failed."""


class CertificateRefused(DialFailed):
    """The peer does not prove to be who it should be; no certificate heals within seconds."""

    default_retry = retry_after(60.0)


class CircuitOpen(TransportError):
    """An endpoint failed so often in a row that it is left alone for a while."""

    default_retry = retry_after(1.0)


class ConnectionLost(TransportError):
    """An open connection ended: closed by the peer, reset, or cut."""

    default_outcome = Outcome.UNKNOWN


class SilentConnection(TransportError):
    """An open connection brought nothing within its time limit."""

    default_outcome = Outcome.UNKNOWN


class TimedOut(TransportError):
    """An answer did not come within its deadline."""

    default_outcome = Outcome.UNKNOWN


class ScheduledReconnect(TransportError):
    """A connection reached its planned age, or the venue announced its end."""


class DecodeError(ArbtreeError):
    """Bytes from a venue do not mean what its protocol says they must."""


class SubscriptionFailed(TransportError):
    """A subscription brought no acknowledgement or no first data within its time limit."""


# -- books --------------------------------------------------------------------------------------


class DarkBook(ArbtreeError):
    """A book was asked for a price while it cannot prove one.

    Args:
        text: one clear sentence that names the book.
        venue, symbol: which book.
        reason: why it is dark, a value of `messages.books.DarkReason` or `stale`.
        since_ns: monotonic time since when, 0 where nobody knows.
        dark_ms: how long it has been dark.
    """

    def __init__(
        self,
        text: str,
        *,
        venue: str = "",
        symbol: str = "",
        reason: str = "",
        since_ns: int = 0,
        dark_ms: float = 0.0,
    ) -> None:
        super().__init__(text)
        self.venue, self.symbol, self.reason = venue, symbol, reason
        self.since_ns, self.dark_ms = since_ns, dark_ms


# -- what a venue answered ----------------------------------------------------------------------


class VenueError(ArbtreeError):
    """A venue said no.

    Args:
        text: the venue's own words.
        venue: the venue's id, empty where the error is not of one venue.
        code: the venue's error code as text, or the HTTP status.
        outcome: see `ArbtreeError`.
        retry: see `ArbtreeError`.
    """

    default_outcome = Outcome.REFUSED

    def __init__(
        self,
        text: str,
        *,
        venue: str = "",
        code: str = "",
        outcome: Outcome | None = None,
        retry: Retry | None = None,
    ) -> None:
        label = " ".join(part for part in (venue, code) if part)
        super().__init__(f"{label}: {text}" if label else text, outcome=outcome, retry=retry)
        self.venue, self.code, self.venue_text = venue, code, text

    def of_request(self, request: str) -> None:
        """Name what was asked (method and path) in the text: who reads an answer does not know."""
        label = " ".join(part for part in (self.venue, self.code, request) if part)
        self.text = f"{label}: {self.venue_text}"
        self.args = (self.text,)


class RateLimited(VenueError):
    """Too many requests: wait as long as the venue says, with all of them."""

    outage = True
    default_retry = retry_after(1.0)


class EndpointLimited(RateLimited):
    """Too many requests of one kind: only that endpoint has to wait."""


class Banned(RateLimited):
    """The venue refuses this address or key for a while; without an end it is never."""

    default_retry = RETRY_NEVER


class AuthenticationFailed(VenueError):
    """Key, signature, permission or region is not accepted."""

    default_retry = RETRY_NEVER


class ClockSkewed(VenueError):
    """Our clock and the venue's differ by more than it allows."""


class UnknownSymbol(VenueError):
    """The venue does not list this symbol, or the text is not a symbol."""

    default_retry = RETRY_NEVER


class SymbolNotTrading(VenueError):
    """The symbol is listed but halted, delisted or restricted."""

    default_retry = RETRY_NEVER


class BookDiverged(VenueError):
    """A book that its sequence proves is not what the venue says it is, and no resync helps."""

    default_retry = RETRY_NEVER


class InvalidRequest(VenueError):
    """The venue refused the request's form: a mistake of ours, trying again cannot help."""

    default_retry = RETRY_NEVER


class SubscriptionRefused(VenueError):
    """The venue refused a subscription in so many words; what it refuses now it may take later."""

    outage = True
    default_retry = RETRY_NOW


class InvalidOrder(VenueError):
    """An order breaks a filter or rule of the venue."""

    default_retry = RETRY_NEVER


class InsufficientBalance(VenueError):
    """Not enough of an asset for the order."""

    default_retry = RETRY_NEVER


class DuplicateClientId(VenueError):
    """An open order already carries this client order id."""

    default_retry = RETRY_NEVER


class UnknownOrder(VenueError):
    """The venue does not know the order."""

    default_retry = RETRY_NEVER


class VenueBusy(VenueError):
    """The venue is overloaded or in maintenance and refused the request."""

    outage = True
    default_retry = retry_after(1.0)


class VenueUnavailable(VenueError):
    """The venue failed (5xx, gateway page, internal timeout): the outcome is unknown."""

    outage = True
    default_outcome = Outcome.UNKNOWN
