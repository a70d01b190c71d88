"""The venues, connections and instruments of one replay, found as the recordings name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from actors.proven_book import ProvenBook
from actors.recordings.names import VenueNames
from actors.recordings.pairs import Leg
from messages.errors import DecodeError, UnknownSymbol
from messages.instruments import SymbolInfo
from messages.market import PublicMessage

MAX_SYMBOLS: Final = 10_000
"""Most symbols of one connection: no venue lists more, so more are damage."""

EPOCH: Final = 1
"""The one epoch of a replay: nothing is in flight when a connection ends, so no message of an
older life can arrive, and a book is simply opened anew."""

_NATIVE: Final = re.compile(
    rb'"(?:stream":"([^"@]{1,40})@|(?:s|symbol|currency_pair|contract)":"(?:ob\.)?([^".]{1,40})'
    rb'|n":"[0-9]{1,3}[smhdwM]_([^"]{1,40}))'
)
"""Where frames name their symbol, alone or within a stream's or a candle's name
(`ob.BTC_USDT.400`, `1m_BTC_USDT`); used only to learn of symbols not known yet."""
_WORD: Final = re.compile(rb"[A-Z0-9]{2,40}(?:_[A-Z0-9]{1,20}){0,2}")
"""What may be a native name in a frame that is no JSON: those of all venues look like this."""


class Track:
    """One instrument of a replay: its book, and its leg in pairs."""

    __slots__ = ("book", "has_depth", "info", "leg")

    def __init__(self, info: SymbolInfo, book: ProvenBook | None, leg: Leg) -> None:
        self.info, self.leg = info, leg
        self.book = book
        """None where the venue has no dialect and only sends quotes."""
        self.has_depth = False
        """Whether depth of this instrument was seen: only then it is reported as a book."""


class Link:
    """One recorded connection.

    The codec of a connection knows its symbols from the start.  A recording does not list them,
    so a frame that cannot be decoded is looked at for a new symbol and decoded again if it has one.
    """

    __slots__ = ("_codec", "decode", "fed", "name", "names", "natives", "quoted")

    def __init__(self, names: VenueNames, name: str) -> None:
        self.names, self.name = names, name
        self.natives: dict[str, SymbolInfo] = {}
        self.fed: dict[str, Track] = {}
        """The books this connection brought depth for, by unified symbol."""
        self.quoted: dict[str, Track] = {}
        """What it brought best quotes for, by unified symbol."""
        self._codec = names.dialect.codec((), EPOCH)
        self.decode = self._codec.decode

    def learn(self, infos: Sequence[SymbolInfo]) -> None:
        """Know these symbols from now on."""
        self.natives.update((info.native, info) for info in infos)
        self._codec.learn(infos)

    def decode_again(
        self, payload: bytes, at_ns: int, error: DecodeError
    ) -> tuple[PublicMessage, ...]:
        """Decode a frame that failed, if the reason was a symbol not known so far.

        Raises:
            DecodeError: it cannot be decoded.
        """
        json = payload[:1] in (b"{", b"[")
        named = natives_in(payload) if json else words_in(payload)
        unknown = [native for native in named if native not in self.natives]
        if not unknown or len(self.natives) + len(unknown) > MAX_SYMBOLS:
            raise error
        found, refusal = [], ""
        for native in unknown:
            try:
                found.append(self.names.info(native))
            except UnknownSymbol as reason:
                # A futures level names its amount as events name their symbol: "s":"58794.5".
                refusal = refusal or str(reason)
        if not found and json:
            raise DecodeError(refusal) from error
        if not found:
            raise error  # a binary frame's words that are no symbol say nothing about it
        self.learn(found)
        return self.decode(payload, at_ns)


def natives_in(payload: bytes) -> Iterator[str]:
    """Yield the native names a frame bears, each once."""
    seen = set()
    for match in _NATIVE.finditer(payload):
        native = (match[1] or match[2] or match[3]).decode("utf-8", "replace").upper()
        if native not in seen:
            seen.add(native)
            yield native


def words_in(payload: bytes) -> Iterator[str]:
    """Yield whatever in a frame is written as native names are, each once."""
    return iter(dict.fromkeys(word.decode("ascii") for word in _WORD.findall(payload)))
