"""What a native name means in a recording: symbol information, configuration, or a guess.

In this order: a symbol-info answer of the venue, the recorder's own spelling in a configuration
line (`BTC-USDT`, `BCH-USD-PERP`), the dialect's guess by the longest known quote asset.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec

from actors.recordings.records import Kind, Record
from exchanges.contract import PublicDialect
from exchanges.registry import dialect
from messages.errors import DecodeError, UnknownSymbol
from messages.identifiers import ContractKind, SymbolParts, parse_symbol
from messages.instruments import SymbolInfo


class VenueNames:
    """The names of one venue as its recordings tell them.

    Raises:
        UsageError: there is no dialect for the venue.
    """

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.dialect: PublicDialect = dialect(venue)
        self._told: dict[str, SymbolInfo] = {}
        self._spelled: dict[str, tuple[str, str, bool]] = {}
        self._infos: dict[str, SymbolInfo] = {}
        self._learned: set[tuple[int, str]] = set()

    def answer_kind(self, url: str) -> tuple[str, str]:
        """Say what a REST answer is: ("snapshot", native), ("venue_info", "") or ("", "")."""
        parts = urlsplit(url)
        return self.dialect.classify_rest_path(parts.path, dict(parse_qsl(parts.query)))

    def learn(self, record: Record) -> None:
        """Take in what a record says beforehand; records of other kinds say nothing.

        Raises:
            DecodeError: the configuration or symbol information cannot be read.
        """
        at_ns, kind, _, payload, about = record
        if kind is Kind.KNOWN and not about:
            self._learn_spelling(payload)
        elif (
            kind in (Kind.KNOWN, Kind.ANSWER)
            and (at_ns, about) not in self._learned
            and self.answer_kind(about)[0] == "venue_info"
        ):
            # The same answer is met beforehand and again in its place.
            self._learned.add((at_ns, about))
            told = self.dialect.decode_venue_info(payload).symbols
            self._told.update((info.native, info) for info in told)
            self._infos.clear()

    def info(self, native: str) -> SymbolInfo:
        """Say what a native REST name means.

        Raises:
            UnknownSymbol: nobody told, and the dialect cannot guess it.
        """
        info = self._infos.get(native)
        if info is None:
            info = self._infos[native] = self._told.get(native) or self._guess(native)
        return info

    def named(self, symbol: str) -> SymbolInfo:
        """Say what a symbol means as the user wrote it, native or unified.

        Raises:
            UnknownSymbol: it is neither.
        """
        if "/" not in symbol:
            return self.info(symbol.upper())
        parts = parse_symbol(symbol)
        pair = parts.base + parts.quote
        spellings = (pair, f"{pair}_PERP", f"{pair}_{parts.expiry}", f"{parts.base}_{parts.quote}")
        for native in spellings:
            try:
                info = self.info(native)
            except UnknownSymbol:
                continue
            if info.symbol == symbol:
                return info
        told = (info for info in self._told.values() if info.symbol == symbol)
        if (info_told := next(told, None)) is not None:
            return info_told
        raise UnknownSymbol(f"{symbol!r} is not a symbol of {self.venue}", venue=self.venue)

    def _learn_spelling(self, payload: bytes) -> None:
        try:
            lists = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        except msgspec.MsgspecError as error:
            raise DecodeError(f"{self.venue}: the configuration line is no JSON object") from error
        for symbol in _symbols(lists):
            parts = symbol.split("-")
            if len(parts) > 1:
                self._spelled[parts[0] + parts[1]] = (parts[0], parts[1], len(parts) > 2)
        self._infos.clear()

    def _guess(self, native: str) -> SymbolInfo:
        spelled = self._spelled.get(native.partition("_")[0])
        try:
            guess = self.dialect.symbol_from_native(native)
        except UnknownSymbol:
            if spelled is None or spelled[2]:
                raise
            base, quote, _ = spelled
            return SymbolInfo(
                venue=self.venue,
                symbol=f"{base}/{quote}",
                native=native,
                base=base,
                quote=quote,
                kind=ContractKind.SPOT,
            )
        if spelled is None or spelled[:2] == (guess.base, guess.quote):
            return guess
        base, quote, _ = spelled
        settle = {ContractKind.SPOT: "", ContractKind.LINEAR: quote, ContractKind.INVERSE: base}[
            guess.kind
        ]
        unified = SymbolParts(base, quote, settle, guess.expiry).unified
        return msgspec.structs.replace(guess, symbol=unified, base=base, quote=quote, settle=settle)


def _symbols(lists: dict[str, msgspec.Raw]) -> Iterator[str]:
    """Yield the symbols of every channel; members of another form are not ours to read."""
    for raw in lists.values():
        try:
            yield from msgspec.json.decode(raw, type=list[str])
        except msgspec.MsgspecError:
            continue
