"""Replay: recordings through the real codecs, books, pairs and opportunities, without trio.

One loop takes records in the recorder's time.  Every frame goes through its connection's codec
and every message to its book at once; when a book or a quote has changed, the pairs it belongs to
are evaluated at the record's time.  Nothing here reads a clock, so two replays of one input are
equal to the last byte.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Final

from msgspec import Struct

from actors.proven_book import ProvenBook, Verdict
from actors.recordings.feeds import EPOCH, Link, Track
from actors.recordings.lives import Lived
from actors.recordings.names import VenueNames
from actors.recordings.pairs import Leg, Pairs, PairSettings
from actors.recordings.records import Feed, Kind, Record, Recording
from actors.recordings.sources import merged
from messages.books import DarkReason
from messages.errors import DecodeError, UnknownSymbol
from messages.identifiers import parse_symbol
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, BookSnapshot

MAX_ERRORS: Final = 10_000
"""Most errors kept; later ones are only counted."""

PROGRESS_RECORDS: Final = 16_384
"""Records between two reports of progress: a few a second."""


_CHANGED: Final = Verdict.CHANGED


class ReplayError(Struct, frozen=True):
    """One frame, answer or line that could not be used."""

    venue: str
    connection: str
    at_ns: int
    error: str


class Replay:
    """One run over some recordings.

    Args:
        recordings: what to replay, opened.
        settings: how pairs are evaluated.
        quotes: `book` or `ticker`; empty for the book where the venue sends depth, else ticker.
    """

    def __init__(
        self, recordings: Sequence[Recording], settings: PairSettings, quotes: str = ""
    ) -> None:
        self.recordings = recordings
        self.frames = 0
        self.errors: list[ReplayError] = []
        self.errors_total = 0
        self.pairs = Pairs(settings)
        self.opportunities: list[Lived] = []
        self.tracks: dict[str, dict[str, Track]] = {}
        """By venue and unified symbol."""
        self._quotes = quotes
        self._names: dict[str, VenueNames] = {}
        self._links: dict[Feed, Link] = {}
        self._from_book: dict[str, bool] = {}
        # One venue alone makes no pairs: then nobody asks for its quotes.
        self._paired = len(_venues(recordings)) > 1

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """Replay everything; `progress` is told the number of records now and then.

        Raises:
            RecordingError: a file turns out to be cut off or damaged while it is read.
            UsageError: a recording holds a venue without a dialect.
        """
        for recording in self.recordings:
            for record in recording.prelude:
                self._learn(record)
        collecting = gc.isenabled()
        # Nothing a replay makes refers to itself; looking for such garbage costs 5 % of it.
        gc.disable()
        try:
            self._run(progress)
        finally:
            if collecting:
                gc.enable()

    def _run(self, progress: Callable[[int], None] | None) -> None:
        frame, delta, quote, snapshot = Kind.FRAME, BookDelta, BestQuote, BookSnapshot
        feed: Feed | None = None
        pairs, count, due = self.pairs, 0, PROGRESS_RECORDS
        for record in merged(self.recordings):
            at_ns, kind, current, payload, _ = record
            if pairs.dirty and at_ns > pairs.now_ns:
                pairs.flush()
            count += 1
            if count == due:
                due += PROGRESS_RECORDS
                if progress is not None:
                    progress(count)
            if kind is not frame:
                self._other(record)
                continue
            if current is not feed:
                feed, link = current, self._link(current)
            self.frames += 1
            try:
                messages = link.decode(payload, at_ns)
            except DecodeError as error:
                try:
                    messages = link.decode_again(payload, at_ns, error)
                except DecodeError as final:
                    self._unreadable(link, at_ns, str(final))
                    continue
            for message in messages:
                if type(message) is delta:
                    self._delta(link, message, at_ns)
                elif type(message) is quote:
                    self._quote(link, message, at_ns)
                elif type(message) is snapshot:
                    self._in_band(link, message, at_ns)
        self.opportunities = pairs.finish()

    # -- frames ---------------------------------------------------------------------------------

    def _delta(self, link: Link, event: BookDelta, at_ns: int) -> None:
        track = link.fed.get(event.symbol)
        if track is None:
            track = self._fed(link, event.symbol)
        book = track.book
        assert book is not None, "an instrument with depth has a book"
        verdict = book.delta(event)
        if self._paired or verdict is not _CHANGED:
            self._judged(track, book, verdict, at_ns)

    def _in_band(self, link: Link, snapshot: BookSnapshot, at_ns: int) -> None:
        """Take a snapshot that came with the stream itself."""
        track = link.fed.get(snapshot.symbol) or self._fed(link, snapshot.symbol)
        book = track.book
        assert book is not None, "an instrument with depth has a book"
        self._judged(track, book, book.snapshot(snapshot), at_ns)

    def _judged(self, track: Track, book: ProvenBook, verdict: Verdict, at_ns: int) -> None:
        """Hand what a book's change means to its pairs."""
        leg = track.leg
        if verdict is _CHANGED:
            if leg.from_book:
                bid, _, ask, _ = book.best
                self.pairs.quote(leg, at_ns, bid, ask, book.sequence)
        elif verdict.dark is not None:
            self._withdraw(track, at_ns)

    def _withdraw(self, track: Track, at_ns: int) -> None:
        """Take a quote back whose book is not live any more."""
        if track.leg.from_book:
            self.pairs.withdraw(track.leg, at_ns)

    def _quote(self, link: Link, quote: BestQuote, at_ns: int) -> None:
        track = link.quoted.get(quote.symbol)
        if track is None:
            track = link.quoted[quote.symbol] = self._known(link, quote.symbol)
        book, leg = track.book, track.leg
        if book is not None:
            book.quote(quote)
        if self._paired and not leg.from_book and quote.bid > 0.0 and quote.ask > 0.0:
            leg.amounts = (quote.bid_amount, quote.ask_amount)
            self.pairs.quote(leg, at_ns, quote.bid, quote.ask, quote.last_id)

    # -- everything else ------------------------------------------------------------------------

    def _other(self, record: Record) -> None:
        """Take a record that is no frame."""
        at_ns, kind, feed, payload, about = record
        if kind is Kind.QUOTE:
            self._line(record)
        elif kind is Kind.SNAPSHOT:
            self.frames += 1
            self._snapshot(feed, about, payload, at_ns)
        elif kind is Kind.ANSWER:
            self.frames += 1
            what, native = self._venue(feed.venue).answer_kind(about)
            if what == "snapshot":
                self._snapshot(feed, native, payload, at_ns)
            elif what == "venue_info":
                self._learn(record)
        elif kind is Kind.CONNECT:
            known = feed in self._links
            link = self._link(feed)
            if known:
                self._reconnect(link, at_ns)

    def _reconnect(self, link: Link, at_ns: int) -> None:
        """Begin a new life of a connection: what it fed starts empty."""
        for track in link.fed.values():
            if track.book is not None:
                track.book.open(EPOCH)
                self._withdraw(track, at_ns)

    def _snapshot(self, feed: Feed, native: str, payload: bytes, at_ns: int) -> None:
        names = self._venue(feed.venue)
        try:
            info = self._snapshot_info(names, feed.symbol, native)
            track = self._track(names, info)
            book = track.book
            assert book is not None, "a venue with a dialect has books"
            snapshot = names.dialect.decode_snapshot(payload, info, EPOCH, at_ns)
        except (DecodeError, UnknownSymbol) as error:
            # A bad answer takes nothing away from a book that is proven without it.
            self._error(feed.venue, f"{feed.venue}/rest", at_ns, str(error))
            return
        track.has_depth = True
        self._judged(track, book, book.snapshot(snapshot), at_ns)

    def _snapshot_info(self, names: VenueNames, named: str, native: str) -> SymbolInfo:
        """Say which symbol a snapshot is of: by the user's word, its own, or the only one."""
        if named:
            return names.named(named)
        if native:
            return names.info(native)
        fed = [track for track in self.tracks[names.venue].values() if track.has_depth]
        if len(fed) == 1:
            return fed[0].info
        raise DecodeError(
            f"{names.venue}: a snapshot does not say which symbol it is of: "
            f"name it, {names.venue}:SYMBOL=FILE"
        )

    def _line(self, record: Record) -> None:
        """Take one line of a quote file."""
        at_ns, _, feed, payload, about = record
        try:
            bid, bid_amount, ask, ask_amount = map(float, payload.split(b","))
            if not (isfinite(bid) and isfinite(ask)):
                raise ValueError("not finite")
            if not (0.0 <= bid_amount < float("inf") and 0.0 <= ask_amount < float("inf")):
                raise ValueError("no amount")
        except ValueError:
            shown = payload[:80].decode("utf-8", "backslashreplace")
            text = f"{feed.venue} {feed.symbol} {about}: expected a time, a bid and an ask"
            self._error(feed.venue, f"{feed.venue}/{feed.symbol}", at_ns, f"{text}, got {shown!r}")
            return
        tracks = self.tracks.setdefault(feed.venue, {})
        track = tracks.get(feed.symbol)
        if track is None:
            track = tracks[feed.symbol] = self._quoted(feed)
        if not track.leg.from_book and bid > 0.0 and ask > 0.0:
            track.leg.amounts = (bid_amount, ask_amount)
            self.pairs.quote(track.leg, at_ns, bid, ask, 0)

    # -- finding out ----------------------------------------------------------------------------

    def _link(self, feed: Feed) -> Link:
        link = self._links.get(feed)
        if link is None:
            names = self._venue(feed.venue)
            number = sum(other.names is names for other in self._links.values()) + 1
            link = self._links[feed] = Link(names, f"{feed.venue}/{number}")
        return link

    def _venue(self, venue: str) -> VenueNames:
        names = self._names.get(venue)
        if names is None:
            names = self._names[venue] = VenueNames(venue)
            self.tracks.setdefault(venue, {})
        return names

    def _learn(self, record: Record) -> None:
        at_ns, _, feed, _, _ = record
        try:
            self._venue(feed.venue).learn(record)
        except DecodeError as error:
            self._error(feed.venue, f"{feed.venue}/rest", at_ns, str(error))

    def _known(self, link: Link, symbol: str) -> Track:
        """Find or make the track of a symbol that this connection's codec knows."""
        info = next(info for info in link.natives.values() if info.symbol == symbol)
        return self._track(link.names, info)

    def _track(self, names: VenueNames, info: SymbolInfo) -> Track:
        tracks = self.tracks[names.venue]
        track = tracks.get(info.symbol)
        if track is None or track.book is None:
            feed = names.dialect.depth_feed(snapshots="rest")
            book = ProvenBook(names.dialect.rule, served_levels=feed.levels)
            book.open(EPOCH)
            leg = track.leg if track else self._leg(info)
            leg.depth = book.top
            track = tracks[info.symbol] = Track(info, book, leg)
        return track

    def _fed(self, link: Link, symbol: str) -> Track:
        """Note that this connection brings the depth of a symbol."""
        track = link.fed[symbol] = self._known(link, symbol)
        track.has_depth = True
        return track

    def _quoted(self, feed: Feed) -> Track:
        """Make the track of a quote file's instrument."""
        parts = parse_symbol(feed.symbol)
        info = SymbolInfo(
            venue=feed.venue,
            symbol=feed.symbol,
            native=feed.symbol,
            base=parts.base,
            quote=parts.quote,
            kind=parts.kind,
            settle=parts.settle,
            expiry=parts.expiry,
        )
        return Track(info, None, self._leg(info))

    def _leg(self, info: SymbolInfo) -> Leg:
        return self.pairs.add(info, self._takes_book(info.venue))

    def _takes_book(self, venue: str) -> bool:
        """Say whether a venue's quotes come from its books."""
        if self._quotes:
            return self._quotes == "book"
        found = self._from_book.get(venue)
        if found is None:
            found = not self._paired or sends_depth(self.recordings, venue)
            self._from_book[venue] = found
        return found

    # -- errors ---------------------------------------------------------------------------------

    def _unreadable(self, link: Link, at_ns: int, text: str) -> None:
        """Darken what a connection feeds: nobody knows what the frame would have said."""
        self._error(link.names.venue, link.name, at_ns, text)
        for track in link.fed.values():
            if track.book is not None:
                track.book.dark(DarkReason.DECODE)
                self._withdraw(track, at_ns)

    def _error(self, venue: str, connection: str, at_ns: int, text: str) -> None:
        self.errors_total += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(ReplayError(venue, connection, at_ns, text))


