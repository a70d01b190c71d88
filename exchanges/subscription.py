"""A subscription is a contract: acknowledged and followed by data in time, or it has failed.

Rules of this file: pure, time is an argument in seconds.  A venue can acknowledge a stream and
then stay silent for ever (Binance does so for a stream on the wrong route or with a misspelt
name), so silence needs a judge.  Silence of one stream is a failure when another stream of the
same symbol brings data, or when the whole connection brings none; a symbol of which every stream
is silent while others flow is only *quiet*, because nobody may be trading it.  Trades, candles
and tickers promise an acknowledgement and no data: a market may rest for hours.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from messages.market import StreamKind

SILENT_BY_NATURE = frozenset({StreamKind.TRADE, StreamKind.KLINE, StreamKind.TICKER_24H})
"""Kinds that bring nothing while nobody trades."""


class Topic(Struct, frozen=True, gc=False):
    """One stream as we asked for it."""

    stream: str
    symbol: str
    kind: StreamKind


class SubscriptionContract:
    """Follows the promises of one connection life.

    Args:
        topics: everything this connection carries.
        ack_within_s: time for a command's acknowledgement, above 0.
        data_within_s: time from the acknowledgement to the first data, above 0.
    """

    def __init__(
        self, topics: Sequence[Topic], *, ack_within_s: float, data_within_s: float
    ) -> None:
        self.topics = tuple(topics)
        self.ack_within_s = ack_within_s
        self.data_within_s = data_within_s
        self.confirmed = 0
        self.refused = 0
        self.quiet: tuple[str, ...] = ()
        self._unacked: dict[int, tuple[float, int]] = {}
        self._silent: dict[tuple[str, StreamKind], str] = {
            (topic.symbol, topic.kind): topic.stream
            for topic in topics
            if topic.kind not in SILENT_BY_NATURE
        }
        self._heard: set[str] = set()
        self._data_due_s: float | None = None

    @property
    def silent(self) -> bool:
        """Some stream has not brought its first data yet."""
        return bool(self._silent)

    def asked(self, request_id: int, streams: int, now_s: float) -> None:
        """A command for so many streams went out."""
        self._unacked[request_id] = (now_s + self.ack_within_s, streams)

    def acknowledged(self, request_id: int, now_s: float) -> None:
        """The venue confirmed a command; the clock for first data starts with the last one."""
        due = self._unacked.pop(request_id, None)
        if due is None:
            return
        self.confirmed += due[1]
        if not self._unacked:
            self._data_due_s = now_s + self.data_within_s

    def refuse(self, request_id: int) -> None:
        """The venue refused a command."""
        due = self._unacked.pop(request_id, None)
        self.refused += due[1] if due is not None else 1

    def heard(self, symbol: str, kind: StreamKind) -> None:
        """Data of this stream arrived."""
        if self._silent.pop((symbol, kind), None) is not None:
            self._heard.add(symbol)

    def forget(self, symbol: str) -> None:
        """Promise nothing more about this symbol: it is not wanted any longer."""
        for key in [key for key in self._silent if key[0] == symbol]:
            del self._silent[key]
        self._heard.discard(symbol)

    def breach(self, now_s: float) -> str | None:
        """Say which promise is broken at this time, in one sentence; None while all is well."""
        for request_id, (due_s, streams) in self._unacked.items():
            if now_s >= due_s:
                return (
                    f"command {request_id} for {streams} streams was not acknowledged"
                    f" within {self.ack_within_s:g} s"
                )
        if self._data_due_s is None or now_s < self._data_due_s or not self._silent:
            return None
        return self._silence()

    def _silence(self) -> str | None:
        late = [(symbol, stream) for (symbol, _), stream in self._silent.items()]
        if not self._heard:
            return (
                f"all {len(late)} streams are acknowledged and silent"
                f" after {self.data_within_s:g} s, the first is {late[0][1]}"
            )
        for symbol, stream in late:
            if symbol in self._heard:
                return (
                    f"stream {stream} is acknowledged and silent after {self.data_within_s:g} s"
                    f" while {symbol} is traded"
                )
        self.quiet = tuple(dict.fromkeys(symbol for symbol, _ in late))
        return None
