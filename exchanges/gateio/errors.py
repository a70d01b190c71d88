"""What Gate's refusals mean: one class, one outcome and one retry for each.

Rules of this file: the label decides, then the HTTP status; a body that is not JSON (a gateway's
page) is judged by its status alone.  Nothing is retried that may have happened.  Sources: sheet
`gateio` sections 7 and 8, `gateio_futures` section 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from exchanges.gateio.limits import REQUESTS_INTERVAL_S, Family
from exchanges.gateio.wire import RefusalAnswer
from exchanges.refusals import header_seconds, marked_classes, retry_after_s, server_time_s
from messages import errors
from messages.errors import Outcome, Retry, VenueError, retry_after

LONGEST_WAIT_S: Final = 3_600.0
"""The longest cut the venue documents (fill ratio, futures); a larger number is not believed."""
FIREWALL_WAIT_S: Final = 60.0
"""After a 403 or 418 that does not say how long: a gateway's page, not the venue's refusal."""
UNKNOWN_LABEL_WAIT_S: Final = 5.0
"""A refusal nobody documented: not at once again, and not never."""
_TEXT_CHARACTERS: Final = 300
"""How much of an answer's words an error keeps."""
_FIRST_MILLISECOND_STAMP: Final = 1e11
"""A time above this is in milliseconds: in seconds it would be after the year 5000."""

_read: Final = msgspec.json.Decoder(RefusalAnswer).decode


class GateError(VenueError):
    """Marks every error that a Gate market answered."""


_CLASSES: Final = marked_classes(GateError)

_LABELS: Final[dict[type[VenueError], str]] = {
    errors.AuthenticationFailed: (
        "INVALID_KEY INVALID_CREDENTIALS INVALID_SIGNATURE MISSING_REQUIRED_HEADER"
        " AUTHENTICATION_FAILED IP_FORBIDDEN READ_ONLY FORBIDDEN ACCOUNT_LOCKED"
        " SUB_ACCOUNT_LOCKED USER_NOT_FOUND"
    ),
    errors.ClockSkewed: "REQUEST_EXPIRED",
    # Every documented limit is an endpoint's own.
    errors.EndpointLimited: "TOO_MANY_REQUESTS TOO_FAST",
    errors.InsufficientBalance: (
        "BALANCE_NOT_ENOUGH MARGIN_BALANCE_NOT_ENOUGH INSUFFICIENT_AVAILABLE"
        " FUTURES_BALANCE_NOT_ENOUGH"
    ),
    errors.InvalidOrder: (
        "INVALID_PRECISION AMOUNT_TOO_LITTLE AMOUNT_TOO_MUCH QUANTITY_NOT_ENOUGH"
        " PRICE_THRESHOLD_EXCEEDED INVALID_CLIENT_ORDER_ID MIXED_ACCOUNT_TYPE"
        " POC_FILL_IMMEDIATELY ORDER_POC_IMMEDIATE FOK_NOT_FILL ORDER_FOK CONTRACT_NO_COUNTER"
        " TOO_MANY_ORDERS CANCEL_FAIL NO_CHANGE SIZE_TOO_SMALL SIZE_TOO_LARGE"
        " PRICE_TOO_DEVIATED PRICE_OVER_LIQUIDATION PRICE_OVER_BANKRUPT RISK_LIMIT_EXCEEDED"
        " LEVERAGE_TOO_HIGH LEVERAGE_TOO_LOW LIQUIDATE_IMMEDIATELY INITIAL_MARGIN_TOO_LOW"
        " INCREASE_POSITION REDUCE_EXCEEDED POSITION_EMPTY POSITION_NOT_FOUND"
        " POSITION_IN_LIQUIDATION POSITION_IN_CLOSE POSITION_DUAL_MODE ORDER_PENDING"
        " POSITION_HOLDING"
    ),
    errors.InvalidRequest: (
        "INVALID_PARAM_VALUE INVALID_REQUEST_BODY INVALID_ARGUMENT MISSING_REQUIRED_PARAM"
        " TOO_MANY_CURRENCY_PAIRS"
    ),
    errors.UnknownOrder: (
        "ORDER_NOT_FOUND CLIENT_ID_NOT_FOUND ORDER_CLOSED ORDER_CANCELLED ORDER_FINISHED"
        " ORDER_NOT_OWNED"
    ),
    errors.DuplicateClientId: "REPEATED_CREATION DUPLICATE_REQUEST ORDER_EXISTS",
    errors.UnknownSymbol: "INVALID_CURRENCY_PAIR INVALID_CURRENCY CONTRACT_NOT_FOUND",
    errors.SymbolNotTrading: "TRADE_RESTRICTED ORDER_BOOK_NOT_FOUND CONTRACT_IN_DELISTING",
    errors.VenueUnavailable: "INTERNAL SERVER_ERROR TOO_BUSY",
}
_BY_LABEL: Final = {label: kind for kind, labels in _LABELS.items() for label in labels.split()}

