"""A subscription is a contract: acknowledged and followed by data in time, or it has failed.

Rules of this file: pure, time is an argument in seconds.  Every stream is followed by itself: an
acknowledgement that leaves one out refuses it, and a refusal may name some of a command's
streams, one of them, or none, which means all.

A venue can also acknowledge a stream and then stay silent for ever (Binance does so for a stream
on the wrong route or with a misspelt name), so silence needs a judge.  It is a failure when the
whole connection brings nothing, when every stream of one kind is silent while others flow, and
when the depth of a symbol is silent while its other streams flow.  A best quote may stand still
while deeper levels move, and a symbol of which every stream is silent is only *quiet*, because
nobody may be trading it.  Trades, candles and tickers promise an acknowledgement and no data: a
market may rest for hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from messages.market import StreamKind

Key = tuple[str, StreamKind]
"""A stream by its symbol and kind."""

SILENT_BY_NATURE = frozenset({StreamKind.TRADE, StreamKind.KLINE, StreamKind.TICKER_24H})
"""Kinds that bring nothing while nobody trades."""


class Topic(Struct, frozen=True, gc=False):
    """One stream as we asked for it."""

    stream: str
    symbol: str
    kind: StreamKind

    @property
    def key(self) -> Key:
        """Symbol and kind."""
        return self.symbol, self.kind


class Command(Struct):
    """One subscribe command that waits for its answer: what it asked for and until when."""

    due_s: float
    streams: dict[str, None]


class SubscriptionContract:
    """Follows the promises of one connection life.

    Args:
        topics: everything this connection carries.
        ack_within_s: time for a command's acknowledgement, above 0.
        data_within_s: time from the acknowledgement to the first data, above 0.
        in_band: whether each depth stream must begin with a snapshot of its own.
    """

    def __init__(
        self,
        topics: Sequence[Topic],
        *,
        ack_within_s: float,
        data_within_s: float,
        in_band: bool = False,
    ) -> None:
        self.topics = {topic.stream: topic for topic in topics}
        self.ack_within_s = ack_within_s
        self.data_within_s = data_within_s
        self.in_band = in_band
        self.quiet: tuple[str, ...] = ()
        self._unacked: dict[int, Command] = {}
        self._confirmed: set[str] = set()
        self._refused: set[str] = set()
        # Streams that have not brought their first data, and when they must have; None: the
        # acknowledgement comes first.
        self._silent: dict[Key, float | None] = {
            topic.key: None for topic in topics if topic.kind not in SILENT_BY_NATURE
        }
        self._snapshot_due_s: dict[str, float] = {}
        self._heard_symbols: set[str] = set()
        self._heard_kinds: set[StreamKind] = set()
        # The window in which streams that flowed before are listened to again.
        self._unheard: set[Key] = set()
        self._suspects: set[str] = set()
        self._window_ends_s: float | None = None

    # -- what stands ------------------------------------------------------------------------------

    @property
    def silent(self) -> bool:
        """Some stream has not brought its first data yet."""
        return bool(self._silent)

    @property
    def listening(self) -> bool:
        """Somebody wants to hear of data: before the first of a stream, and now and then after."""
        return bool(self._silent or self._unheard)

    @property
    def settled(self) -> bool:
        """Every command has its answer."""
        return not self._unacked

    @property
    def confirmed(self) -> int:
        """Streams that the venue has acknowledged."""
        return len(self._confirmed)

    @property
    def refused(self) -> int:
        """Streams that the venue has refused."""
        return len(self._refused)

    # -- commands and their answers ---------------------------------------------------------------

    def asked(self, request_id: int, streams: Iterable[str], now_s: float) -> None:
        """Note a command for these streams, for the first time or again."""
        names = dict.fromkeys(streams)
        self._unacked[request_id] = Command(now_s + self.ack_within_s, names)
        self._refused.difference_update(names)

    def acknowledged(
        self, request_id: int, now_s: float, named: Sequence[str] = ()
    ) -> tuple[Topic, ...]:
        """Take the confirmation of a command, whole or in part.

        Args:
            request_id: which command; 0 or less where the venue does not say.
            now_s: from now on first data is due.
            named: the streams that the venue confirms; none: all of the command.

        Returns:
            What the command asked for and the confirmation leaves out: it is refused.
        """
        left_out: list[Topic] = []
        for command in self._commands(request_id, named):
            covered = [name for name in command.streams if not named or name in named]
            for name in covered:
                self._confirm(name, now_s)
                del command.streams[name]
            if request_id > 0:
                left_out += self._refuse(command.streams)
        self._forget_answered()
        return tuple(left_out)

    def refuse(self, request_id: int, named: Sequence[str] = ()) -> tuple[Topic, ...]:
        """Take the refusal of a command, whole or in part.

        Args:
            request_id: which command; 0 or less where the venue does not say.
            named: the streams that the venue refuses; none: all of the command.

        Returns:
            What is refused of what this connection carries.
        """
        names = dict.fromkeys(name for name in named if name in self.topics)
        if not named and request_id in self._unacked:
            names = dict(self._unacked[request_id].streams)
        for command in self._unacked.values():
            for name in names:
                command.streams.pop(name, None)
        self._forget_answered()
        return tuple(self._refuse(names))

    def _commands(self, request_id: int, named: Sequence[str]) -> list[Command]:
        """Find the command of that number, or those that asked for these streams."""
        command = self._unacked.get(request_id)
        if command is not None:
            return [command]
        if request_id > 0:
            return []
        return [
            each for each in self._unacked.values() if any(name in each.streams for name in named)
        ]

    def _confirm(self, stream: str, now_s: float) -> None:
        topic = self.topics.get(stream)
        if topic is None:
            return  # given up meanwhile
        self._confirmed.add(stream)
        due_s = now_s + self.data_within_s
        if topic.key in self._silent:
            self._silent[topic.key] = due_s
        if self.in_band and topic.kind is StreamKind.DEPTH:
            self._snapshot_due_s[topic.symbol] = due_s

    def _refuse(self, names: dict[str, None]) -> list[Topic]:
        found = [self.topics[name] for name in names if name in self.topics]
        for topic in found:
            self._refused.add(topic.stream)
            self._confirmed.discard(topic.stream)
            self._silent.pop(topic.key, None)
        names.clear()
        return found

    def _forget_answered(self) -> None:
        for request_id in [each for each, command in self._unacked.items() if not command.streams]:
            del self._unacked[request_id]

    def forget(self, symbol: str) -> tuple[Topic, ...]:
        """Promise nothing more about this symbol; say what was carried of it."""
        gone = tuple(topic for topic in self.topics.values() if topic.symbol == symbol)
        for topic in gone:
            del self.topics[topic.stream]
            self._silent.pop(topic.key, None)
            self._unheard.discard(topic.key)
            self._confirmed.discard(topic.stream)
            for command in self._unacked.values():
                command.streams.pop(topic.stream, None)
        self._forget_answered()
        self._snapshot_due_s.pop(symbol, None)
        self._heard_symbols.discard(symbol)
        self._suspects.discard(symbol)
        return gone

    # -- data -------------------------------------------------------------------------------------

    def heard(self, symbol: str, kind: StreamKind) -> None:
        """Take note that this stream brought data."""
        key = (symbol, kind)
        self._unheard.discard(key)
        if key in self._silent:
            del self._silent[key]
            self._heard_symbols.add(symbol)
            self._heard_kinds.add(kind)

    def brought(self, symbol: str) -> bool:
        """Whether every stream of this symbol that was asked for has brought data."""
        return all(symbol != silent for silent, _ in self._silent)

    def snapshot(self, symbol: str) -> None:
        """Take note that the depth stream of this symbol brought its snapshot."""
        self._snapshot_due_s.pop(symbol, None)

    def overdue(self, now_s: float) -> tuple[Topic, ...]:
        """Name the depth streams that owe a snapshot since too long, each once a period."""
        late = [symbol for symbol, due_s in self._snapshot_due_s.items() if now_s >= due_s]
        for symbol in late:
            self._snapshot_due_s[symbol] = now_s + self.data_within_s
        return self._depths(late)

    def stalled(self, now_s: float) -> tuple[Topic, ...]:
        """Name the depth streams that have stopped while the symbol's other streams went on.

        Looked at once in `data_within_s`.  Such a stream was silent for a whole period, and
        something else of its symbol came in the period before, so that nothing merely crossed
        the border.
        """
        if self._window_ends_s is not None and now_s < self._window_ends_s:
            return ()
        keys = {self.topics[name].key for name in self._confirmed} - self._silent.keys()
        silent = {symbol for symbol, kind in self._unheard if kind is StreamKind.DEPTH}
        spoke = {symbol for symbol, _ in keys - self._unheard}
        found = self._suspects & silent
        self._suspects = (silent & spoke) - found
        self._window_ends_s = now_s + self.data_within_s
        self._unheard = keys
        return self._depths(found)

    def _depths(self, symbols: Iterable[str]) -> tuple[Topic, ...]:
        wanted = set(symbols)
        return tuple(
            topic
            for topic in self.topics.values()
            if topic.kind is StreamKind.DEPTH and topic.symbol in wanted
        )

    # -- the judge --------------------------------------------------------------------------------

    def breach(self, now_s: float) -> str | None:
        """Say which promise is broken at this time, in one sentence; None while all is well."""
        for request_id, command in self._unacked.items():
            if now_s >= command.due_s:
                return (
                    f"command {request_id} for {len(command.streams)} streams was not acknowledged"
                    f" within {self.ack_within_s:g} s"
                )
        late = [
            topic
            for topic in self.topics.values()
            if (due_s := self._silent.get(topic.key)) is not None and now_s >= due_s
        ]
        broken = self._broken(late) if late else None
        if broken is None and late:
            names = (topic.symbol for topic in late if topic.symbol not in self._heard_symbols)
            self.quiet = tuple(dict.fromkeys(names))
        return broken

    @property
    def proven(self) -> bool:
        """Data flows, and no stream is missing that others say should flow."""
        silent = [topic for topic in self.topics.values() if topic.key in self._silent]
        return not silent or self._broken(silent) is None

    def _broken(self, late: list[Topic]) -> str | None:
        """Say what the silence of these streams proves."""
        if not self._heard_symbols:
            first = f", the first is {late[0].stream}" if late else ""
            return (
                f"all {len(late)} streams are acknowledged and silent"
                f" after {self.data_within_s:g} s{first}"
            )
        for topic in late:
            if topic.symbol in self._heard_symbols and (
                topic.kind is StreamKind.DEPTH or topic.kind not in self._heard_kinds
            ):
                return (
                    f"stream {topic.stream} is acknowledged and silent"
                    f" after {self.data_within_s:g} s while {topic.symbol} is traded"
                )
        return None
