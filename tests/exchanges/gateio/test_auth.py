"""Signatures against the vectors of the venue's documents, and against a library's requests."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from exchanges.gateio import auth
from messages.requests import RestRequest

SECRET = b"secret"
AT_S = 1541993715


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        (
            RestRequest(
                "GET",
                "/api/v4/futures/orders",
                (("contract", "BTC_USD"), ("status", "finished"), ("limit", "50")),
            ),
            (
                "55f84ea195d6fe57ce62464daaa7c3c02fa9d1dde954e4c898289c9a2407a3d6"
                "fb3faf24deff16790d726b66ac9f74526668b13bd01029199cc4fcc522418b8a"
            ),
        ),
        (
            RestRequest("GET", "/api/v4/spot/accounts"),
            (
                "80c55d80cefb6bb2aa6de5fabc92732fcedd954b8bd8cf04243e90c03e1babb9"
                "ebc501ade886ab5962ea7b008243f0e7797954678a29bbaecea919b96a89b08a"
            ),
        ),
        (
            RestRequest("DELETE", "/api/v4/spot/orders/12332324", (("currency_pair", "BTC_USDT"),)),
            (
                "7c93abcba47caab3c568120c27a94ecc8b4889b05f99967c30da32ed3b05b416"
                "5ba487fbe61f79ded47b2d5885db4f2c3a46e6cdd75a063a8d6f5f81fb787f00"
            ),
        ),
    ],
)
def test_rest_vectors(request_: RestRequest, signature: str) -> None:
    """The sheet's requests get the sheet's signatures."""
    headers = dict(auth.signed_headers(request_, "key", SECRET, AT_S))
    assert (headers["SIGN"], headers["Timestamp"], headers["KEY"]) == (
        signature,
        "1541993715",
        "key",
    )


def test_the_query_is_signed_decoded() -> None:
    """Percent signs are for the wire only."""
    plain = RestRequest("GET", "/api/v4/spot/x", (("text", "t-a b"),))
    encoded = RestRequest("GET", "/api/v4/spot/x", (("text", "t-a%20b"),))
    assert auth.signed_text(plain, 1) == auth.signed_text(encoded, 1)


def test_websocket_vectors() -> None:
    """Private subscriptions and logins of both markets."""
    subscribed = auth.channel_signature("spot.orders", "subscribe", AT_S, SECRET)
    assert subscribed.startswith("e9c13b956612d4af11a7fd2025729fe28979b16153cf00e3aff2e4c7dd0155f4")
    subscribed = auth.channel_signature("futures.orders", "subscribe", AT_S, SECRET)
    assert subscribed.startswith("4cdab02f21aba635fce8684a050806325cb4aa74a93d00c39f2084da73614d2e")
    login = auth.command_signature("spot.login", "{}", AT_S, SECRET)
    assert login.startswith("8a2633d2a20b58cd3a9d9fb15e95462b9c26108a29c861037dd58a4b58450ace")
    login = auth.command_signature("futures.login", "", AT_S, SECRET)
    assert login.startswith("2085a2b6f0343904fb273d0dd6fbe5c4724286a72284822976925ec2496b8f74")


def test_published_signatures(shared_data: Path) -> None:
    """The published vector of the venue's documentation."""
    vectors = json.loads((shared_data / "signing_vectors.json").read_text())["published"]
    found = [each for each in vectors if each["venue"] == "gate"]
    assert found
    for each in found:
        request = RestRequest(each["method"], each["path"], body=each["body"].encode())
        at_s, secret = int(each["timestamp"]), each["secret"].encode()
        assert auth.signed_text(request, at_s) == each["payload"]
        assert auth.sign(each["payload"], secret) == each["signature"]


def test_requests_of_ccxt(shared_data: Path) -> None:
    """Whole requests that another library made at a frozen clock."""
    vectors = json.loads((shared_data / "signing_vectors.json").read_text())
    secret, checked = vectors["requests_setup"]["secret"].encode(), 0
    for each in vectors["requests"]:
        if each["venue"] != "gate" or "SIGN" not in each["headers"]:
            continue
        parts = urlsplit(each["url"])
        request = RestRequest(
            each["method"],
            parts.path,
            tuple(parse_qsl(parts.query, keep_blank_values=True)),
            body=(each["body"] or "").encode(),
        )
        headers = dict(
            auth.signed_headers(
                request, each["headers"]["KEY"], secret, int(each["headers"]["Timestamp"])
            )
        )
        assert headers["SIGN"] == each["headers"]["SIGN"]
        checked += 1
    assert checked >= 5
