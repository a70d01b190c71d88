"""What Gate sends where figures are missing, null or empty: then they are 0.

Pairs at rest, books with an empty side and REST answers come like that.  The short path reads
what is complete; this is what it leaves over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from exchanges.gateio import wire
from exchanges.gateio.limits import Family
from messages.errors import DecodeError
from messages.market import BestQuote, Ticker24h

if TYPE_CHECKING:
    from exchanges.gateio.events import Builders, Messages


class LooseBookTicker(Struct, gc=False):
    """A best quote whose sides may be empty (F; spot by inference).

    {"t":1615366379123,"u":2517661076,"s":"BTC_USD","b":"","B":"0","a":"54696.7","A":37000}
    """

    venue_ms: wire.Millis = field(name="t")
    last_id: wire.Id = field(name="u")
    symbol: str = field(name="s")
    bid: wire.Loose = field(name="b")
    bid_amount: wire.Loose = field(name="B")
    ask: wire.Loose = field(name="a")
    ask_amount: wire.Loose = field(name="A")


class LooseTickerEvent(Struct, gc=False):
    """24 h statistics of a pair that may rest; streams and REST alike (S).

    {"currency_pair":"ETH_USDT","last":"70775.2","lowest_ask":"","highest_bid":"",
     "change_percentage":"","base_volume":"0","quote_volume":"0","high_24h":"0","low_24h":"0"}
    """

    symbol: str = field(name="currency_pair")
    last: wire.Loose
    change_percent: wire.Loose = field(name="change_percentage", default=None)
    high: wire.Loose = field(name="high_24h", default=None)
    low: wire.Loose = field(name="low_24h", default=None)
    amount: wire.Loose = field(name="base_volume", default=None)
    quote_amount: wire.Loose = field(name="quote_volume", default=None)
    bid: wire.Loose = field(name="highest_bid", default=None)
    ask: wire.Loose = field(name="lowest_ask", default=None)


class LooseContractTicker(Struct, gc=False):
    """24 h statistics of a contract that may rest; streams and REST alike (F).

    {"contract":"ETH_USDT","last":"118.4","change_percentage":"0.77","volume_24h":null,
     "low_24h":"","high_24h":""}
    """

    symbol: str = field(name="contract")
    last: wire.Loose
    change_percent: wire.Loose = field(name="change_percentage", default=None)
    high: wire.Loose = field(name="high_24h", default=None)
    low: wire.Loose = field(name="low_24h", default=None)
    amount: wire.Loose = field(name="volume_24h", default=None)
    quote_amount: wire.Loose = field(name="volume_24h_quote", default=None)
    bid: wire.Loose = field(name="highest_bid", default=None)
    ask: wire.Loose = field(name="lowest_ask", default=None)


def number(text: str | float | None, *, signed: bool = False) -> float:
    """Read a member that may be missing, null or empty: then it is 0.

    Raises:
        DecodeError: it is no number, not finite, or negative where it must not be.
    """
    if text is None or text == "":
        return 0.0
    try:
        value = float(text)
    except ValueError:
        raise DecodeError(f"expected a number, got {text!r}") from None
    if not abs(value) <= wire.LARGEST or (value < 0 and not signed):
        raise DecodeError(f"expected a number of sense, got {text!r}")
    return value


def ticker(
    family: Family,
    symbol: str,
    epoch: int,
    each: LooseTickerEvent | LooseContractTicker,
    venue_ms: int,
    received_ns: int,
) -> Ticker24h:
    """Make a ticker; the venue sends no opening price."""
    return Ticker24h(
        family.venue,
        symbol,
        epoch,
        venue_ms,
        received_ns,
        number(each.last),
        0.0,
        number(each.high),
        number(each.low),
        number(each.amount),
        number(each.quote_amount),
        number(each.change_percent, signed=True),
        number(each.bid),
        number(each.ask),
    )


def quote(builders: Builders, frame: wire.Frame[LooseBookTicker], received_ns: int) -> Messages:
    """Take a best bid and ask of which a side is empty: its price is 0."""
    event = frame.result
    return (
        BestQuote(
            builders.family.venue,
            builders.symbol(event.symbol),
            builders.epoch,
            event.last_id,
            event.venue_ms,
            received_ns,
            number(event.bid),
            number(event.bid_amount),
            number(event.ask),
            number(event.ask_amount),
        ),
    )


def pair_ticker(
    builders: Builders, frame: wire.Frame[LooseTickerEvent], received_ns: int
) -> Messages:
    """Take the 24 h statistics of a pair of which something is missing."""
    return _tickers(builders, (frame.result,), frame.time_ms, frame.time, received_ns)


def contract_tickers(
    builders: Builders, frame: wire.Frame[tuple[LooseContractTicker, ...]], received_ns: int
) -> Messages:
    """Take the 24 h statistics of contracts of which something is missing."""
    return _tickers(builders, frame.result, frame.time_ms, frame.time, received_ns)


def _tickers(
    builders: Builders,
    events: Iterable[LooseTickerEvent | LooseContractTicker],
    time_ms: int,
    time_s: float,
    received_ns: int,
) -> tuple[Ticker24h, ...]:
    venue_ms = time_ms or int(time_s * 1000)
    return tuple(
        ticker(
            builders.family,
            builders.symbol(each.symbol),
            builders.epoch,
            each,
            venue_ms,
            received_ns,
        )
        for each in events
    )
