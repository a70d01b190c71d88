"""The books of one connection life, and what each was told of its feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from messages.books import DarkReason, FeedLost, FeedOpened, SymbolRefused

if TYPE_CHECKING:
    from actors.runtime.actor import ActorContext

News = FeedOpened | SymbolRefused
"""A book has a feed, or the reason why it has none."""


class ToldBooks:
    """Tells books what their feed is, now and whenever they come up in this life.

    Args:
        context: path, epoch and references of the connection's life.
        paths: of the books, by unified symbol; other symbols are carried for listeners.
    """

    def __init__(self, context: ActorContext, paths: Mapping[str, str]) -> None:
        self._context = context
        self._books = {symbol: context.lookup(path) for symbol, path in paths.items()}
        self._symbol_at = {path: symbol for symbol, path in paths.items()}
        for path in paths.values():
            context.watch(path)
        self.news: dict[str, News] = {}
        """What holds of each symbol, with a book or without."""
        self.told: dict[str, int] = {}
        """Which life of its book was told so."""

    @property
    def fed(self) -> list[str]:
        """The symbols that have a feed."""
        return [symbol for symbol, news in self.news.items() if isinstance(news, FeedOpened)]

    def tell(self, symbol: str, news: News) -> None:
        """Tell a book what its feed is."""
        self.news[symbol] = news
        book = self._books.get(symbol)
        if book is not None and book.tell_control(news):
            self.told[symbol] = book.generation

    def up(self, path: str) -> None:
        """A book came up: it hears what there is to say to it."""
        symbol = self._symbol_at.get(path)
        if symbol is not None and symbol in self.news:
            self.tell(symbol, self.news[symbol])

    def drop(self, symbol: str) -> None:
        """This symbol is carried no more."""
        self._books.pop(symbol, None)
        self.news.pop(symbol, None)

    def hand(self, parts: dict[str, list[object]]) -> list[list[object]]:
        """Give each book its part of a read; return what has a feed and no book.

        What still comes of a symbol that was given up or dropped is of no use.
        """
        others = []
        for symbol, part in parts.items():
            news = self.news.get(symbol)
            if type(news) is not FeedOpened:
                continue
            book = self._books.get(symbol)
            if book is None:
                others.append(part)
                continue
            if self.told.get(symbol) != book.generation:
                self.tell(symbol, news)
            book.tell_batch(part)
        return others

    def lose(self) -> None:
        """The life is over: every book of it hears so at once, before any other news."""
        lost = FeedLost(self._context.path, self._context.generation, DarkReason.DISCONNECTED)
        for symbol in self.fed:
            if symbol in self._books:
                self._books[symbol].tell_control(lost)
        self.news = {}
