"""What a Binance family's refusals mean: one class, one outcome and one retry for each.

Rules of this file: the code decides, then the words, then the HTTP status; a body that is not
JSON (a gateway's page) is judged by its status alone.  Nothing is retried that may have happened.
Sources: sheet `binance` sections 7 and 8, `binance_futures` section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from exchanges.binance.limits import Family, Product
from exchanges.binance.wire import ErrorBody
from exchanges.refusals import marked_classes, retry_after_s, server_time_s
from messages import errors
from messages.errors import Outcome, Retry, VenueError, retry_after

RATE_LIMIT_WAIT_S: Final = 60.0
"""Without Retry-After: the weight windows are minutes."""
FIREWALL_WAIT_S: Final = 300.0
"""After a 403 of the web application firewall: its connection window is 5 minutes."""
LONGEST_WAIT_S: Final = 3 * 86_400.0
"""The longest documented ban; a larger number in an answer is not believed."""
UNKNOWN_CODE_WAIT_S: Final = 5.0
"""A refusal nobody documented: not at once again, and not never."""
_TEXT_CHARACTERS: Final = 300
"""How much of an answer's words an error keeps."""

_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})")
_read: Final = msgspec.json.Decoder(ErrorBody).decode


class BinanceError(VenueError):
    """Marks every error that a Binance family answered."""


_CLASSES: Final = marked_classes(BinanceError)

_BY_CODE: Final[dict[int, type[VenueError]]] = {
    **dict.fromkeys((-2014, -2015, -1002, -2008, -1022), errors.AuthenticationFailed),
    -1021: errors.ClockSkewed,
    **dict.fromkeys((-1003, -1034), errors.RateLimited),
    # Too many new orders: cancels and market data may go on.
    -1015: errors.EndpointLimited,
    **dict.fromkeys(
        (*range(-1106, -1099), -1108, -1118, -1119, -1128, -1130, -1131, -1016, -1020),
        errors.InvalidRequest,
    ),
    **dict.fromkeys((-1013, -1111, *range(-1117, -1113), -1112, -2010), errors.InvalidOrder),
    **dict.fromkeys((-2021, -2022), errors.InvalidOrder),
    **dict.fromkeys((-2011, -2013, -2026, -2039), errors.UnknownOrder),
    -1121: errors.UnknownSymbol,
    -1220: errors.SymbolNotTrading,
    **dict.fromkeys((-1008, -1004), errors.VenueBusy),
    **dict.fromkeys((-1000, -1001, -1006, -1007), errors.VenueUnavailable),
}

_FUTURES_BY_CODE: Final[dict[int, type[VenueError]]] = {
    **_BY_CODE,
    **dict.fromkeys((-2018, -2019, -2024), errors.InsufficientBalance),
    **dict.fromkeys(
        (
            -2022,
            -4118,
            -2021,
            -2020,
            -5021,
            -5022,
            -4131,
            -2025,
            -2027,
            -2028,
            -4120,
            -4164,
            -4061,
            -4067,
            -4068,
            -4531,
        ),
        errors.InvalidOrder,
    ),
    **dict.fromkeys((-4141, -4140), errors.SymbolNotTrading),
    -4116: errors.DuplicateClientId,
    **dict.fromkeys((-4087, -4088, *range(-4403, -4399), -4192), errors.AuthenticationFailed),
    -5028: errors.ClockSkewed,
}

_BY_WORDS: Final[tuple[tuple[str, type[VenueError]], ...]] = (
    ("insufficient balance", errors.InsufficientBalance),
    ("Duplicate order sent", errors.DuplicateClientId),
    ("Unknown order sent", errors.UnknownOrder),
    ("Order does not exist", errors.UnknownOrder),
    ("cancel restrictions", errors.InvalidOrder),
    ("Market is closed", errors.SymbolNotTrading),
    ("This symbol is not permitted", errors.SymbolNotTrading),
    ("This symbol is restricted", errors.SymbolNotTrading),
    ("This action is disabled on this account", errors.AuthenticationFailed),
    ("This account may not place or cancel orders", errors.AuthenticationFailed),
    ("Rest API trading is not enabled", errors.AuthenticationFailed),
)
_JUDGED_BY_WORDS: Final = frozenset({-1013, -2010, -2011})

