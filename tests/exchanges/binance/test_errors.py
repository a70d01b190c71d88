"""What refusals mean: class, outcome and retry, for every code of the two sheets."""

from __future__ import annotations

# Samples and tables are laid out by hand, one case a line.
# fmt: off
import json

import pytest

from exchanges.binance import BinanceError
from exchanges.registry import dialect
from messages import errors
from messages.errors import Outcome, RetryKind, VenueError

SPOT_CODES: dict[type[VenueError], tuple[int, ...]] = {
    errors.AuthenticationFailed: (-2014, -2015, -1002, -2008, -1022),
    errors.ClockSkewed: (-1021,),
    errors.RateLimited: (-1003, -1015, -1034),
    errors.InvalidRequest: (-1100, -1103, -1106, -1108, -1118, -1128, -1130, -1131, -1016, -1020),
    errors.InvalidOrder: (-1013, -1111, -1114, -1117, -1112, -2010),
    errors.UnknownOrder: (-2011, -2013, -2026, -2039),
    errors.UnknownSymbol: (-1121,),
    errors.SymbolNotTrading: (-1220,),
    errors.VenueBusy: (-1008, -1004),
    errors.VenueUnavailable: (-1000, -1001, -1006, -1007),
}
FUTURES_CODES: dict[type[VenueError], tuple[int, ...]] = {
    errors.InsufficientBalance: (-2018, -2019, -2024),
    errors.InvalidOrder: (-2022, -4118, -2021, -2020, -5021, -5022, -4131, -2025, -2027, -2028,
                          -4120, -4164, -4061, -4067, -4068, -4531),
    errors.SymbolNotTrading: (-4141, -4140),
    errors.DuplicateClientId: (-4116,),
    errors.AuthenticationFailed: (-4087, -4088, -4400, -4403, -4192),
    errors.ClockSkewed: (-5028,),
    errors.UnknownOrder: (-2011, -2013),
    errors.VenueBusy: (-1008,),
    errors.VenueUnavailable: (-1006, -1007),
}

BANNED = (
    b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1659146400000. '
    b'Please use WebSocket Streams for live updates to avoid bans."}'
)


