"""The one cache: what it refuses, how long it keeps, and that callers share a load."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest
import trio
from msgspec import Struct, defstruct
from trio.testing import MockClock

import messages
from actors.runtime.clock import TrioClock
from actors.static_cache import NotStatic, StaticCache, refuse_volatile, refuse_volatile_type
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import BestQuote

TTL_S = 60.0
QUOTE = BestQuote("a", "BTC/USDT", 1, 7, 0, 0, 99.0, 1.0, 100.0, 1.0)


def info(symbol: str = "BTC/USDT", **more: Any) -> SymbolInfo:
    """A symbol."""
    return SymbolInfo(
        venue="a",
        symbol=symbol,
        native="x",
        base="BTC",
        quote="USDT",
        kind=ContractKind.SPOT,
        **more,
    )


def structs() -> Iterator[type[Struct]]:
    """Every message there is."""
    for module in pkgutil.iter_modules(messages.__path__):
        for found in vars(importlib.import_module(f"messages.{module.name}")).values():
            if isinstance(found, type) and issubclass(found, Struct) and found is not Struct:
                yield found


VOLATILE = sorted({each for each in structs() if getattr(each, "volatile", False)}, key=str)


async def nothing() -> Mapping[str, Any]:
    """Load nothing."""
    await trio.lowlevel.checkpoint()
    return {}


def holders(kind: Any) -> Iterator[type[Struct]]:
    """Structs that call themselves static and hold another type in some place."""
    for number, inner in enumerate(
        (kind, kind | None, tuple[kind, ...], list[kind], dict[str, kind], dict[str, list[kind]])
    ):
        yield defstruct(f"Holder{number}", [("x", inner)], namespace={"volatile": False})
    deep: Any = defstruct("Deep", [("x", kind)], namespace={"volatile": False})
    yield defstruct("Deeper", [("x", tuple[deep, ...])], namespace={"volatile": False})


@pytest.mark.parametrize("kind", VOLATILE, ids=lambda kind: kind.__name__)
def test_no_volatile_type_enters(kind: type[Struct]) -> None:
    """Not as the kind of a cache, nor within a container or a struct of it."""
    for each in (kind, *holders(kind)):
        with pytest.raises(NotStatic, match=f"{kind.__name__} is volatile: it is never cached"):
            StaticCache(each, nothing, TrioClock(0), TTL_S)


def test_there_are_volatile_types_to_refuse() -> None:
    """The walk above finds the books, quotes, trades and opportunities."""
    names = {kind.__name__ for kind in VOLATILE}
    assert names >= {"BookTop", "BookSnapshot", "BookDelta", "BestQuote", "Trade", "ServerTime"}
    assert names >= {"BookDark", "OpportunityOpened", "Evidence", "PartialBook", "Kline"}


class Silent(Struct):
    """A struct that does not say what it is."""

    x: int


class Anything(Struct):
    """A struct that says it is static and may hold anything."""

    volatile: ClassVar[bool] = False

    x: object


@pytest.mark.parametrize("kind", [Silent, Anything, trio.Event, Any, object])
def test_what_does_not_say_that_it_is_static_is_refused(kind: Any) -> None:
    """Silence is no promise."""
    with pytest.raises(NotStatic):
        refuse_volatile_type(kind)


def test_what_lies_about_its_fields_is_refused_at_run_time() -> None:
    """A quote in a field for text, in a list or a dictionary, is found when it is put in."""
    cache = StaticCache(SymbolInfo, nothing, TrioClock(0), TTL_S)
    for hidden in (QUOTE, [QUOTE], {"x": QUOTE}, (1, (QUOTE,)), {QUOTE.symbol: {"x": [QUOTE]}}):
        with pytest.raises(NotStatic, match="BestQuote is volatile"):
            cache.put({"BTC/USDT": info(status=hidden)})
    with pytest.raises(NotStatic, match="a BestQuote in a cache of SymbolInfo"):
        cache.put({"BTC/USDT": QUOTE})  # type: ignore[dict-item]  # that is what is refused
    with pytest.raises(NotStatic, match="Event is not known"):
        refuse_volatile({"x": trio.Event()})
    assert cache.known("BTC/USDT") is None
    assert cache.loads == 0


class Source:
    """Answers of a venue, one after the other; each takes a second."""

    def __init__(self, *answers: Mapping[str, SymbolInfo] | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def load(self) -> Mapping[str, SymbolInfo]:
        """Answer."""
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        await trio.sleep(1)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_facts_are_loaded_once_and_kept_for_their_time(autojump_clock: MockClock) -> None:
    """Then anew; what was known stays known until it is replaced."""
    source = Source({"BTC/USDT": info()}, {})
    cache = StaticCache(SymbolInfo, source.load, TrioClock(0), TTL_S)
    assert cache.known("BTC/USDT") is None
    first = await cache.all()
    assert first == {"BTC/USDT": info()}
    await trio.sleep(TTL_S - 1)
    assert await cache.all() == first
    assert source.asked == 1
    await trio.sleep(1)
    assert cache.known("BTC/USDT") == info()
    assert await cache.all() == {}
    assert cache.known("BTC/USDT") is None
    assert (source.asked, cache.loads) == (2, 2)


async def test_what_is_handed_out_cannot_be_changed(autojump_clock: MockClock) -> None:
    """Readers get a view."""
    cache = StaticCache(SymbolInfo, Source({"BTC/USDT": info()}).load, TrioClock(0), TTL_S)
    found: Any = await cache.all()
    with pytest.raises(TypeError):
        found["BTC/USDT"] = info("ETH/USDT")


async def test_concurrent_callers_share_one_load(autojump_clock: MockClock) -> None:
    """However many ask meanwhile."""
    source = Source({"BTC/USDT": info()})
    cache = StaticCache(SymbolInfo, source.load, TrioClock(0), TTL_S)
    found: list[Mapping[str, SymbolInfo]] = []

    async def ask() -> None:
        found.append(await cache.all())

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert (len(found), source.asked, cache.loads) == (50, 1, 1)


async def test_an_error_reaches_every_caller_of_its_load(autojump_clock: MockClock) -> None:
    """Nobody asks the venue again for the same failure; the next caller does."""
    source = Source(OSError("down"), {"BTC/USDT": info()})
    cache = StaticCache(SymbolInfo, source.load, TrioClock(0), TTL_S)
    failures = 0

    async def ask() -> None:
        nonlocal failures
        with pytest.raises(OSError, match="down"):
            await cache.all()
        failures += 1

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(ask)
    assert (failures, source.asked) == (10, 1)
    assert await cache.all() == {"BTC/USDT": info()}


async def test_another_takes_over_when_the_one_that_loads_is_cancelled(
    autojump_clock: MockClock,
) -> None:
    """Its end is no failure of the load."""
    source = Source({"BTC/USDT": info()})
    cache = StaticCache(SymbolInfo, source.load, TrioClock(0), TTL_S)
    found: list[Mapping[str, SymbolInfo]] = []

    async def give_up() -> None:
        with trio.move_on_after(0.5):
            await cache.all()

    async def ask() -> None:
        await trio.sleep(0.1)
        found.append(await cache.all())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(give_up)
        nursery.start_soon(ask)
        nursery.start_soon(ask)
    assert (len(found), source.asked, cache.loads) == (2, 2, 1)


def test_without_a_time_to_live_there_is_no_cache() -> None:
    """For ever is not a time."""
    with pytest.raises(ValueError, match="keeps nothing"):
        StaticCache(SymbolInfo, nothing, TrioClock(0), 0.0)