def _venues(recordings: Sequence[Recording]) -> set[str]:
    """Name the venues of all recordings; a capture says only later whose it is: two or more."""
    return {name for each in recordings for name in each.venues or ("", "?")}


def sends_depth(recordings: Sequence[Recording], venue: str) -> bool:
    """Look ahead in the recordings for depth of a venue; the first frames usually have it."""
    for recording in recordings:
        if recording.venues and venue not in recording.venues:
            continue
        if any(_is_depth(recording, venue)):
            return True
    return False


def _is_depth(recording: Recording, venue: str) -> Iterator[bool]:
    """Tell of each record of a venue whether it is depth."""
    links: dict[Feed, Link] = {}
    for at_ns, kind, feed, payload, about in recording.read():
        if feed.venue != venue or kind not in (Kind.FRAME, Kind.ANSWER, Kind.SNAPSHOT):
            continue
        if kind is Kind.SNAPSHOT:
            yield True
            continue
        link = links.get(feed)
        if link is None:
            link = links[feed] = Link(VenueNames(venue), venue)
        if kind is Kind.ANSWER:
            yield link.names.answer_kind(about)[0] == "snapshot"
            continue
        try:
            messages = link.decode(payload, at_ns)
        except DecodeError as error:
            try:
                messages = link.decode_again(payload, at_ns, error)
            except DecodeError:
                continue
        yield any(isinstance(message, BookDelta | BookSnapshot) for message in messages)
