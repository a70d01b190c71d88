"""The open websocket connection: batches and stamps, sends, pings, goodbyes."""

from __future__ import annotations

import pytest
import trio
import trio.testing
import trio_websocket

from actors.runtime.clock import TrioClock
from actors.transport.reference import UNANSWERED_PINGS_LIMIT
from actors.transport.websocket import BATCH_LIMIT, Batch, parse_url
from actors.transport.wire import QUEUE_LIMIT
from messages.errors import ConnectionLost, SilentConnection
from tests.transport.websocket_worlds import (
    BINARY,
    CLOSE,
    PING,
    TEXT,
    connect,
    frame,
    raw_websocket_peer,
    sending,
    websocket_peer,
)
from tests.transport.worlds import (
    Clogged,
    MemoryDialer,
    Wrapped,
)

# -- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://a.example", ("a.example", 443, True, "/", "a.example")),
        ("ws://a.example:81/x?y=z", ("a.example", 81, False, "/x?y=z", "a.example:81")),
        ("wss://a.example:9443/ws", ("a.example", 9443, True, "/ws", "a.example:9443")),
        ("ws://[::1]:8080/", ("::1", 8080, False, "/", "[::1]:8080")),
    ],
)
def test_addresses(url: str, expected: tuple[object, ...]) -> None:
    """A URL falls into host, port, TLS, target and Host header."""
    found = parse_url(url)
    assert (found.host, found.port, found.tls, found.target, found.host_header) == expected


@pytest.mark.parametrize("url", ["http://a.example/", "a.example", "ws:///x", "ws://a:99999/"])
def test_what_is_no_address(url: str) -> None:
    """Anything but a websocket URL is refused before a dial."""
    with pytest.raises(ValueError, match=r"."):
        parse_url(url)


# -- receiving ----------------------------------------------------------------------------------


