"""Every way a websocket connection ends or never begins: one error, nothing left open."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
import trio_websocket

from actors.transport.websocket import Websocket, sole_loss
from messages.errors import ConnectionLost, DialFailed, RetryKind
from tests.transport.websocket_worlds import (
    CLOSE,
    TEXT,
    connect,
    frame,
    raw_websocket_peer,
    sending,
    websocket_peer,
)
from tests.transport.worlds import (
    BrokenAfterOneRead,
    MemoryDialer,
    Peer,
    answering,
    silent,
)

# -- how connections end ------------------------------------------------------------------------

ENDS: list[tuple[Peer, int, str]] = [
    (sending(frame(CLOSE, b"\x03\xe9going away")), 1001, "closed the connection with code 1001 'g"),
    (sending(frame(CLOSE, b"\x0f\xa0")), 4000, "closed the connection with code 4000$"),
    (sending(frame(CLOSE, b"")), 1005, "closed the connection with code 1005$"),
    (sending(hold=False), 1006, "hung up without a close frame"),
    (sending(b"\x81\x7e\x01", hold=False), 1006, "hung up without a close frame"),
    (sending(frame(TEXT, b"x" * 50)[:20], hold=False), 1006, "hung up without a close frame"),
    (sending(b"\xff\xff\xff\xff garbage"), 1002, "broke the websocket protocol: Invalid opcode"),
    (sending(b"\x81\x85aaaabbbbb"), 1002, "broke the websocket protocol: .*masked"),
    (sending(frame(TEXT, b"\xff\xfe")), 1007, "broke the websocket protocol: .*utf-8"),
    (sending(frame(0, b"x")), 1002, "broke the websocket protocol: unexpected CONTINUATION"),
    (sending(frame(TEXT, b"x" * 101)), 1009, "sent a message of more than 100 bytes"),
    (
        sending(frame(TEXT, b"x" * 60, fin=False) + frame(0, b"x" * 60)),
        1009,
        "sent a message of more than 100 bytes",
    ),
    (
        sending(b"\x82\x7f\x00\x00\x00\x7f\x00\x00\x00\x00" + b"x" * 200),
        1009,
        "sent a message of more than 100 bytes",
    ),
]


@pytest.mark.parametrize(("peer", "code", "text"), ENDS)
async def test_every_end_is_one_lost_connection(
    peer: Peer, code: int, text: str, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Close codes, cuts, garbage and oversize each leave the block as one plain ConnectionLost."""
    dialer = MemoryDialer(nursery, peer)
    with pytest.raises(ConnectionLost, match=rf"^venue\.example:80 {text}") as caught:
        async with connect(dialer, message_limit_bytes=100) as socket:
            while True:
                await socket.receive_batch()
    assert socket.closed is not None
    assert socket.closed.code == code
    assert caught.value.outage
    assert "secret" not in caught.value.text
    assert dialer.open == []
    with pytest.raises(ConnectionLost):
        await socket.send("too late")
    with pytest.raises(ConnectionLost):
        await socket.ping()
    nursery.cancel_scope.cancel()


