"""How messages reach a user: an iterator, or a function called in a supervised task.

Both stand behind a bounded queue that drops its oldest and counts the loss; neither can hold up
or harm what feeds them.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar, cast

import trio

from actors.callback import Callback, CallbackTally
from actors.outlet import Outlet, Subscription
from actors.runtime.requests import Request
from arbtree.exchange.following import Following, Stream, Wish
from config.settings import SupervisionSettings
from messages.books import BookDark, BookTop
from messages.errors import UsageError
from messages.health import ActorRestarted, ConnectionOpened
from messages.market import BestQuote, Kline, PartialBook, StreamKind, Ticker24h, Trade
from supervisors.runtime import Runtime
from supervisors.tree import MAX_LISTENERS, callback_child

Message = TypeVar("Message")

MAX_WAITING = 65_536
"""The largest queue of one listener: an overload already, beyond it a typing error."""

CALLBACKS = "exchange/callbacks"
"""Where the functions of a user run."""

STREAMS: dict[type, StreamKind | None] = {
    BookTop: None,
    BookDark: None,
    ConnectionOpened: None,
    ActorRestarted: None,
    BestQuote: StreamKind.BEST_QUOTE,
    PartialBook: StreamKind.PARTIAL_DEPTH,
    Trade: StreamKind.TRADE,
    Kline: StreamKind.KLINE,
    Ticker24h: StreamKind.TICKER_24H,
}
"""What may be listened to, and the stream it needs; None needs none of its own."""


class Messages(Generic[Message]):
    """An async iterator over messages; it ends when it or its handle is closed.

    `async with` closes it; so does `close`.
    """

    def __init__(
        self, subscription: Subscription, stay: Callable[[], None], close: Callable[[], None]
    ) -> None:
        self._subscription = subscription
        self._stay = stay
        self._close = close

    @property
    def lost(self) -> int:
        """Messages dropped because the reader was behind by more than the limit."""
        return self._subscription.lost

    @property
    def accepted(self) -> int:
        """Messages that came, those lost included."""
        return self._subscription.accepted

    @property
    def waiting(self) -> int:
        """Messages that wait to be read."""
        return len(self._subscription)

    def __aiter__(self) -> Messages[Message]:
        return self

    async def __anext__(self) -> Message:
        """Wait for the next message."""
        self._stay()
        try:
            return cast(Message, await self._subscription.take_one())
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Receive nothing more; streams that nobody else wants are given up."""
        self._close()

    async def __aenter__(self) -> Messages[Message]:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Registration:
    """One callback: what became of its messages, and the way to end it."""

    def __init__(
        self,
        subscription: Subscription,
        tally: CallbackTally,
        state: Callable[[], str],
        close: Callable[[], None],
    ) -> None:
        self._subscription = subscription
        self._tally = tally
        self._state = state
        self._close = close

    @property
    def state(self) -> str:
        """`running`, `backoff` after it raised, `quarantined` after it raised too often."""
        return self._state()

    @property
    def handled(self) -> int:
        """Messages the function took."""
        return self._tally.handled

    @property
    def failed(self) -> int:
        """Messages the function raised at, or was cancelled in."""
        return self._tally.failed

    @property
    def lost(self) -> int:
        """Messages dropped because the function was behind by more than the limit."""
        return self._subscription.lost

    @property
    def waiting(self) -> int:
        """Messages that wait for the function."""
        return len(self._subscription)

    def cancel(self) -> None:
        """Call the function no more."""
        self._close()


class Listeners:
    """Every iterator and callback of one handle.

    Args:
        rules: backoff and budgets of callbacks.
        outlet: where messages are published.
        following: opens the streams that are wanted.
        runtime: runs the callbacks.
        stay: refuses another thread.
    """

    def __init__(
        self,
        rules: SupervisionSettings,
        outlet: Outlet,
        following: Following,
        runtime: Runtime,
        stay: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._outlet = outlet
        self._following = following
        self._runtime = runtime
        self._stay = stay
        self._ending: dict[str, Request] = {}
        self._callbacks: set[str] = set()

    def iterate(self, types: tuple[type, ...], wish: Wish, limit: int) -> Messages[object]:
        """Make an iterator."""
        subscription = self._subscribe(types, wish, limit)
        return Messages(subscription, self._stay, lambda: self._end(subscription, wish))

    def call(
        self, callback: Callback, types: tuple[type, ...], wish: Wish, limit: int
    ) -> Registration:
        """Run a function with each message."""
        name, tally = self._free_name(), CallbackTally()
        subscription = self._subscribe(types, wish, limit)
        child = callback_child(self._rules, name, callback, subscription, tally)
        self._runtime.start_child(CALLBACKS, child)
        self._callbacks.add(name)
        path = f"{CALLBACKS}/{name}"

        def close() -> None:
            self._end(subscription, wish)
            if name in self._callbacks:
                self._callbacks.remove(name)
                self._ending[name] = self._runtime.terminate_child(path)

        def state() -> str:
            return (
                self._runtime.registry.record(path).state if name in self._callbacks else "stopped"
            )

        return Registration(subscription, tally, state, close)

    def _subscribe(self, types: tuple[type, ...], wish: Wish, limit: int) -> Subscription:
        if not 1 <= limit <= MAX_WAITING:
            raise UsageError(f"limit must be from 1 to {MAX_WAITING}, not {limit}")
        if self._outlet.full:
            raise UsageError(
                f"a handle has at most {MAX_LISTENERS} iterators and callbacks: close some"
            )
        subscription = self._outlet.subscribe(limit, types, wish.symbols)
        try:
            self._following.want(wish)
        except UsageError:
            self._outlet.unsubscribe(subscription)
            raise
        return subscription

    def _end(self, subscription: Subscription, wish: Wish) -> None:
        self._stay()
        if self._outlet.holds(subscription):
            self._outlet.unsubscribe(subscription)
            self._following.give_up(wish)

    def _free_name(self) -> str:
        for name in [name for name, request in self._ending.items() if request.done]:
            del self._ending[name]
        number = 1
        while str(number) in self._callbacks or str(number) in self._ending:
            number += 1
        return str(number)


def wish_for(types: tuple[type, ...], symbols: tuple[str, ...], interval: str) -> Wish:
    """Say which streams these messages need.

    Raises:
        UsageError: one of the types cannot be listened to.
    """
    if not types:
        raise UsageError("name at least one type of message to listen to, such as Trade")
    for each in types:
        if each not in STREAMS:
            known = ", ".join(known.__name__ for known in STREAMS)
            name = getattr(each, "__name__", repr(each))
            raise UsageError(f"{name} cannot be listened to; what can is {known}")
    kinds = dict.fromkeys(kind for kind in map(STREAMS.__getitem__, types) if kind is not None)
    streams = tuple(Stream(kind, interval if kind is StreamKind.KLINE else "") for kind in kinds)
    return Wish(streams, frozenset(symbols))
