"""The in-memory streams keep trio's stream contract and push back."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, check_half_closeable_stream, wait_all_tasks_blocked

from simulator.pipes import CAPACITY_BYTES, PipeEnd, pipe


async def test_a_pipe_keeps_the_stream_contract(autojump_clock: MockClock) -> None:
    """trio's own conformance suite passes, blocked senders included."""

    async def make() -> tuple[PipeEnd, PipeEnd]:
        await trio.lowlevel.checkpoint()
        return pipe()

    async def clogged() -> tuple[PipeEnd, PipeEnd]:
        one, two = await make()
        one._out.data += bytes(CAPACITY_BYTES)
        two._out.data += bytes(CAPACITY_BYTES)
        return one, two

    await check_half_closeable_stream(make, clogged)


async def test_a_sender_waits_for_its_reader() -> None:
    """More than the capacity is sent only as it is read, in order and complete."""
    near, far = pipe()
    data = bytes(range(256)) * 4096
    got = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(near.send_all, data)
        await wait_all_tasks_blocked()
        assert len(far._in.data) == CAPACITY_BYTES
        while len(got) < len(data):
            got += await far.receive_some(10_000)
    assert bytes(got) == data


async def test_a_reset_loses_what_was_under_way() -> None:
    """After a cut both directions fail at the other end, and nothing is delivered."""
    near, far = pipe()
    await near.send_all(b"lost")
    near.reset()
    with pytest.raises(trio.BrokenResourceError):
        await far.receive_some()
    with pytest.raises(trio.BrokenResourceError):
        await far.send_all(b"x")


async def test_a_close_delivers_what_was_under_way() -> None:
    """After an ordered close the other end reads the rest, then the end."""
    near, far = pipe()
    await near.send_all(b"last words")
    await near.aclose()
    assert await far.receive_some() == b"last words"
    assert await far.receive_some() == b""