async def test_what_came_before_the_end_is_delivered(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Messages before a close frame in the same read are received before the loss is told."""
    wire = frame(TEXT, b"1") + frame(TEXT, b"2") + frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"3")
    async with connect(MemoryDialer(nursery, sending(wire))) as socket:
        assert (await socket.receive_batch()).payloads == [b"1", b"2"]
        with pytest.raises(ConnectionLost, match="code 1000"):
            await socket.receive_batch()
    nursery.cancel_scope.cancel()


async def test_close_frame_is_answered_even_to_a_peer_that_is_gone(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A close frame and a hang-up in one breath: the frame's code is what is told."""
    peer = sending(frame(TEXT, b"1") + frame(CLOSE, b"\x03\xf4try again"), hold=False)
    async with connect(MemoryDialer(nursery, peer)) as socket:
        assert (await socket.receive_batch()).payloads == [b"1"]
        with pytest.raises(ConnectionLost, match="code 1012 'try again'"):
            await socket.receive_batch()
    nursery.cancel_scope.cancel()


async def test_broken_stream_is_the_cause(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A stream that breaks is told with the original error as cause."""

    dialer = MemoryDialer(nursery, sending(), wrap=BrokenAfterOneRead)
    with pytest.raises(ConnectionLost, match="cut the connection") as caught:
        async with connect(dialer) as socket:
            await socket.receive_batch()
    assert isinstance(caught.value.__cause__, trio.BrokenResourceError)
    nursery.cancel_scope.cancel()


async def test_send_to_a_peer_that_is_gone(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A send that meets a broken stream is a lost connection."""

    async def serve(connection: trio_websocket.WebSocketConnection) -> None:
        await connection._stream.aclose()

    with pytest.raises(ConnectionLost):
        async with connect(MemoryDialer(nursery, websocket_peer(serve))) as socket:
            while True:
                await socket.send("x")
    nursery.cancel_scope.cancel()


async def test_a_cut_noticed_by_two_tasks_is_one_error(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Reader and pinger of one socket both fail; what leaves the block is one ConnectionLost."""

    async def serve(stream: trio.abc.Stream) -> None:
        await trio.testing.wait_all_tasks_blocked()
        await stream.aclose()

    with pytest.raises(ConnectionLost) as caught:
        async with (
            connect(MemoryDialer(nursery, raw_websocket_peer(serve))) as socket,
            trio.open_nursery() as tasks,
        ):
            tasks.start_soon(socket.ping)
            tasks.start_soon(socket.receive_batch)
    assert isinstance(caught.value.__cause__, ExceptionGroup)
    nursery.cancel_scope.cancel()


def test_sole_loss_leaves_other_groups_alone() -> None:
    """Only a group of nothing but lost connections, however deep, stands for one."""
    loss = ConnectionLost("gone")
    assert sole_loss(loss) is None
    assert sole_loss(ExceptionGroup("", [ExceptionGroup("", [loss]), ConnectionLost("b")])) is loss
    assert sole_loss(ExceptionGroup("", [loss, ValueError()])) is None
    assert sole_loss(BaseExceptionGroup("", [loss, KeyboardInterrupt()])) is None


async def test_the_blocks_own_error_comes_out_as_it_is(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """An error of the user's code is not wrapped, and the connection is closed."""
    dialer = MemoryDialer(nursery, sending())
    with pytest.raises(KeyError):
        async with connect(dialer):
            raise KeyError("mine")
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_cancelled_exit_keeps_the_real_error(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """An error raised while the surrounding scope is cancelled survives the exit (trio 455)."""
    dialer = MemoryDialer(nursery, sending())
    with trio.CancelScope() as scope, pytest.raises(ConnectionLost, match="real"):
        async with connect(dialer):
            scope.cancel()
            raise ConnectionLost("the real error")
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_cancellation_leaves_at_once(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A cancelled receive ends the block in no time, the stream closed, the scope told."""
    dialer = MemoryDialer(nursery, sending())
    started_s = trio.current_time()
    with trio.move_on_after(1) as scope:
        async with connect(dialer) as socket:
            await socket.receive_batch()
    assert scope.cancelled_caught
    assert trio.current_time() - started_s == pytest.approx(1)
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_cancelled_between_receive_and_the_next_keeps_messages(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A receive that is cancelled takes nothing."""
    async with connect(MemoryDialer(nursery, sending(frame(TEXT, b"kept")))) as socket:
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as scope:
            scope.cancel()
            await socket.receive_batch()
        assert scope.cancelled_caught
        assert (await socket.receive_batch()).payloads == [b"kept"]
    nursery.cancel_scope.cancel()


async def test_reader_that_fails_in_an_unknown_way(
    monkeypatch: pytest.MonkeyPatch, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A bug below us is a lost connection with its cause, not a crash of the block's nursery."""

    async def explode(*_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise AssertionError("a bug below")

    monkeypatch.setattr(
        trio_websocket.WebSocketConnection, "_handle_close_connection_event", explode
    )
    with pytest.raises(ConnectionLost) as caught:
        async with connect(MemoryDialer(nursery, sending(b"\x88\x02\x03\xe8"))) as socket:
            await socket.receive_batch()
    assert "code 1000" in caught.value.text
    nursery.cancel_scope.cancel()


# -- upgrades that fail -------------------------------------------------------------------------

HTML = b"<html><body>Access denied</body></html>"
REFUSALS: list[tuple[Peer, str]] = [
    (answering(), "no websocket upgrade: venue.example:80 hung up"),
    (answering(b"HTTP/1.1 101 Switch"), "no websocket upgrade: venue.example:80 hung up"),
    (answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "with HTTP 404$"),
    (
        answering(b"HTTP/1.1 302 Found\r\nLocation: https://x.example/\r\n\r\n", hold=True),
        r"with HTTP 302 \(to 'https://x.example/'\)",
    ),
    (
        answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML, hold=True),
        "with HTTP 200$",
    ),
    (answering(HTML, hold=True), "did not complete the upgrade within 2 s"),
    (answering(b"\x15\x03\x01\x00\x02\x02F", hold=True), "something else: Bad HTTP message"),
    (answering(b"\r\n\x00\x01garbage\r\n\r\n", hold=True), "answered the upgrade with something"),
    (
        answering(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: wrong\r\n\r\n",
            hold=True,
        ),
        "answered the upgrade with something else: Bad accept token",
    ),
    (answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, hold=True), "something else"),
    (silent, "did not complete the upgrade within 2 s"),
]


@pytest.mark.parametrize(("peer", "text"), REFUSALS)
async def test_upgrade_that_fails_is_a_failed_dial(
    peer: Peer, text: str, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Every answer but the right one is one DialFailed naming the peer, with nothing left open."""
    dialer = MemoryDialer(nursery, peer)
    with pytest.raises(DialFailed, match=text) as caught:
        async with connect(dialer, deadline_s=2):
            raise AssertionError("opened")
    assert "venue.example:80" in caught.value.text
    assert "secret" not in caught.value.text
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_retry_after_of_a_refused_upgrade_is_kept(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A 429 with Retry-After tells when to dial again."""
    peer = answering(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\n\r\n", hold=True)
    with pytest.raises(DialFailed) as caught:
        async with connect(MemoryDialer(nursery, peer)):
            raise AssertionError("opened")
    assert (caught.value.retry.kind, caught.value.retry.after_s) == (RetryKind.AFTER, 17)
    nursery.cancel_scope.cancel()


async def test_failed_dial_comes_through(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """The dialer's own error leaves as it is."""
    dialer = MemoryDialer(nursery, silent)
    dialer.refusing = "Connection refused"
    with pytest.raises(DialFailed, match=r"cannot connect to venue\.example:80: Connection"):
        async with connect(dialer):
            raise AssertionError("opened")


async def test_cancelled_while_opening_leaves_nothing(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A cancelled upgrade closes its stream and is a cancellation, not an error."""
    dialer = MemoryDialer(nursery, silent)
    with trio.move_on_after(0.5) as scope:
        async with connect(dialer):
            raise AssertionError("opened")
    assert scope.cancelled_caught
    assert dialer.open == []
    nursery.cancel_scope.cancel()


def test_the_private_name_we_start_is_still_there() -> None:
    """trio-websocket's reader is a coroutine method without arguments, as `reference` needs."""
    reader: Callable[..., Awaitable[None]] = trio_websocket.WebSocketConnection._reader_task
    assert inspect.iscoroutinefunction(reader)
    assert list(inspect.signature(reader).parameters) == ["self"]


def test_interface_is_abstract() -> None:
    """Nobody gets a Websocket without an engine behind it."""
    assert Websocket.__abstractmethods__ >= {"receive_batch", "send", "ping", "close", "closed"}
