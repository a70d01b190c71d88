"""A venue that says what a recording says: REST by h11, one websocket by trio-websocket.

It acknowledges subscriptions, sends frames when it is told to, verbatim and in order, and holds
every request for a snapshot until the recording has come to the answer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import h11
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from tests.live_path.tapes import Tape, exchange_info

READ_BYTES = 65_536
CORK_BYTES = 32_768
"""What a corked stream collects before it sends: some hundred frames, as in a busy market."""
GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
STREAMS_PER_SYMBOL = 2
"""Depth and best quote: what the engine asks for."""


class CorkedStream(trio.abc.Stream):
    """A stream that collects what is sent while it is corked, so that one read brings much."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._waiting = bytearray()
        self._sending = trio.Lock()
        self.corked = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Collect the data, and send everything when it is enough or nothing is corked."""
        self._waiting += data
        if not self.corked or len(self._waiting) >= CORK_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Send what is collected."""
        async with self._sending:
            data, self._waiting = bytes(self._waiting), bytearray()
            if data:
                await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait like the stream below."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive from the stream below."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._stream.aclose()


class RecordedVenue:
    """The server side of one tape.

    Args:
        tape: what it plays; whoever drives it hands over the records.
        now_ms: the wall clock it tells.
    """

    def __init__(self, tape: Tape, now_ms: Callable[[], int]) -> None:
        self._info = self.venue_info(tape)
        self._streams = STREAMS_PER_SYMBOL * len(tape.symbols)
        self._now_ms = now_ms
        self._bodies: dict[str, bytes] = {}
        self._ready = {native: trio.Event() for native in tape.symbols}
        self._socket: WebSocketConnection | None = None
        self._cork: CorkedStream | None = None
        self.asked = {native: trio.Event() for native in tape.symbols}
        """Set by the first request for each symbol's snapshot."""
        self.requests: Counter[str] = Counter()
        """Requests by what they asked for."""
        self.subscribed = trio.Event()
        """Set when every stream is asked for and acknowledged."""
        self.streams: list[str] = []
        self.sockets = 0
        self.sent = 0
        """Websocket messages sent, acknowledgements included."""

    @staticmethod
    def venue_info(tape: Tape) -> bytes:
        """The answer that lists the recorded symbols."""
        return exchange_info(tape)

    # -- what the recording says ----------------------------------------------------------------

    async def send(self, payload: bytes) -> None:
        """Send one recorded frame as it was received."""
        assert self._socket is not None, "nobody has subscribed"
        self.sent += 1
        await self._socket.send_message(payload.decode())

    async def flush(self) -> None:
        """Put everything on the wire that is still collected."""
        if self._cork is not None:
            await self._cork.flush()

    def cork(self) -> None:
        """Collect frames from now on."""
        assert self._cork is not None, "nobody has subscribed"
        self._cork.corked = True

    def answer(self, native: str, body: bytes) -> None:
        """Let the held request for a symbol's snapshot have its answer."""
        self._bodies[native] = body
        self._ready[native].set()

    # -- REST -----------------------------------------------------------------------------------

    async def serve_rest(self, stream: trio.abc.Stream) -> None:
        """Answer the requests of one connection until it ends."""
        http = h11.Connection(h11.SERVER)
        async with stream:
            try:
                while (target := await _next_target(http, stream)) is not None:
                    status, body = await self._rest_answer(target)
                    await stream.send_all(_spell(http, status, body))
                    http.start_next_cycle()
            except GONE:
                return

    async def _rest_answer(self, target: str) -> tuple[int, bytes]:
        url = urlsplit(target)
        name = url.path.rpartition("/")[2]
        if name != "depth":
            self.requests[name] += 1
        if name == "exchangeInfo":
            return 200, self._info
        if name == "time":
            return 200, json.dumps({"serverTime": self._now_ms()}).encode()
        native = parse_qs(url.query).get("symbol", [""])[0]
        if name != "depth" or native not in self._ready:
            return 400, b'{"code":-1121,"msg":"Invalid symbol."}'
        return await self._snapshot(native)

    async def _snapshot(self, native: str) -> tuple[int, bytes]:
        """Hold a request for a snapshot until the recording has come to its answer."""
        self.requests[f"depth {native}"] += 1
        self.asked[native].set()
        await self._ready[native].wait()
        return 200, self._bodies[native]

    # -- websocket ------------------------------------------------------------------------------

    async def serve_websocket(self, stream: trio.abc.Stream) -> None:
        """Serve one websocket connection until it ends."""
        self.sockets += 1
        self._cork = cork = CorkedStream(stream)
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, cork)
            await self._commands(await request.accept())

    async def _commands(self, socket: WebSocketConnection) -> None:
        """Take commands until the connection ends."""
        try:
            while True:
                await self._command(socket, json.loads(await socket.get_message()))
        except ConnectionClosed:
            return

    async def _command(self, socket: WebSocketConnection, command: dict[str, object]) -> None:
        """Acknowledge a SUBSCRIBE."""
        assert command["method"] == "SUBSCRIBE"
        params = command["params"]
        assert isinstance(params, list)
        await self._acknowledge(socket, params, {"result": None, "id": command["id"]})

    async def _acknowledge(
        self, socket: WebSocketConnection, streams: list[str], answer: dict[str, object]
    ) -> None:
        """Note what was subscribed, and say so."""
        self.streams += streams
        self.sent += 1
        await socket.send_message(json.dumps(answer))
        if len(self.streams) == self._streams:
            self._socket = socket
            self.subscribed.set()


async def _next_target(http: h11.Connection, stream: trio.abc.Stream) -> str | None:
    """The target of the next request; None at the end of the connection."""
    target = None
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(bytes(await stream.receive_some(READ_BYTES)))
        elif isinstance(event, h11.Request):
            target = event.target.decode("ascii")
        elif isinstance(event, h11.EndOfMessage):
            return target
        else:
            return None


def _spell(http: h11.Connection, status: int, body: bytes) -> bytes:
    """The bytes of one JSON answer."""
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    parts = (
        http.send(h11.Response(status_code=status, headers=headers)),
        http.send(h11.Data(data=body)),
        http.send(h11.EndOfMessage()),
    )
    return b"".join(part or b"" for part in parts)
