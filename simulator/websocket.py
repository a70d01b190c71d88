"""One client's websocket connection, from the venue's side.

The protocol is wsproto's; data frames are made once per event in `topics` and only queued here.
Everything a connection sends passes through one outbox and one writing task, so frames never
interleave and a client that does not read is noticed.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress

import trio
from wsproto import WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from simulator.frames import fragmented, oversized
from simulator.line import Line
from simulator.pipes import PipeEnd
from simulator.protocol import Target
from simulator.topics import Topic
from simulator.venue import Venue

MAX_COMMAND_BYTES = 262_144
"""The longest command: 1024 stream names and some room."""
CLOSE_GRACE_S = 2.0
"""How long a closing connection may take to send what is queued."""
READ_BYTES = 65_536

CLOSED = (trio.BrokenResourceError, trio.ClosedResourceError)


class WebSocket:
    """A connection after its upgrade; `run` lives as long as it does.

    Args:
        venue: whom it is connected to.
        stream: the transport; closed by whoever gave it.
        protocol: wsproto's state, upgrade accepted.
        number: counts connections of the venue from 1.
        target: what its address asked for.
    """

    def __init__(
        self,
        venue: Venue,
        stream: trio.abc.Stream,
        protocol: WSConnection,
        number: int,
        target: Target,
    ) -> None:
        self.number = number
        self.kinds = target.kinds
        self.combined = target.combined
        self.spelling = target.spelling
        self.streams: dict[str, Topic | None] = {}
        self.bytes_sent = 0
        self._venue = venue
        self._stream = stream
        self._protocol = protocol
        self._scope = trio.CancelScope()
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self._wake = trio.Event()
        self._closing = False
        self._age_limit_s = trio.current_time() + venue.rules.max_age_s
        self._last_message_s = trio.current_time()
        self._topicless_since_s: float | None = trio.current_time()
        self._keeper_scope = trio.CancelScope()
        self._line = Line()
        self._frame_times: deque[float] = deque(maxlen=venue.rules.inbound_per_s + 1)
        self._ping_unanswered_since_s: float | None = None
        self._ping_payload = b""
        self._greeting = target.greeting
        self._pieces: list[str] = []
        self._pieces_bytes = 0

    # -- what the venue does --------------------------------------------------------------------

    def offer(self, frame: bytes) -> None:
        """Queue a finished message; a client too slow for its streams is ended."""
        self._last_message_s = trio.current_time()
        if self._venue.troubled("fragmentation"):
            frame = fragmented(frame)
        self._queue(frame)

    def _queue(self, frame: bytes) -> None:
        """Queue any frame, controls too, which are no sign of life."""
        if self._closing:
            self._venue.meter.frames_lost += 1
            return
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        if self._outbox_bytes > self._venue.rules.unread_bytes:
            self._venue.meter.frames_lost += len(self._outbox)
            self._outbox.clear()
            self._outbox_bytes = 0
            self.kill("slow reader")
        self._wake.set()

    def kill(self, reason: str, code: int = 1008) -> None:
        """End the connection with a close frame, once what is queued is sent."""
        if self._closing:
            return
        self._venue.meter.count_kill(reason)
        with suppress(LocalProtocolError):
            self._outbox.append(self._protocol.send(CloseConnection(code=code, reason=reason)))
        self._closing = True
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + CLOSE_GRACE_S)
        self._wake.set()

    def cut(self) -> None:
        """End it without a word: the client sees a reset."""
        if isinstance(self._stream, PipeEnd):
            self._stream.reset()
        elif isinstance(self._stream, trio.SocketStream):
            linger_off = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            self._stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, linger_off)
            self._stream.socket.close()
        self._venue.meter.count_kill("cut")
        self._closing = True
        self._scope.cancel()

    def stall(self, duration_s: float) -> None:
        """Send nothing for so long, pongs included; what is due follows afterwards."""
        self._line.stall(duration_s)
        self._wake.set()

    def recover(self) -> None:
        """End what lasts; a half-open connection is cut."""
        if self._line.dead:
            self.cut()
        self._line.recover()

    def crumble(self, piece_bytes: int, pause_s: float, duration_s: float) -> None:
        """Send in pieces of so many bytes, with a pause after each, for so long."""
        self._line.crumble(piece_bytes, pause_s, duration_s)

    def oversize(self) -> None:
        """Announce a frame that is longer than anyone takes."""
        self._queue(oversized())

    def hang_up(self) -> None:
        """End it in order, yet without a close frame."""
        self._venue.meter.count_kill("hung up")
        self._closing = True
        self._scope.cancel()

    def announce_shutdown(self, close_after_s: float) -> None:
        """Say what the venue says before it goes, and go some time later."""
        notice = self._venue.protocol.shutdown_notice(self._venue.now_ms(), self.combined)
        if notice:
            self.offer(notice)
        self._age_limit_s = min(self._age_limit_s, trio.current_time() + close_after_s)
        self._keeper_scope.cancel()

    # -- life -----------------------------------------------------------------------------------

    async def run(self, streams: tuple[str, ...], early: bytes) -> None:
        """Live until either side ends the connection.

        Args:
            streams: subscribed by the address.
            early: what the client sent right behind its upgrade request.
        """
        venue = self._venue
        venue.connections[self.number] = self
        try:
            if len(streams) > venue.rules.streams_per_connection:
                self.kill("too many streams")
            else:
                if self._greeting:
                    self.offer(self._greeting)
                for text in streams:
                    venue.subscribe(self, text)
                self._note_topics()
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._keep)
                    await self._read(early)
                    await self._finish()
                    nursery.cancel_scope.cancel()
        finally:
            self._closing = True
            for text in list(self.streams):
                venue.unsubscribe(self, text)
            del venue.connections[self.number]
            venue.meter.closed += 1

    async def _finish(self) -> None:
        """Give the writer the grace to send what is queued; it cancels the scope when done."""
        self._closing = True
        self._wake.set()
        await trio.sleep(CLOSE_GRACE_S)

    async def _write(self) -> None:
        """Send what is queued, in one piece per wake-up."""
        meter = self._venue.meter
        try:
            while True:
                stall_s = self._line.stalled_until_s - trio.current_time()
                if stall_s > 0:
                    await trio.sleep(stall_s)
                    continue
                if self._outbox:
                    batch = b"".join(self._outbox)
                    meter.frames_sent += len(self._outbox)
                    self._outbox.clear()
                    self._outbox_bytes = 0
                    await self._line.send(self._stream, batch)
                    meter.bytes_sent += len(batch)
                    self.bytes_sent += len(batch)
                elif self._closing:
                    break
                else:
                    self._wake = trio.Event()
                    await self._wake.wait()
        except CLOSED:
            meter.frames_lost += 1
        self._scope.cancel()

    async def _keep(self) -> None:
        """Ping, wait for pongs, end the connection where a rule of the venue says so."""
        rules = self._venue.rules
        next_ping_s = trio.current_time() + rules.ping_every_s
        while True:
            deadline_s = min(next_ping_s, *(limit_s for limit_s, _, _ in self._limits()))
            self._keeper_scope = trio.CancelScope(deadline=deadline_s)
            with self._keeper_scope:
                await trio.sleep_forever()
            now_s = trio.current_time()
            for limit_s, reason, code in self._limits():
                if now_s >= limit_s:
                    self.kill(reason, code)
                    return
            if now_s >= next_ping_s:
                next_ping_s = now_s + rules.ping_every_s
                self._ping(now_s)

    def _limits(self) -> tuple[tuple[float, str, int], ...]:
        """When the connection ends as things stand, why, and with which close code."""
        rules, never_s = self._venue.rules, math.inf
        ping_s, topicless_s = self._ping_unanswered_since_s, self._topicless_since_s
        return (
            (self._age_limit_s, "age limit", 1001),
            (never_s if ping_s is None else ping_s + rules.pong_within_s, "no pong", 1008),
            (
                never_s if topicless_s is None else topicless_s + rules.topicless_s,
                "no valid subscription",
                1000,
            ),
            (self._last_message_s + rules.idle_s, "idle", 1000),
        )

    def _ping(self, now_s: float) -> None:
        self._ping_payload = str(self._venue.now_ms()).encode()
        if self._ping_unanswered_since_s is None:
            self._ping_unanswered_since_s = now_s
        with suppress(LocalProtocolError):
            self._queue(self._protocol.send(Ping(payload=self._ping_payload)))

    async def _read(self, early: bytes) -> None:
        """Take what the client sends until it ends or breaks a rule."""
        data = early
        while not self._closing:
            if data and not self._line.dead:
                try:
                    self._protocol.receive_data(data)
                    for event in self._protocol.events():
                        self._take(event)
                except RemoteProtocolError:
                    self.kill("protocol error", code=1002)
                    return
            if self._protocol.state is ConnectionState.CLOSED:
                return
            try:
                data = bytes(await self._stream.receive_some(READ_BYTES))
            except CLOSED:
                self._scope.cancel()
                return
            if not data:
                return

    def _take(self, event: Event) -> None:
        """One event of the client; pings, pongs and commands count together."""
        if isinstance(event, CloseConnection):
            with suppress(LocalProtocolError):
                self._queue(self._protocol.send(event.response()))
            self._closing = True
            return
        if self._closing:
            return
        if isinstance(event, TextMessage | BytesMessage):
            data = (
                event.data
                if isinstance(event, TextMessage)
                else bytes(event.data).decode("utf-8", "replace")
            )
            self._pieces.append(data)
            self._pieces_bytes += len(data)
            if self._pieces_bytes > MAX_COMMAND_BYTES:
                self.kill("command too long", code=1009)
                return
            if not event.message_finished:
                return
        if self._too_many_frames():
            self.kill("too many requests")
            return
        if isinstance(event, Ping):
            if self._venue.rules.answers_pings and not self._venue.troubled("unanswered_ping"):
                self._queue(self._protocol.send(event.response()))
        elif isinstance(event, Pong):
            if bytes(event.payload) == self._ping_payload:
                self._ping_unanswered_since_s = None
        elif isinstance(event, TextMessage | BytesMessage):
            text, self._pieces, self._pieces_bytes = "".join(self._pieces), [], 0
            self._command(text)

    def _command(self, text: str) -> None:
        venue = self._venue
        venue.meter.commands += 1
        self._last_message_s = trio.current_time()
        if venue.commands_to_refuse > 0:
            venue.commands_to_refuse -= 1
            for frame in venue.protocol.refusal(venue, self, text):
                self.offer(frame)
            return
        if venue.acks_to_lose > 0:
            venue.acks_to_lose -= 1
            return
        for frame in venue.protocol.command(venue, self, text):
            self.offer(frame)
        self._note_topics()

    def _note_topics(self) -> None:
        """Remember since when nothing is subscribed; the keeper looks again when that changed."""
        topicless = not any(topic is not None for topic in self.streams.values())
        if topicless is (self._topicless_since_s is None):
            self._topicless_since_s = trio.current_time() if topicless else None
            self._keeper_scope.cancel()

    def _too_many_frames(self) -> bool:
        """Whether this frame is one more than a second may bring."""
        now_s = trio.current_time()
        times = self._frame_times
        times.append(now_s)
        meter = self._venue.meter
        recent = sum(1 for at_s in times if at_s > now_s - 1.0)
        meter.peak_frames_in_1s = max(meter.peak_frames_in_1s, recent)
        return recent > self._venue.rules.inbound_per_s
