"""What MEXC's refusals mean: one class, one outcome and one retry for each.

Rules of this file: the code decides, then the words, then the HTTP status; a body that is not
JSON (a gateway's page) is judged by its status alone.  Nothing is retried that may have happened.
Some refusals come with HTTP 200, so that a short answer with a code is read whatever its status.
Sources: sheet `mexc`, sections 7 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from exchanges.mexc.limits import VENUE
from exchanges.mexc.wire import ErrorBody
from exchanges.refusals import marked_classes, retry_after_s
from messages import errors
from messages.errors import Outcome, Retry, VenueError, retry_after

RATE_LIMIT_WAIT_S: Final = 600.0
"""Without Retry-After: the venue's own words are that access resumes after 10 minutes."""
FIREWALL_WAIT_S: Final = 600.0
"""After a 403 of the web application firewall, which says nothing: as for the rate limit."""
LONGEST_WAIT_S: Final = 3 * 86_400.0
"""The longest documented ban; a larger number in an answer is not believed."""
UNKNOWN_CODE_WAIT_S: Final = 5.0
"""A refusal nobody documented: not at once again, and not never."""
REFUSAL_BYTES: Final = 4_096
"""An answer with a status of success that is longer than this is no refusal."""
_TEXT_CHARACTERS: Final = 300
"""How much of an answer's words an error keeps."""

_read: Final = msgspec.json.Decoder(ErrorBody).decode


class MexcError(VenueError):
    """Marks every error that MEXC answered."""


_CLASSES: Final = marked_classes(MexcError)

# fmt: off
_BY_CODE: Final[dict[int, type[VenueError]]] = {
    **dict.fromkeys(
        (700001, 10072, 400, 401, 700002, 602, 700006, 700007, 403, 30020, 70011),
        errors.AuthenticationFailed,
    ),
    **dict.fromkeys((700003, 10073), errors.ClockSkewed),
    **dict.fromkeys((429, 510), errors.EndpointLimited),
    **dict.fromkeys((10101, 30004, 30005), errors.InsufficientBalance),
    **dict.fromkeys(
        (30002, 30003, 88013, 10095, 10096, 10097, 10102, 30010, 30087, 30018, 30019, 30041, 30025,
         30029, 30032, 30027, 30028),
        errors.InvalidOrder,
    ),
    # Mistakes of ours: content type, recvWindow, missing and illegal parameters.
    **dict.fromkeys(
        (700013, 700005, 700004, 700008, 33333, 44444, 730002), errors.InvalidRequest
    ),
    # -2011 and the others: the order may also be filled, cancelled, or not visible yet.
    **dict.fromkeys((-2011, -2013, 22222, 30026), errors.UnknownOrder),
    **dict.fromkeys((30000, 30001, 30016, 10007, 30014, 30021), errors.SymbolNotTrading),
    -1121: errors.UnknownSymbol,
    **dict.fromkeys((500, 503, 504), errors.VenueUnavailable),
    **dict.fromkeys((501, 604, 801, 11444), errors.VenueBusy),
}
# fmt: on

_ORDER_TYPE_DISABLED: Final = 30018
_OF_THE_ACCOUNT: Final = re.compile("account|账户|账号", re.IGNORECASE)
"""30018 has been seen for an account that may not place orders, in Chinese."""
_MAINTENANCE: Final = re.compile("maintenance|维护", re.IGNORECASE)
_CLIENT_ID: Final = re.compile(r"client.?order.?id", re.IGNORECASE)
"""No code is documented for a client order id used twice: an unknown refusal that names it."""

_BY_STATUS: Final[dict[int, type[VenueError]]] = {
    401: errors.AuthenticationFailed,
    # The firewall's 403 concerns the address, not what was asked.
    403: errors.Banned,
    408: errors.VenueUnavailable,
    418: errors.Banned,
    # Each endpoint has a budget of its own.
    429: errors.EndpointLimited,
    451: errors.AuthenticationFailed,
    **dict.fromkeys((400, 404, 405, 410, 411, 413, 414, 415), errors.InvalidRequest),
}

_SUCCESS_CODES: Final = frozenset({None, 0, 200})


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
    """Read an HTTP answer as an error; see `PublicDialect.error`."""
    if status < 400 and not _may_refuse(body):
        return None
    code, text, refused = _code_and_text(body)
    if status < 400 and not refused:
        return None
    kind = _kind(status, code, text)
    retry: Retry | None = None
    if issubclass(kind, errors.RateLimited):
        retry = _wait(kind, status, headers)
    elif status >= 500 and (wait_s := retry_after_s(headers)) is not None:
        retry = retry_after(min(wait_s, LONGEST_WAIT_S))
    elif kind is VenueError:
        retry = retry_after(UNKNOWN_CODE_WAIT_S)
    return _CLASSES.get(kind, MexcError)(
        text,
        venue=VENUE,
        code=str(code if code is not None else status),
        # Busy or in maintenance: whether an order went through before that is not said.
        outcome=Outcome.UNKNOWN if kind is errors.VenueBusy else None,
        retry=retry,
    )


def _may_refuse(body: bytes) -> bool:
    """Whether an answer with a status of success is worth reading as a refusal."""
    return len(body) <= REFUSAL_BYTES and body.lstrip()[:1] == b"{" and b'"code"' in body


def _code_and_text(body: bytes) -> tuple[int | None, str, bool]:
    """Read the code, the words, and whether they say no whatever the status."""
    try:
        answer = _read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = " ".join(body[: 4 * _TEXT_CHARACTERS].decode("utf-8", "replace").split())
        return None, text[:_TEXT_CHARACTERS] or "(empty answer)", False
    code = answer.code
    if isinstance(code, str):
        code = int(code) if re.fullmatch(r"-?[0-9]{1,9}", code) else None
    words = (answer.msg or answer.message or "")[:_TEXT_CHARACTERS] or "(no words)"
    return code, words, answer.success is False or code not in _SUCCESS_CODES


def _kind(status: int, code: int | None, text: str) -> type[VenueError]:
    if status in (418, 451):
        # A ban or a forbidden region, whatever the body says.
        return _BY_STATUS[status]
    if _MAINTENANCE.search(text):
        return errors.VenueBusy
    if code == _ORDER_TYPE_DISABLED and _OF_THE_ACCOUNT.search(text):
        return errors.AuthenticationFailed
    if code is not None and code in _BY_CODE:
        return _BY_CODE[code]
    if status >= 500:
        return errors.VenueUnavailable
    if code not in _SUCCESS_CODES:
        if _CLIENT_ID.search(text):
            return errors.DuplicateClientId
        if status <= 400:
            return VenueError
    return _BY_STATUS.get(status, VenueError)


def _wait(kind: type[VenueError], status: int, headers: Mapping[str, str]) -> Retry:
    """Say how long to wait: Retry-After, else a rule; a ban without an end is for ever."""
    wait_s = retry_after_s(headers)
    if wait_s is not None:
        return retry_after(min(wait_s, LONGEST_WAIT_S))
    if status == 403:
        return retry_after(FIREWALL_WAIT_S)
    return errors.RETRY_NEVER if kind is errors.Banned else retry_after(RATE_LIMIT_WAIT_S)
