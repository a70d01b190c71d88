"""What refusals mean: class, outcome and retry; the table is the venue sheet's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.mexc import PUBLIC, MexcError
from messages import errors
from messages.errors import RETRY_NEVER, RETRY_NOW, Outcome, Retry, VenueError, retry_after


def refusal(code: int | None, text: str = "words", status: int = 400, **headers: str) -> VenueError:
    """The error of one answer; header names with underscores."""
    body = b"" if code is None else json.dumps({"code": code, "msg": text}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = PUBLIC.error(status, named, body)
    assert isinstance(error, MexcError) and error.venue == "mexc"
    return error


@pytest.mark.parametrize(
    ("codes", "kind", "outcome", "retry"),
    [
        (
            (700001, 10072, 400, 401, 700002, 602, 700006, 700007, 403, 30020, 70011),
            errors.AuthenticationFailed, Outcome.REFUSED, RETRY_NEVER,
        ),
        ((700003, 10073), errors.ClockSkewed, Outcome.REFUSED, RETRY_NOW),
        (
            (700013, 700005, 700004, 700008, 33333, 44444, 730002),
            errors.InvalidRequest, Outcome.REFUSED, RETRY_NEVER,
        ),
        ((429, 510), errors.RateLimited, Outcome.REFUSED, retry_after(600)),
        ((10101, 30004, 30005), errors.InsufficientBalance, Outcome.REFUSED, RETRY_NEVER),
        (
            (30002, 30003, 88013, 10095, 10096, 10097, 10102, 30010, 30087, 30018, 30019, 30041,
             30025, 30029, 30032, 30027, 30028),
            errors.InvalidOrder, Outcome.REFUSED, RETRY_NEVER,
        ),
        ((-2011, -2013, 22222, 30026), errors.UnknownOrder, Outcome.REFUSED, RETRY_NEVER),
        (
            (30000, 30001, 30016, 10007, 30014, 30021),
            errors.SymbolNotTrading, Outcome.REFUSED, RETRY_NEVER,
        ),
        ((-1121,), errors.UnknownSymbol, Outcome.REFUSED, RETRY_NEVER),
        ((500, 503, 504), errors.VenueUnavailable, Outcome.UNKNOWN, RETRY_NOW),
        ((501, 604, 801, 11444), errors.VenueBusy, Outcome.UNKNOWN, retry_after(1)),
    ],
)  # fmt: skip
def test_codes(
    codes: tuple[int, ...], kind: type[VenueError], outcome: Outcome, retry: Retry
) -> None:
    """Every code of the sheet has its class, whatever the HTTP status around it."""
    for code in codes:
        for status in (200, 400):
            error = refusal(code, status=status)
            assert isinstance(error, kind)
            assert (error.outcome, error.retry, error.code) == (outcome, retry, str(code))


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (30018, "market order is disabled for API", errors.InvalidOrder),
        (30018, "\u8d26\u6237\u6682\u65f6\u65e0\u6cd5\u4e0b\u5355", errors.AuthenticationFailed),
        (99999, "System Maintenance, try later", errors.VenueBusy),
        (99999, "duplicate clientOrderId", errors.DuplicateClientId),
        (700008, "newClientOrderId has illegal characters", errors.InvalidRequest),
    ],
)
def test_words(code: int, text: str, kind: type[VenueError]) -> None:
    """Where one code has two meanings, or none is documented, the words decide."""
    assert isinstance(refusal(code, text), kind)


def test_a_code_nobody_documented() -> None:
    """Not at once again, and not never."""
    error = refusal(123456)
    assert type(error) is MexcError
    assert (error.outcome, error.retry) == (Outcome.REFUSED, retry_after(5))


@pytest.mark.parametrize(
    ("status", "kind", "outcome", "retry"),
    [
        (400, errors.InvalidRequest, Outcome.REFUSED, RETRY_NEVER),
        (401, errors.AuthenticationFailed, Outcome.REFUSED, RETRY_NEVER),
        (403, errors.RateLimited, Outcome.REFUSED, retry_after(600)),
        (404, errors.InvalidRequest, Outcome.REFUSED, RETRY_NEVER),
        (418, errors.Banned, Outcome.REFUSED, RETRY_NEVER),
        (429, errors.RateLimited, Outcome.REFUSED, retry_after(600)),
        (451, errors.AuthenticationFailed, Outcome.REFUSED, RETRY_NEVER),
        (500, errors.VenueUnavailable, Outcome.UNKNOWN, RETRY_NOW),
        (502, errors.VenueUnavailable, Outcome.UNKNOWN, RETRY_NOW),
        (504, errors.VenueUnavailable, Outcome.UNKNOWN, RETRY_NOW),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>\n <h1>Denied</h1></html>", b'{"x":1}', b"[]"])
def test_statuses(
    status: int, kind: type[VenueError], outcome: Outcome, retry: Retry, body: bytes
) -> None:
    """A body without a code is judged by the status; HTML and nothing at all do no harm."""
    error = PUBLIC.error(status, {}, body)
    assert isinstance(error, kind) and isinstance(error, MexcError)
    assert (error.outcome, error.retry, error.code) == (outcome, retry, str(status))
    assert "\n" not in error.text and error.venue_text


@pytest.mark.parametrize(
    ("status", "after", "retry"),
    [
        (429, "7", retry_after(7)),
        (429, "soon", retry_after(600)),
        (429, "-1", retry_after(600)),
        (429, "nan", retry_after(600)),
        (418, "120", retry_after(120)),
        (418, "99999999", retry_after(3 * 86_400)),
        (403, "3", retry_after(3)),
    ],
)
def test_retry_after(status: int, after: str, retry: Retry) -> None:
    """The venue's own words win, as far as they can be believed."""
    assert refusal(None, status=status, retry_after=after).retry == retry


