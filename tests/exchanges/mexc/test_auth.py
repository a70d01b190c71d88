"""Signatures against the venue's published vector and against a library's requests."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from exchanges.mexc import auth

SECRET = b"45d0b3c26f2644f19bfb98b07741b2f5"
ORDER = [("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT")]
REST = [
    ("quantity", "1"),
    ("price", "11"),
    ("recvWindow", "5000"),
    ("timestamp", "1644489390087"),
]


def test_all_parameters_in_the_query() -> None:
    """The form we use: everything in the query, an empty body."""
    query = auth.signed_query(ORDER + REST, SECRET)
    expected = "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a"
    assert query == f"{auth.encode(ORDER + REST)}&signature={expected}"


def test_query_and_body_are_joined_without_a_sign_between() -> None:
    """What the body carries is signed right behind the query."""
    query = auth.signed_query(ORDER, SECRET, auth.encode(REST))
    expected = "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592"
    assert query == f"{auth.encode(ORDER)}&signature={expected}"


def test_calls_without_parameters_of_their_own() -> None:
    """Account and listen key calls sign the window and the time."""
    query = auth.signed_query(REST[2:], SECRET)
    assert query.endswith("1103ce19f47c037fc03b8b9d674e10ee76e53272851eb2a3b10321cd353fb9bf")


def test_percent_signs_are_followed_by_upper_case() -> None:
    """The venue recomputes the signature over upper-case escapes."""
    assert auth.encode([("symbol", "A,B"), ("x", "a b&c=ü")]) == "symbol=A%2CB&x=a%20b%26c%3D%C3%BC"


def test_published_vectors(shared_data: Path) -> None:
    """The documentation's own signature; the one it prints wrongly is not reproduced."""
    vectors = json.loads((shared_data / "signing_vectors.json").read_text())
    (published,) = [each for each in vectors["published"] if each["venue"] == "mexc"]
    secret = published["secret"].encode()
    assert auth.sign(published["payload"], secret) == published["signature"]
    (wrong,) = [each for each in vectors["known_wrong_in_docs"] if each["venue"] == "mexc"]
    signature = auth.sign(wrong["payload"], wrong["secret"].encode())
    assert signature == wrong["true_signature"] != wrong["printed_signature"]


def test_requests_of_a_library(shared_data: Path) -> None:
    """Every signed request made by ccxt carries the signature and the headers we would send."""
    vectors = json.loads((shared_data / "signing_vectors.json").read_text())
    secret = vectors["requests_setup"]["secret"].encode()
    requests = [
        each
        for each in vectors["requests"]
        if each["venue"] == "mexc" and auth.API_KEY_HEADER in each["headers"]
    ]
    assert len(requests) == 6
    for request in requests:
        query = urlsplit(request["url"]).query
        parameters = [pair for pair in parse_qsl(query) if pair[0] != "signature"]
        assert auth.signed_query(parameters, secret, request["body"] or "") == query
        name, value = auth.CONTENT_TYPE
        assert (request["headers"].get(name) == value) is (request["method"] != "GET")