_ORDER_SIZE: Final = "Your order size"
"""Begins the words of an INVALID_PARAM_VALUE that is about a filter, not about the request."""

_BY_STATUS: Final[dict[int, type[VenueError]]] = {
    401: errors.AuthenticationFailed,
    # Without a label: a gateway that refuses the address for a while.
    403: errors.Banned,
    408: errors.VenueUnavailable,
    # The venue documents no ban; should it send one, it is one.
    418: errors.Banned,
    429: errors.EndpointLimited,
    **dict.fromkeys((400, 404, 405, 410, 411, 413, 414, 415), errors.InvalidRequest),
}


def read_error(
    family: Family, status: int, headers: Mapping[str, str], body: bytes
) -> VenueError | None:
    """Read an HTTP answer as an error; see `PublicDialect.error`."""
    if status < 400:
        return None
    label, text = _label_and_text(body)
    kind = _kind(status, label, text)
    outcome: Outcome | None = None
    retry: Retry | None = None
    if kind is errors.Banned:
        wait_s = retry_after_s(headers)
        retry = retry_after(FIREWALL_WAIT_S if wait_s is None else min(wait_s, LONGEST_WAIT_S))
    elif kind is errors.EndpointLimited:
        retry = retry_after(_wait_s(headers))
    elif kind is VenueError:
        retry = retry_after(UNKNOWN_LABEL_WAIT_S)
    if status >= 500 and kind is not errors.EndpointLimited:
        # Whatever the words are, a server's failure leaves open what it did.
        outcome = Outcome.UNKNOWN
        wait_s = retry_after_s(headers)
        if wait_s is not None and kind is errors.VenueUnavailable:
            retry = retry_after(min(wait_s, LONGEST_WAIT_S))
    return _CLASSES.get(kind, GateError)(
        text, venue=family.venue, code=label or str(status), outcome=outcome, retry=retry
    )


def _label_and_text(body: bytes) -> tuple[str, str]:
    try:
        answer = _read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = " ".join(body[: 4 * _TEXT_CHARACTERS].decode("utf-8", "replace").split())
        return "", text[:_TEXT_CHARACTERS] or "(empty answer)"
    text = answer.message or answer.detail or answer.label
    return answer.label[:_TEXT_CHARACTERS], text[:_TEXT_CHARACTERS]


def _kind(status: int, label: str, text: str) -> type[VenueError]:
    if status == 429:
        return errors.EndpointLimited
    if label == "INVALID_PARAM_VALUE" and text.startswith(_ORDER_SIZE):
        return errors.InvalidOrder
    if label in _BY_LABEL:
        return _BY_LABEL[label]
    if status >= 500:
        return errors.VenueUnavailable
    if label and status == 400:
        return VenueError
    return _BY_STATUS.get(status, VenueError)


def _wait_s(headers: Mapping[str, str]) -> float:
    """Say how long to wait: Retry-After, else the reset by the server's clock, else a window."""
    wait_s = retry_after_s(headers)
    if wait_s is None:
        wait_s = until_reset_s(headers)
    return REQUESTS_INTERVAL_S if wait_s is None else min(wait_s, LONGEST_WAIT_S)


def until_reset_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from the answer's Date header to the limit's reset; None where one is missing."""
    reset = header_seconds(headers.get("x-gate-ratelimit-reset-timestamp", ""))
    now_s = server_time_s(headers)
    if reset is None or now_s is None:
        return None
    reset_s = reset / 1000 if reset > _FIRST_MILLISECOND_STAMP else reset
    return max(0.0, reset_s - now_s)