_BY_STATUS: Final[dict[int, type[VenueError]]] = {
    401: errors.AuthenticationFailed,
    403: errors.RateLimited,
    408: errors.VenueUnavailable,
    418: errors.Banned,
    429: errors.RateLimited,
    451: errors.AuthenticationFailed,
    **dict.fromkeys((400, 404, 405, 410, 411, 413, 414, 415), errors.InvalidRequest),
}

_SPOT_CANCEL_REPLACE_PARTIAL: Final = -2021


def read_error(
    family: Family, status: int, headers: Mapping[str, str], body: bytes
) -> VenueError | None:
    """Read an HTTP answer as an error; see `PublicDialect.error`."""
    if status < 400:
        return None
    code, text = _code_and_text(body)
    kind = _kind(family, status, code, text)
    outcome: Outcome | None = None
    if status == 409 or (code == _SPOT_CANCEL_REPLACE_PARTIAL and family.product is Product.SPOT):
        # A cancel-replace of which one half may have worked: the answer's data tells which.
        outcome = Outcome.UNKNOWN
    retry: Retry | None = None
    if issubclass(kind, errors.RateLimited):
        kind, retry = _wait(kind, status, headers, text)
    elif status >= 500 and (said_s := retry_after_s(headers)) is not None:
        retry = retry_after(min(said_s, LONGEST_WAIT_S))
    elif kind is VenueError:
        retry = retry_after(UNKNOWN_CODE_WAIT_S)
    return _CLASSES.get(kind, BinanceError)(
        text,
        venue=family.venue,
        code=str(code if code is not None else status),
        outcome=outcome,
        retry=retry,
    )


def _code_and_text(body: bytes) -> tuple[int | None, str]:
    try:
        answer = _read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = " ".join(body[: 4 * _TEXT_CHARACTERS].decode("utf-8", "replace").split())
        return None, text[:_TEXT_CHARACTERS] or "(empty answer)"
    return answer.code, answer.msg[:_TEXT_CHARACTERS]


def _kind(family: Family, status: int, code: int | None, text: str) -> type[VenueError]:
    if status in (418, 451):
        # A ban or a forbidden region, whatever the body says (451 comes with code 0).
        return _BY_STATUS[status]
    if code in _JUDGED_BY_WORDS:
        for words, kind in _BY_WORDS:
            if words in text:
                return kind
    codes = _BY_CODE if family.product is Product.SPOT else _FUTURES_BY_CODE
    if code is not None and code in codes:
        return codes[code]
    if status >= 500:
        return errors.VenueUnavailable
    if code is not None and status == 400:
        return VenueError
    return _BY_STATUS.get(status, VenueError)


def _wait(
    kind: type[VenueError], status: int, headers: Mapping[str, str], text: str
) -> tuple[type[VenueError], Retry]:
    """Say how long to wait: Retry-After, else the ban's end by the server's clock, else a rule."""
    until = _BANNED_UNTIL.search(text)
    if status in (418, 403) or until is not None:
        # The firewall's 403 is a ban too: it concerns the address, not what was asked.
        kind = errors.Banned
    said_s, now_s = retry_after_s(headers), server_time_s(headers)
    if said_s is None and until is not None and now_s is not None:
        said_s = max(0.0, int(until[1]) / 1000 - now_s)
    if said_s is not None:
        return kind, retry_after(min(said_s, LONGEST_WAIT_S))
    if status == 403:
        return kind, retry_after(FIREWALL_WAIT_S)
    if kind is errors.Banned:
        return kind, errors.RETRY_NEVER
    return kind, retry_after(RATE_LIMIT_WAIT_S)
