"""Signatures against the vectors of the venue's documentation, and against a library's requests."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from exchanges.binance import auth

SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
ORDER = [
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("timeInForce", "GTC"),
    ("quantity", "1"),
    ("price", "0.1"),
    ("recvWindow", "5000"),
    ("timestamp", "1499827319559"),
]
FULLWIDTH = "\uff11\uff12\uff13\uff14\uff15\uff16"


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (FULLWIDTH, "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),
    ],
)
def test_rest_signs_the_encoded_query(symbol: str, signature: str) -> None:
    """The text signed is the text sent, percent-encoded, in the order given."""
    query = auth.signed_query([("symbol", symbol), *ORDER], SECRET)
    assert query.endswith(f"&signature={signature}")
    assert query.isascii()


@pytest.mark.parametrize(
    ("changed", "signature"),
    [
        (
            {
                "price": "52000.00",
                "quantity": "0.01000000",
                "recvWindow": "100",
                "side": "SELL",
                "symbol": "BTCUSDT",
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            {
                "price": "0.10000000",
                "quantity": "1.00000000",
                "recvWindow": "5000",
                "side": "BUY",
                "symbol": FULLWIDTH,
            },
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ],
)
def test_websocket_api_signs_raw_values_by_name(changed: dict[str, str], signature: str) -> None:
    """Sorted by name and not encoded, the key among them."""
    parameters = {
        "timestamp": "1645423376532",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "apiKey": KEY,
        **changed,
    }
    assert auth.signed_parameters(parameters, SECRET) == {**parameters, "signature": signature}


def test_user_stream_and_futures_vectors() -> None:
    """The other two signatures of the sheets."""
    parameters = {"apiKey": KEY, "timestamp": "1747385641636"}
    assert auth.signed_parameters(parameters, SECRET)["signature"] == (
        "681110a6057ad58657af22f5640fab9dd17418834cdfccdc81be8b0f7b2cde3e"
    )
    text = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=60000.5&timeInForce=IOC"
        "&newClientOrderId=arb-0001&recvWindow=5000&timestamp=1541993715000"
    )
    assert auth.sign(text, b"secret") == (
        "c00ab290ca38618a0c49fedbbaecd6862db97e47e4f1a27fd98bb73498206ce6"
    )


def test_the_published_and_the_recorded_requests(shared_data: Path) -> None:
    """Every Binance vector of the collection, the whole requests of a library included."""
    vectors = json.loads((shared_data / "signing_vectors.json").read_text())
    published = [each for each in vectors["published"] if each["venue"] == "binance"]
    for each in published:
        assert auth.sign(each["payload"], each["secret"].encode()) == each["signature"]
    secret = vectors["requests_setup"]["secret"].encode()
    signed = 0
    for each in vectors["requests"]:
        query = each["body"] or urlsplit(each["url"]).query
        if each["venue"] != "binance" or "signature=" not in query:
            continue
        parameters = parse_qsl(query)
        assert auth.signed_query(parameters[:-1], secret) == query, each["call"]
        signed += 1
    assert (len(published), signed > 3) == (2, True)
