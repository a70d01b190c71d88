"""A dialect that keeps what passes through it: how a live engine is recorded.

Every byte of a venue goes through its dialect: frames through a codec, REST answers through
`decode_...`.  So a venue whose dialect is recorded runs under the ordinary actors, and the capture
holds what they saw in the order they saw it: the same snapshots at the same places, each
connection under its own name and epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from actors.recordings.records import Feed, Kind
from actors.recordings.tape import Tape
from exchanges.contract import PublicCodec, PublicDialect
from messages.errors import DecodeError
from messages.instruments import SymbolInfo, VenueInfo
from messages.market import BookSnapshot, PublicMessage
from messages.requests import RestRequest

if TYPE_CHECKING:
    from actors.runtime.clock import Clock

REST: Final = "rest"
"""The connection that answers belong to which are of no connection."""


class Undecoded:
    """Frames that were kept although the codec could not read them: how many, and the first."""

    def __init__(self) -> None:
        self.count = 0
        self.first = ""

    def add(self, error: DecodeError) -> None:
        """Count one."""
        self.count += 1
        self.first = self.first or str(error)


def recorded(
    dialect: PublicDialect,
    tape: Tape,
    clock: Clock,
    rest_url: str,
    connection_of: Callable[[str], str],
) -> tuple[PublicDialect, Undecoded]:
    """Make a venue's dialect record what it decodes.

    Args:
        dialect: the venue's own.
        tape: takes the records.
        clock: stamps answers that carry no time of receipt.
        rest_url: where answers come from; a path that a proxy puts before the venue's own is
            left out, because a replay recognises answers by the venue's paths.
        connection_of: names the connection that feeds a unified symbol.

    Returns:
        The dialect to use instead, and the count of frames that its codec could not read.
    """
    undecoded = Undecoded()
    recording = _RecordedDialect(dialect, tape, clock, rest_url, connection_of, undecoded)
    # It hands on whatever it does not record, which no type checker can follow.
    return cast(PublicDialect, recording), undecoded


class _RecordedDialect:
    """The parts of a dialect that bytes come through; everything else is the venue's own."""

    def __init__(
        self,
        dialect: PublicDialect,
        tape: Tape,
        clock: Clock,
        rest_url: str,
        connection_of: Callable[[str], str],
        undecoded: Undecoded,
    ) -> None:
        self._dialect = dialect
        self._tape = tape
        self._clock = clock
        parts = urlsplit(rest_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._connection_of = connection_of
        self._undecoded = undecoded
        self._epochs: dict[Feed, int] = {}
        self._asked: dict[str, RestRequest] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialect, name)

    def codec(self, symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        """A codec whose frames are kept, whatever they mean."""
        infos = tuple(symbols)
        feed = self._feed(infos[0])
        self._epochs[feed] = epoch
        codec = self._dialect.codec(infos, epoch)
        return _RecordedCodec(codec, self._tape, feed, epoch, self._undecoded)

    def decode_venue_info(self, body: bytes) -> VenueInfo:
        """Keep the answer, then read it."""
        feed = Feed(self._dialect.venue, REST)
        url = self._url(self._dialect.venue_info_request())
        self._tape.record(Kind.ANSWER, feed, body, url, self._clock.now_ns(), 0)
        return self._dialect.decode_venue_info(body)

    def snapshot_request(self, info: SymbolInfo, levels: int) -> RestRequest:
        """Remember what is asked: the answer does not say it."""
        request = self._asked[info.symbol] = self._dialect.snapshot_request(info, levels)
        return request

    def decode_snapshot(
        self, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
    ) -> BookSnapshot:
        """Keep the answer, then read it; one for a connection that is gone is of no use."""
        feed = self._feed(info)
        if self._epochs.get(feed) == epoch:
            url = self._url(self._asked[info.symbol])
            self._tape.record(Kind.ANSWER, feed, body, url, received_ns, epoch)
        return self._dialect.decode_snapshot(body, info, epoch, received_ns)

    def _feed(self, info: SymbolInfo) -> Feed:
        return Feed(self._dialect.venue, self._connection_of(info.symbol))

    def _url(self, request: RestRequest) -> str:
        return self._origin + request.target


class _RecordedCodec(PublicCodec):
    """Keeps each frame, then reads it; a frame it cannot read ends nothing, it is on the tape."""

    def __init__(
        self, codec: PublicCodec, tape: Tape, feed: Feed, epoch: int, undecoded: Undecoded
    ) -> None:
        self._decode, self._codec = codec.decode, codec
        self._record = tape.record
        self._feed = feed
        self._epoch = epoch
        self._undecoded = undecoded

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """See `PublicCodec.learn`."""
        self._codec.learn(symbols)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """See `PublicCodec.decode`."""
        self._record(Kind.FRAME, self._feed, payload, "", received_ns, self._epoch)
        try:
            return self._decode(payload, received_ns)
        except DecodeError as error:
            self._undecoded.add(error)
            return ()