def refuse(
    code: int | None = None,
    msg: str = "Some words.",
    *,
    status: int = 400,
    venue: str = "binance",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> VenueError:
    """Read a refusal; it must be one."""
    if body is None:
        body = json.dumps({"code": code, "msg": msg}).encode()
    error = dialect(venue).error(status, headers or {}, body)
    assert isinstance(error, BinanceError), "every refusal carries the venue's marker"
    assert isinstance(error, VenueError)
    assert error.venue == venue
    return error


@pytest.mark.parametrize(
    ("venue", "kind", "code"),
    [("binance", kind, code) for kind, codes in SPOT_CODES.items() for code in codes]
    + [(venue, kind, code) for venue in ("binance_usdm", "binance_coinm")
       for kind, codes in FUTURES_CODES.items() for code in codes],
)
def test_codes(venue: str, kind: type[VenueError], code: int) -> None:
    """One class for each code; the code and the venue's words stay readable."""
    error = refuse(code, venue=venue)
    assert isinstance(error, kind)
    assert (error.code, error.venue_text) == (str(code), "Some words.")
    unknown = issubclass(kind, errors.VenueUnavailable)
    assert error.outcome is (Outcome.UNKNOWN if unknown else Outcome.REFUSED)
    assert error.outage is kind.outage


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (-2010, "Account has insufficient balance for requested action.",
         errors.InsufficientBalance),
        (-2010, "Duplicate order sent.", errors.DuplicateClientId),
        (-2010, "Market is closed.", errors.SymbolNotTrading),
        (-1013, "Market is closed.", errors.SymbolNotTrading),
        (-2010, "This symbol is not permitted for this account.", errors.SymbolNotTrading),
        (-2010, "This symbol is restricted for this account.", errors.SymbolNotTrading),
        (-2010, "Order would immediately match and take.", errors.InvalidOrder),
        (-1013, "Filter failure: PRICE_FILTER", errors.InvalidOrder),
        (-2011, "Unknown order sent.", errors.UnknownOrder),
        (-2011, "Order was not canceled due to cancel restrictions.", errors.InvalidOrder),
        (-2010, "This action is disabled on this account.", errors.AuthenticationFailed),
        (-2010, "Rest API trading is not enabled.", errors.AuthenticationFailed),
        (-2010, "This account may not place or cancel orders.", errors.AuthenticationFailed),
    ],
)
def test_codes_that_need_their_words(code: int, words: str, kind: type[VenueError]) -> None:
    """Three codes mean many things; the words tell which."""
    assert type(refuse(code, words)).__mro__[2] is kind


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "retry", "after_s"),
    [
        (429, {"retry-after": "17"}, b'{"code":-1003,"msg":"Too much request weight used"}',
         errors.RateLimited, RetryKind.AFTER, 17.0),
        (429, {}, b"", errors.RateLimited, RetryKind.AFTER, 60.0),
        (429, {"retry-after": "nan"}, b"", errors.RateLimited, RetryKind.AFTER, 60.0),
        (429, {"retry-after": "-5"}, b"", errors.RateLimited, RetryKind.AFTER, 60.0),
        (418, {"retry-after": "120"}, b"", errors.Banned, RetryKind.AFTER, 120.0),
        (418, {"retry-after": "9e9"}, b"", errors.Banned, RetryKind.AFTER, 259_200.0),
        (418, {"date": "Sat, 30 Jul 2022 01:00:00 GMT"},
         BANNED,
         errors.Banned, RetryKind.AFTER, 3600.0),
        (429, {"date": "Sat, 30 Jul 2022 03:00:00 GMT"},
         b'{"code":-1003,"msg":"IP banned until 1659146400000."}', errors.Banned,
         RetryKind.AFTER, 0.0),
        (418, {"date": "yesterday"}, b'{"code":-1003,"msg":"IP banned until 1659146400000."}',
         errors.Banned, RetryKind.NEVER, 0.0),
        (418, {}, b"", errors.Banned, RetryKind.NEVER, 0.0),
        (418, {"retry-after": "9"}, b'{"code":-2015,"msg":"Invalid API-key"}', errors.Banned,
         RetryKind.AFTER, 9.0),
        (403, {}, b"<html><body>403 Forbidden</body></html>", errors.RateLimited,
         RetryKind.AFTER, 300.0),
        (451, {}, b'{"code":0,"msg":"Service unavailable from a restricted location"}',
         errors.AuthenticationFailed, RetryKind.NEVER, 0.0),
        (401, {}, b"", errors.AuthenticationFailed, RetryKind.NEVER, 0.0),
        (404, {}, b"<html>404</html>", errors.InvalidRequest, RetryKind.NEVER, 0.0),
        (410, {}, b"<html>Gone</html>", errors.InvalidRequest, RetryKind.NEVER, 0.0),
        (500, {}, b"", errors.VenueUnavailable, RetryKind.NOW, 0.0),
        (502, {}, b"<html>\n<h1>bad gateway</h1></html>", errors.VenueUnavailable,
         RetryKind.NOW, 0.0),
        (503, {}, b'{"code":-99,"msg":"Unknown error"}', errors.VenueUnavailable,
         RetryKind.NOW, 0.0),
        (504, {}, b'{"code":-1007,"msg":"Timeout waiting for response"}',
         errors.VenueUnavailable, RetryKind.NOW, 0.0),
        (408, {}, b"", errors.VenueUnavailable, RetryKind.NOW, 0.0),
        (503, {}, b'{"code":-1008,"msg":"Server is currently overloaded"}', errors.VenueBusy,
         RetryKind.AFTER, 1.0),
        (400, {}, b'{"code":-9999,"msg":"news"}', BinanceError, RetryKind.AFTER, 5.0),
    ],
)
def test_status_bans_and_bodies_that_are_not_json(
    status: int, headers: dict[str, str], body: bytes, kind: type[VenueError],
    retry: RetryKind, after_s: float,
) -> None:
    """How long to wait comes from Retry-After, else from the ban's end and the server's clock."""
    error = refuse(status=status, headers=headers, body=body)
    assert isinstance(error, kind)
    assert type(error) is BinanceError or kind is not BinanceError
    assert (error.retry.kind, error.retry.after_s) == (retry, after_s)
    unknown = isinstance(error, errors.VenueUnavailable)
    assert error.outcome is (Outcome.UNKNOWN if unknown else Outcome.REFUSED)
    assert "\n" not in str(error) and len(str(error)) < 400


def test_half_done_cancel_replace_is_unknown() -> None:
    """On spot -2021 and HTTP 409 say that one half may have worked; on futures -2021 does not."""
    assert refuse(-2021, status=409).outcome is Outcome.UNKNOWN
    assert refuse(-2022, status=409).outcome is Outcome.UNKNOWN
    assert refuse(-2021, venue="binance_usdm").outcome is Outcome.REFUSED


def test_what_is_no_error() -> None:
    """An answer below 400 is none, whatever it says."""
    assert dialect("binance").error(200, {}, b'{"code":200,"msg":"done"}') is None
    assert dialect("binance").error(302, {}, b"") is None