def test_a_ban_is_a_ban_whatever_the_body_says() -> None:
    """HTTP 418 wins over a code."""
    assert isinstance(refusal(30002, status=418), errors.Banned)


@pytest.mark.parametrize(
    "body",
    [
        b'{"success":false,"code":10007,"message":"symbol not support api"}',
        b'{"code":"10007","msg":"symbol not support api","_extend":null}',
    ],
)
def test_the_other_shape_of_a_refusal(body: bytes) -> None:
    """`message` for `msg`, a code as text, and HTTP 200."""
    error = PUBLIC.error(200, {}, body)
    assert isinstance(error, errors.SymbolNotTrading)
    assert (error.venue_text, error.code) == ("symbol not support api", "10007")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b'{"serverTime":1}', b'{"data":[],"code":0,"msg":"success"}',
        b'{"data":[],"code":200,"msg":null}', b'[{"code":30002,"msg":"of one order"}]',
        b'{"lastUpdateId":1,"bids":[],"asks":[],"pad":"' + b"x" * 5_000 + b'","code":1}',
        b'<html>"code"</html>',
    ],
)  # fmt: skip
def test_answers_that_are_no_refusal(body: bytes) -> None:
    """Success codes, other objects, partial failures of a batch, and what is too long."""
    assert PUBLIC.error(200, {}, body) is None


@given(st.sampled_from((200, 302, 400, 403, 418, 429, 500)), st.binary(max_size=60))
def test_noise(status: int, body: bytes) -> None:
    """Whatever the body, a status of failure is an error and nothing is raised."""
    error = PUBLIC.error(status, {}, body)
    assert (error is not None) or status < 400


def test_no_success_whatever_the_code() -> None:
    """`success` false is a refusal even where the code says nothing."""
    error = PUBLIC.error(200, {}, b'{"success":false,"code":0,"message":"no"}')
    assert type(error) is MexcError
    assert (error.venue_text, error.retry) == ("no", retry_after(5))
    assert PUBLIC.error(200, {}, b'{"success":true,"code":0,"data":{}}') is None
