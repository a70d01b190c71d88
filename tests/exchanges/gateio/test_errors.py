"""What the venue's refusals mean."""

from __future__ import annotations

import json

import pytest

from exchanges.gateio import GateError
from messages import errors
from messages.errors import RETRY_NEVER, RETRY_NOW, Outcome, RetryKind, VenueError
from tests.exchanges.gateio.samples import public


def refused(status: int, label: str, message: str = "words", **headers: str) -> VenueError:
    """An answer with a label, read as an error; underscores in header names stand for dashes."""
    body = json.dumps({"label": label, "message": message}).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    found = public(False).error(status, named, body)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("label", "kind", "retry"),
    [
        ("INVALID_KEY", errors.AuthenticationFailed, RETRY_NEVER),
        ("IP_FORBIDDEN", errors.AuthenticationFailed, RETRY_NEVER),
        ("REQUEST_EXPIRED", errors.ClockSkewed, RETRY_NOW),
        ("BALANCE_NOT_ENOUGH", errors.InsufficientBalance, RETRY_NEVER),
        ("INVALID_PARAM_VALUE", errors.InvalidRequest, RETRY_NEVER),
        ("POC_FILL_IMMEDIATELY", errors.InvalidOrder, RETRY_NEVER),
        ("INCREASE_POSITION", errors.InvalidOrder, RETRY_NEVER),
        ("ORDER_NOT_FOUND", errors.UnknownOrder, errors.UnknownOrder.default_retry),
        ("INVALID_CURRENCY_PAIR", errors.UnknownSymbol, RETRY_NEVER),
        ("CONTRACT_NOT_FOUND", errors.UnknownSymbol, RETRY_NEVER),
        ("TRADE_RESTRICTED", errors.SymbolNotTrading, RETRY_NEVER),
    ],
)
def test_labels(label: str, kind: type[VenueError], retry: errors.Retry) -> None:
    """A label decides class and retry; the marker and the facts ride along."""
    found = refused(400, label)
    assert isinstance(found, kind) and isinstance(found, GateError)
    assert (found.venue, found.code, found.venue_text) == ("gateio", label, "words")
    assert (found.outcome, found.retry) == (Outcome.REFUSED, retry)


def test_an_order_below_the_minimum() -> None:
    """The same label is a filter's where the words say so."""
    words = "Your order size 0.003749448 USDT is too small. The minimum is 3 USDT"
    assert isinstance(refused(400, "INVALID_PARAM_VALUE", words), errors.InvalidOrder)


def test_detail_instead_of_message() -> None:
    """Some refusals call their words `detail`."""
    found = public(False).error(404, {}, b'{"label":"ORDER_NOT_FOUND","detail":"gone"}')
    assert found is not None and found.venue_text == "gone"


@pytest.mark.parametrize("label", ["INTERNAL", "SERVER_ERROR", "TOO_BUSY"])
def test_the_outcome_of_a_server_failure_is_unknown(label: str) -> None:
    """A server that failed may have done it."""
    found = refused(500, label)
    assert isinstance(found, errors.VenueUnavailable) and found.outcome is Outcome.UNKNOWN


def test_any_label_with_a_server_status_is_unknown() -> None:
    """Words of a refusal beside a 5xx are not believed as far as the outcome goes."""
    assert refused(502, "ORDER_NOT_FOUND").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, 10.0),
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "soon"}, 10.0),
        ({"retry_after": "1e9"}, 3_600.0),
        (
            {
                "x_gate_ratelimit_reset_timestamp": "1700000004",
                "date": "Tue, 14 Nov 2023 22:13:20 GMT",
            },
            4.0,
        ),
        (
            {
                "x_gate_ratelimit_reset_timestamp": "1700000004500",
                "date": "Tue, 14 Nov 2023 22:13:20 GMT",
            },
            4.5,
        ),
        ({"x_gate_ratelimit_reset_timestamp": "1700000004"}, 10.0),
    ],
)
def test_rate_limits(headers: dict[str, str], wait_s: float) -> None:
    """The wait is Retry-After, else the time to the reset, else one window."""
    found = refused(429, "TOO_MANY_REQUESTS", **headers)
    assert isinstance(found, errors.RateLimited) and found.outcome is Outcome.REFUSED
    assert (found.retry.kind, found.retry.after_s) == (RetryKind.AFTER, wait_s)


def test_an_undocumented_label() -> None:
    """Neither at once again nor never."""
    found = refused(400, "SOMETHING_NEW")
    assert isinstance(found, GateError) and found.retry.kind is RetryKind.AFTER


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (502, errors.VenueUnavailable, Outcome.UNKNOWN),
        (504, errors.VenueUnavailable, Outcome.UNKNOWN),
        (429, errors.RateLimited, Outcome.REFUSED),
        (403, errors.RateLimited, Outcome.REFUSED),
        (401, errors.AuthenticationFailed, Outcome.REFUSED),
        (404, errors.InvalidRequest, Outcome.REFUSED),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"<html>\n<h1>Gateway</h1></html>", b"\xff\xfe", b"[" * 2_000]
)
def test_pages(status: int, kind: type[VenueError], outcome: Outcome, body: bytes) -> None:
    """Without a label the status decides; the code is the status."""
    found = public(True).error(status, {}, body)
    assert isinstance(found, kind) and isinstance(found, GateError)
    assert (found.code, found.outcome) == (str(status), outcome)
    assert "\n" not in found.text and len(found.text) < 400


@pytest.mark.parametrize("status", [200, 201, 304])
def test_no_error(status: int) -> None:
    """Anything below 400 is none."""
    assert public(False).error(status, {}, b"{}") is None
