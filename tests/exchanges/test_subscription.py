"""The subscription contract: acknowledged and followed by data in time, or broken."""

from __future__ import annotations

import pytest

from exchanges.subscription import SubscriptionContract, Topic
from messages.market import StreamKind

DEPTH, QUOTE = StreamKind.DEPTH, StreamKind.BEST_QUOTE


def _contract(*symbols: str, in_band: bool = False) -> SubscriptionContract:
    topics = [
        Topic(f"{symbol}@{kind.value}", symbol, kind)
        for symbol in symbols
        for kind in (DEPTH, QUOTE)
    ]
    return SubscriptionContract(topics, ack_within_s=10.0, data_within_s=30.0, in_band=in_band)


def test_a_kept_contract_is_never_breached() -> None:
    """Acknowledged and heard on every stream: nothing is due any more."""
    contract = _contract("A", "B")
    contract.asked(1, contract.topics, 0.0)
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
    contract.asked(1, ["A@depth"], 0.0)
    contract.asked(2, ["A@best_quote"], 1.0)
    contract.acknowledged(1, 0.2)
    assert contract.breach(10.9) is None
    breach = contract.breach(11.0)
    assert breach is not None
    assert "command 2" in breach


def test_silence_beside_data_of_the_same_symbol_breaks_it() -> None:
    """The depth stream says nothing although the symbol's quotes flow: a wrong route."""
    contract = _contract("A", "B")
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 1.0)
    contract.heard("A", QUOTE)
    assert contract.breach(30.9) is None
    breach = contract.breach(31.0)
    assert breach is not None
    assert "A@depth" in breach


def test_silence_of_everything_breaks_it() -> None:
    """Every stream is acknowledged and silent: the whole connection is on the wrong route."""
    contract = _contract("A", "B")
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 1.0)
    breach = contract.breach(31.0)
    assert breach is not None
    assert "all 4 streams" in breach


def test_a_symbol_that_nobody_trades_is_quiet_not_broken() -> None:
    """One symbol flows, the other is silent on all its streams: it is named as quiet."""
    contract = _contract("A", "B")
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 1.0)
    contract.heard("A", QUOTE)
    contract.heard("A", DEPTH)
    assert contract.breach(31.0) is None
    assert contract.quiet == ("B",)


def test_a_refusal_is_counted_and_waits_for_nothing() -> None:
    """A refused command is not waited for; one we never sent is of nothing we carry."""
    contract = _contract("A")
    contract.asked(1, contract.topics, 0.0)
    assert {topic.stream for topic in contract.refuse(1)} == set(contract.topics)
    assert contract.refuse(99) == ()
    assert contract.refused == 2
    assert contract.breach(20.0) is None


def test_an_acknowledgement_of_some_streams_refuses_the_others() -> None:
    """What it leaves out is refused and not waited for; the rest is confirmed."""
    contract = _contract("A", "B")
    contract.asked(1, contract.topics, 0.0)
    named = ("A@depth", "A@best_quote", "B@best_quote")
    (left_out,) = contract.acknowledged(1, 0.5, named)
    assert left_out == Topic("B@depth", "B", DEPTH)
    assert (contract.confirmed, contract.refused, contract.settled) == (3, 1, True)
    for symbol, kind in (("A", DEPTH), ("A", QUOTE), ("B", QUOTE)):
        contract.heard(symbol, kind)
    assert contract.breach(1e9) is None


@pytest.mark.parametrize("refusal_first", [False, True])
def test_a_refusal_without_a_number_finds_its_stream(refusal_first: bool) -> None:
    """It names one of a command's streams, before or after the acknowledgement of the others."""
    contract = _contract("A", "B")
    contract.asked(7, contract.topics, 0.0)
    others = tuple(name for name in contract.topics if name != "B@depth")
    if refusal_first:
        assert [topic.stream for topic in contract.refuse(-1, ("B@depth",))] == ["B@depth"]
        assert contract.acknowledged(7, 0.5, others) == ()
    else:
        assert [topic.stream for topic in contract.acknowledged(7, 0.5, others)] == ["B@depth"]
        assert [topic.stream for topic in contract.refuse(-1, ("B@depth",))] == ["B@depth"]
    assert (contract.confirmed, contract.refused, contract.settled) == (3, 1, True)


def test_an_acknowledgement_without_a_number_is_found_by_its_streams() -> None:
    """It confirms what it names and refuses nothing: the rest may have an answer of its own."""
    contract = _contract("A")
    contract.asked(1, contract.topics, 0.0)
    assert contract.acknowledged(0, 0.5, ("A@depth",)) == ()
    assert (contract.confirmed, contract.settled) == (1, False)
    assert contract.acknowledged(0, 0.6, ("A@best_quote",)) == ()
    assert contract.settled


def test_a_refused_stream_may_be_asked_for_again() -> None:
    """It counts as refused until the venue has changed its mind."""
    contract = _contract("A")
    contract.asked(1, contract.topics, 0.0)
    contract.refuse(1)
    contract.asked(2, ["A@depth"], 5.0)
    contract.acknowledged(2, 5.1)
    assert (contract.confirmed, contract.refused) == (1, 1)


def test_a_stream_that_must_begin_with_a_snapshot() -> None:
    """Overdue ones are named once a period, after every acknowledgement anew."""
    contract = _contract("A", "B", in_band=True)
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 1.0)
    contract.snapshot("A")
    assert contract.overdue(30.9) == ()
    assert [topic.stream for topic in contract.overdue(31.0)] == ["B@depth"]
    assert contract.overdue(31.1) == ()
    contract.asked(2, ["B@depth"], 40.0)
    contract.acknowledged(2, 41.0)
    contract.snapshot("B")
    assert contract.overdue(1e9) == ()


def test_a_quote_may_stand_still_where_other_quotes_move() -> None:
    """Deep levels of B change and its best does not: nothing is broken."""
    contract = _contract("A", "B")
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 1.0)
    for symbol, kind in (("A", DEPTH), ("A", QUOTE), ("B", DEPTH)):
        contract.heard(symbol, kind)
    assert contract.breach(31.0) is None
    assert contract.quiet == ()
    assert contract.proven


def test_depth_that_stops_beside_quotes_is_named() -> None:
    """A whole period of silence after a period in which its quotes went on; quiet symbols rest."""
    contract = _contract("A", "B", "C")
    contract.asked(1, contract.topics, 0.0)
    contract.acknowledged(1, 0.0)
    for symbol in "ABC":
        contract.heard(symbol, DEPTH)
        contract.heard(symbol, QUOTE)
    found = {}
    for period in range(4):
        found[period] = [topic.symbol for topic in contract.stalled(30.0 * period)]
        contract.heard("A", DEPTH)
        contract.heard("A", QUOTE)
        contract.heard("B", QUOTE)
    assert found == {0: [], 1: [], 2: ["B"], 3: []}


def test_a_symbol_that_is_given_up_owes_nothing() -> None:
    """Its streams are named for the farewell, and no answer or data of it is waited for."""
    contract = _contract("A", "B", in_band=True)
    contract.asked(1, ["A@depth", "A@best_quote"], 0.0)
    assert {topic.stream for topic in contract.forget("A")} == {"A@depth", "A@best_quote"}
    assert contract.settled
    assert contract.breach(1e9) is None
    assert contract.overdue(1e9) == contract.stalled(1e9) == ()
