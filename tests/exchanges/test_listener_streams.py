"""What a subscription promises of streams that only listeners want, and of dropped symbols."""

from __future__ import annotations

import pytest

from exchanges.subscription import SILENT_BY_NATURE, SubscriptionContract, Topic
from messages.market import StreamKind


def _contract(*kinds: tuple[str, StreamKind]) -> SubscriptionContract:
    topics = [Topic(f"{symbol}@{kind.value}", symbol, kind) for symbol, kind in kinds]
    return SubscriptionContract(topics, ack_within_s=10, data_within_s=30)


@pytest.mark.parametrize("kind", [kind for kind in StreamKind if kind in SILENT_BY_NATURE])
def test_streams_of_trades_promise_no_data(kind: StreamKind) -> None:
    """Acknowledged and silent for a day is no failure: nobody traded."""
    contract = _contract(("BTC/USDT", kind))
    contract.asked(1, contract.topics, 0.0)
    assert contract.breach(9.0) is None
    assert "not acknowledged" in str(contract.breach(10.0))
    contract.acknowledged(1, 10.0)
    assert contract.breach(86_400.0) is None


def test_a_dropped_symbol_promises_nothing() -> None:
    """Its silence is nobody's failure; that of the others still is."""
    contract = _contract(("BTC/USDT", StreamKind.DEPTH), ("ETH/USDT", StreamKind.DEPTH))
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 1.0)
    contract.forget("BTC/USDT")
    contract.heard("ETH/USDT", StreamKind.DEPTH)
    assert not contract.silent
    assert contract.breach(86_400.0) is None