async def test_one_read_is_one_batch_with_one_stamp(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """All messages of a read come together, text and binary as bytes, stamped with its time."""
    clock = TrioClock()

    async def serve(stream: trio.abc.Stream) -> None:
        await trio.sleep(1)
        await stream.send_all(frame(TEXT, "päng".encode()) + frame(BINARY, b"\x00\xff"))
        await trio.sleep(1)
        await stream.send_all(frame(TEXT, b"{}"))
        await trio.sleep_forever()

    async with connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket:
        opened_ns = clock.now_ns()
        assert socket.last_frame_ns == opened_ns
        await trio.sleep(5)  # slow consumer: the stamps are those of the reads all the same
        assert await socket.receive_batch() == Batch(
            ["päng".encode(), b"\x00\xff"], opened_ns + 1_000_000_000
        )
        assert await socket.receive_batch() == Batch([b"{}"], opened_ns + 2_000_000_000)
        assert socket.last_frame_ns == opened_ns + 2_000_000_000
        assert (socket.counts.messages, socket.counts.reads) == (3, 3)
    nursery.cancel_scope.cancel()


async def test_messages_behind_the_upgrade_in_one_read_are_not_lost(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A message in the same read as the 101 answer is the first batch."""

    class FirstReadsTogether(Wrapped):
        first = b""

        async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
            if self.first:
                return await super().receive_some(max_bytes)
            self.first = bytes(await super().receive_some(max_bytes))
            return self.first + await super().receive_some(max_bytes)

    dialer = MemoryDialer(nursery, sending(frame(TEXT, b"first")), wrap=FirstReadsTogether)
    async with connect(dialer) as socket:
        assert (await socket.receive_batch()).payloads == [b"first"]
        assert socket.counts.reads == 1
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("slice_bytes", [1, 3, 1_000])
async def test_fragments_become_one_message(
    slice_bytes: int, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A message in several frames, cut anywhere, even in a character, with a ping between."""
    text = "ein größeres Wort"
    raw = text.encode()
    wire = (
        frame(TEXT, raw[:7], fin=False)
        + frame(PING, b"p")
        + frame(0, raw[7:9], fin=False)
        + frame(0, raw[9:])
        + frame(TEXT, b"next")
    )
    pieces = [wire[at : at + slice_bytes] for at in range(0, len(wire), slice_bytes)]
    async with connect(MemoryDialer(nursery, sending(*pieces))) as socket:
        got: list[bytes] = []
        while len(got) < 2:
            got += (await socket.receive_batch()).payloads
        assert got == [raw, b"next"]
        assert socket.counts.pings_received == 1
    nursery.cancel_scope.cancel()


async def test_batches_are_limited_and_keep_order(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A read of more than 256 messages comes as several batches, in order, none lost."""
    count = BATCH_LIMIT * 2 + 10
    wire = b"".join(frame(TEXT, b"%d" % number) for number in range(count))
    async with connect(MemoryDialer(nursery, sending(wire))) as socket:
        sizes: list[int] = []
        got: list[bytes] = []
        while len(got) < count:
            batch = await socket.receive_batch()
            sizes.append(len(batch.payloads))
            got += batch.payloads
        assert got == [b"%d" % number for number in range(count)]
        assert sizes == [BATCH_LIMIT, BATCH_LIMIT, 10]
    nursery.cancel_scope.cancel()


async def test_reading_pauses_while_nobody_takes(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A consumer that stands still makes the reader stop, and nothing is lost when it goes on."""
    sent = 0

    async def serve(stream: trio.abc.Stream) -> None:
        nonlocal sent
        for number in range(20):
            await stream.send_all(frame(TEXT, b"%d" % number) * 64)
            sent += 64
            await trio.testing.wait_all_tasks_blocked()
        await trio.sleep_forever()

    async with connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket:
        while sent < 20 * 64:
            await trio.testing.wait_all_tasks_blocked()
        assert socket.counts.messages == QUEUE_LIMIT
        got: list[bytes] = []
        while len(got) < sent:
            got += (await socket.receive_batch()).payloads
        assert got == [b"%d" % number for number in range(20) for _ in range(64)]
    nursery.cancel_scope.cancel()


# -- sending, pings, close ----------------------------------------------------------------------


async def test_round_trip_with_trio_websocket_on_the_other_side(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Text goes out and comes back; leaving the block says goodbye with code 1000."""
    ended: list[trio_websocket.CloseReason | None] = []

    async def serve(connection: trio_websocket.WebSocketConnection) -> None:
        try:
            while True:
                await connection.send_message(await connection.get_message())
        except trio_websocket.ConnectionClosed as end:
            ended.append(end.reason)

    dialer = MemoryDialer(nursery, websocket_peer(serve))
    async with connect(dialer, headers=(("User-Agent", "arbtree"),)) as socket:
        for text in ("one", "zwölf"):
            await socket.send(text)
            assert (await socket.receive_batch()).payloads == [text.encode()]
        assert socket.closed is None
    await trio.testing.wait_all_tasks_blocked()
    assert [reason.code for reason in ended if reason] == [1000]
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_ping_measures_the_round_trip(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A ping returns the seconds until its pong was read, and the pong proves the connection."""

    async def serve(stream: trio.abc.Stream) -> None:
        while True:
            data = await stream.receive_some()
            payload = bytes(byte ^ data[2 + at % 4] for at, byte in enumerate(data[6:]))
            await trio.sleep(0.25)
            await stream.send_all(frame(0xA, payload))

    async with connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket:
        for number in (1, 2):
            assert await socket.ping() == pytest.approx(0.25)
            assert socket.last_frame_ns == TrioClock().now_ns()
            assert socket.counts.pongs_received == socket.counts.pings_sent == number
        with pytest.raises(SilentConnection, match=r"did not answer a ping within 0\.1 s"):
            await socket.ping(deadline_s=0.1)
        assert await socket.ping() > 0  # still usable, and later pongs match later pings
    nursery.cancel_scope.cancel()


async def test_peer_that_answers_no_pings(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Unanswered pings end at their deadline, and after some of them none is sent any more."""
    async with connect(MemoryDialer(nursery, sending())) as socket:
        for _ in range(UNANSWERED_PINGS_LIMIT):
            with pytest.raises(SilentConnection):
                await socket.ping(deadline_s=1)
        with pytest.raises(SilentConnection, match="answers no pings"):
            await socket.ping()
        assert socket.counts.pings_sent == UNANSWERED_PINGS_LIMIT
    nursery.cancel_scope.cancel()


async def test_ping_under_way_ends_with_the_connection(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A cut while a ping waits is a lost connection at once, not a missed deadline."""

    async def serve(stream: trio.abc.Stream) -> None:
        await trio.sleep(1)
        await stream.aclose()

    async with connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket:
        started_s = trio.current_time()
        with pytest.raises(ConnectionLost, match="hung up without a close frame"):
            await socket.ping(deadline_s=60)
        assert trio.current_time() - started_s == pytest.approx(1)
    nursery.cancel_scope.cancel()


async def test_ping_of_the_server_is_answered_and_proves_the_connection(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A server's ping gets its pong without help and counts as a frame."""
    answers: list[bytes] = []

    async def serve(stream: trio.abc.Stream) -> None:
        await trio.sleep(3)
        await stream.send_all(frame(PING, b"abc"))
        answers.append(bytes(await stream.receive_some()))
        await trio.sleep_forever()

    async with connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket:
        await trio.sleep(4)
        assert answers[0][:2] == b"\x8a\x83"  # a pong, masked, three bytes
        assert TrioClock().now_ns() - socket.last_frame_ns == 1_000_000_000
    nursery.cancel_scope.cancel()


async def test_ping_behind_our_close_frame_raises_nothing(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A ping that crosses our close frame gets no pong and no error (trio-websocket 184)."""

    async def serve(stream: trio.abc.Stream) -> None:
        await stream.receive_some()  # our close frame
        await stream.send_all(frame(PING, b"late") + frame(TEXT, b"late"))
        await trio.sleep(0.1)
        await stream.send_all(frame(CLOSE, b"\x03\xe8"))
        assert await stream.receive_some() == b""

    async with connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket:
        started_s = trio.current_time()
        await socket.close()
        assert trio.current_time() - started_s == pytest.approx(0.1)
        assert socket.counts.pings_received == socket.counts.discarded == 1
        with pytest.raises(ConnectionLost, match="was closed by us"):
            await socket.receive_batch()
    nursery.cancel_scope.cancel()


async def test_close_does_not_wait_longer_than_its_deadline(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A peer that ignores the close frame is hung up on."""
    dialer = MemoryDialer(nursery, sending())
    async with connect(dialer) as socket:
        started_s = trio.current_time()
        await socket.close(1001, deadline_s=0.5)
        assert trio.current_time() - started_s == pytest.approx(0.5)
        assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_peer_that_takes_nothing_loses_the_connection(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A send that is not taken ends the connection at its limit instead of blocking for ever."""

    async with connect(MemoryDialer(nursery, sending(), wrap=Clogged)) as socket:
        for _ in range(2):
            with pytest.raises(ConnectionLost, match=r"half a frame|did not take"):
                await socket.send("x")
    nursery.cancel_scope.cancel()
