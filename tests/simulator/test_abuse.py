"""What a client may send: nothing of it ends more than its own connection."""

from __future__ import annotations

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock
from wsproto.frame_protocol import FrameProtocol

from simulator.instruments import assets
from simulator.world import World
from tests.simulator.client import exchange, rest, running

HOST = "stream.binance.com"
UPGRADE = (
    f"GET /ws HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


def survive(*pieces: bytes) -> None:
    """Send the pieces on one connection, hang up, and see that the venue still answers."""

    async def send() -> None:
        world = World(1, venues=["binance"], assets=assets(1), levels=10)
        async with running(world):
            stream = await world.dial(HOST)
            async with stream:
                try:
                    for piece in pieces:
                        await stream.send_all(piece)
                        await trio.sleep(0.01)
                except trio.BrokenResourceError:
                    pass
            await trio.sleep(5)
            assert (await rest(world, HOST, "/api/v3/ping"))[0] == 200
            assert world.venues["binance"].connections == {}

    trio.run(send, clock=MockClock(autojump_threshold=0))


@settings(max_examples=25)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=4))
def test_garbage_instead_of_http_harms_nobody(pieces: list[bytes]) -> None:
    """Any bytes on a fresh connection."""
    survive(*pieces)


@settings(max_examples=40)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=4))
def test_garbage_instead_of_frames_harms_nobody(pieces: list[bytes]) -> None:
    """Any bytes behind a good upgrade."""
    survive(UPGRADE, *pieces)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=8)
        | st.sampled_from(["SUBSCRIBE", "SET_PROPERTY", "combined", "btcusdt@depth@100ms"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["method", "params", "id"]), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(repr)
    | st.text(max_size=80)
)
def test_odd_commands_harm_nobody(text: str) -> None:
    """Any text and any shape of command."""
    frame = FrameProtocol(client=True, extensions=[]).send_data(text.replace("'", '"'), True)
    survive(UPGRADE, bytes(frame))


async def test_a_command_right_behind_the_upgrade_is_heard(autojump_clock: MockClock) -> None:
    """A client may send its first frame before it has seen the venue accept."""
    world = World(1, venues=["binance"], assets=assets(1))
    text = '{"method":"LIST_SUBSCRIPTIONS","id":1}'
    frame = FrameProtocol(client=True, extensions=[]).send_data(text, True)
    async with running(world):
        stream = await world.dial(HOST)
        async with stream:
            await stream.send_all(UPGRADE + frame)
            answer = b""
            with trio.move_on_after(1):
                while True:
                    answer += await stream.receive_some()
    assert answer.endswith(b'{"result":[],"id":1}')


async def test_a_head_request_is_refused_without_a_body(autojump_clock: MockClock) -> None:
    """Methods other than GET are answered 405, HEAD too, and the connection lives."""
    world = World(1, venues=["binance"], assets=assets(1))
    async with running(world):
        stream = await world.dial(HOST)
        async with stream:
            assert (await exchange(stream, HOST, "/api/v3/ping", "HEAD"))[::2] == (405, b"")
            assert (await exchange(stream, HOST, "/api/v3/ping"))[0] == 200
