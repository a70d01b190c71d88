"""Streams that are cut on purpose look to their reader as a broken network does."""

from __future__ import annotations

import pytest
import trio

from actors.runtime.whereabouts import current_path
from actors.transport.faulty import FaultyDialer
from simulator.pipes import PipeEnd, pipe


def dialer() -> tuple[FaultyDialer, list[PipeEnd]]:
    """A faulty dialer over memory pipes, and the far ends of what it dialled."""
    far: list[PipeEnd] = []

    async def dial(host: str, port: int, tls: bool) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        here, there = pipe()
        far.append(there)
        return here

    return FaultyDialer(dial), far


async def test_it_carries_bytes_both_ways_until_it_is_cut() -> None:
    """Nothing changes before the cut; after it every call says broken."""
    dial, far = dialer()
    stream = await dial("host", 1, False)
    await stream.send_all(b"there")
    assert await far[0].receive_some() == b"there"
    await far[0].send_all(b"back")
    assert await stream.receive_some() == b"back"
    assert dial.cut("") == 1
    for call in (stream.receive_some, stream.wait_send_all_might_not_block):
        with pytest.raises(trio.BrokenResourceError):
            await call()
    with pytest.raises(trio.BrokenResourceError):
        await stream.send_all(b"never")
    await stream.aclose()


async def test_a_reader_that_waits_is_woken_by_the_cut() -> None:
    """The cut does not wait for bytes."""
    dial, _ = dialer()
    stream = await dial("host", 1, False)
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        dial.cut("")


async def test_a_cancellation_of_the_reader_stays_one() -> None:
    """Being cancelled from outside is not a cut."""
    dial, _ = dialer()
    stream = await dial("host", 1, False)
    with trio.move_on_after(0) as scope:
        await stream.receive_some()
    assert scope.cancelled_caught


async def test_each_actor_has_its_own_streams() -> None:
    """A cut hits the streams that this actor dialled, and no other; closed ones are forgotten."""
    dial, _ = dialer()
    for path in ("engine/a", "engine/b", "engine/b"):
        current_path.set(path)
        last = await dial("host", 1, False)
    assert dial.open_paths() == ["engine/a", "engine/b"]
    await last.aclose()
    assert dial.cut("engine/b") == 1
    assert dial.cut("engine/b") == 0
    assert dial.cuts == 1
    assert dial.open_paths() == ["engine/a"]
