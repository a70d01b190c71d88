"""The subscription contract: acknowledged and followed by data in time, or broken."""

from __future__ import annotations

from exchanges.subscription import SubscriptionContract, Topic
from messages.market import StreamKind

DEPTH, QUOTE = StreamKind.DEPTH, StreamKind.BEST_QUOTE


def _contract(*symbols: str) -> SubscriptionContract:
    topics = [
        Topic(f"{symbol}@{kind.value}", symbol, kind)
        for symbol in symbols
        for kind in (DEPTH, QUOTE)
    ]
    return SubscriptionContract(topics, ack_within_s=10.0, data_within_s=30.0)


def test_a_kept_contract_is_never_breached() -> None:
    """Acknowledged and heard on every stream: nothing is due any more."""
    contract = _contract("A", "B")
    contract.asked(1, 4, 0.0)
    contract.acknowledged(1, 0.5)
    for symbol in ("A", "B"):
        contract.heard(symbol, DEPTH)
        contract.heard(symbol, QUOTE)
    assert not contract.silent
    assert contract.breach(1e9) is None
    assert contract.confirmed == 4


def test_a_missing_acknowledgement_breaks_it_at_its_deadline() -> None:
    """One of two commands is never confirmed: the breach names it."""
    contract = _contract("A")
    contract.asked(1, 1, 0.0)
    contract.asked(2, 1, 1.0)
    contract.acknowledged(1, 0.2)
    assert contract.breach(10.9) is None
    breach = contract.breach(11.0)
    assert breach is not None
    assert "command 2" in breach


def test_silence_beside_data_of_the_same_symbol_breaks_it() -> None:
    """The depth stream says nothing although the symbol's quotes flow: a wrong route."""
    contract = _contract("A", "B")
    contract.asked(1, 4, 0.0)
    contract.acknowledged(1, 1.0)
    contract.heard("A", QUOTE)
    assert contract.breach(30.9) is None
    breach = contract.breach(31.0)
    assert breach is not None
    assert "A@depth" in breach


def test_silence_of_everything_breaks_it() -> None:
    """Every stream is acknowledged and silent: the whole connection is on the wrong route."""
    contract = _contract("A", "B")
    contract.asked(1, 4, 0.0)
    contract.acknowledged(1, 1.0)
    breach = contract.breach(31.0)
    assert breach is not None
    assert "all 4 streams" in breach


def test_a_symbol_that_nobody_trades_is_quiet_not_broken() -> None:
    """One symbol flows, the other is silent on all its streams: it is named as quiet."""
    contract = _contract("A", "B")
    contract.asked(1, 4, 0.0)
    contract.acknowledged(1, 1.0)
    contract.heard("A", QUOTE)
    contract.heard("A", DEPTH)
    assert contract.breach(31.0) is None
    assert contract.quiet == ("B",)


def test_a_refusal_is_counted_and_waits_for_nothing() -> None:
    """A refused command is not waited for; one we never sent counts as one."""
    contract = _contract("A")
    contract.asked(1, 2, 0.0)
    contract.refuse(1)
    contract.refuse(99)
    assert contract.refused == 3
    assert contract.breach(20.0) is None
