"""Streams that are cut on purpose look to their reader as a broken network does."""

from __future__ import annotations

import pytest
import trio

from actors.runtime.whereabouts import current_path
from actors.transport.faulty import (
    TRICKLE_BYTES,
    TRICKLE_PAUSE_S,
    WIRE_FAULTS,
    FaultyDialer,
)
from messages.errors import DialFailed
from messages.faults import BY_NAME, FaultGroup
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
    assert dial.strike("reset", "") == 1
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
        dial.strike("reset", "")


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
    assert dial.strike("reset", "engine/b") == 1
    assert dial.strike("reset", "engine/b") == 0
    assert dial.struck == 1
    assert dial.open_paths() == ["engine/a"]


async def test_an_end_is_an_end_and_no_error() -> None:
    """A peer that closes: the reader gets the end, the writer an error."""
    dial, _ = dialer()
    stream = await dial("host", 1, False)
    dial.strike("cut", "")
    assert await stream.receive_some() == b""
    with pytest.raises(trio.BrokenResourceError):
        await stream.send_all(b"never")


@pytest.mark.parametrize("waits", [False, True], ids=["before the read", "while a read waits"])
async def test_a_stall_holds_both_directions_and_loses_nothing(
    waits: bool, autojump_clock: trio.testing.MockClock
) -> None:
    """What arrives meanwhile comes when it is over."""
    dial, far = dialer()
    stream = await dial("host", 1, False)
    came: list[tuple[float, bytes]] = []

    async def read() -> None:
        data = bytes(await stream.receive_some())
        came.append((trio.current_time(), data))

    async with trio.open_nursery() as nursery:
        if waits:
            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
        dial.strike("stall", "", 3.0)
        if not waits:
            nursery.start_soon(read)
        await far[0].send_all(b"held")
        await stream.send_all(b"late")
        assert trio.current_time() >= 3.0
        assert await far[0].receive_some() == b"late"
    ((at_s, data),) = came
    assert at_s == pytest.approx(3.0)
    assert data == b"held"


async def test_what_stalls_for_ever_is_cut_when_it_is_healed() -> None:
    """A half-open connection has no other end."""
    dial, _ = dialer()
    stream = await dial("host", 1, False)
    dial.strike("half_open", "")
    dial.heal()
    with pytest.raises(trio.BrokenResourceError):
        await stream.receive_some()


async def test_reads_come_in_crumbs_for_a_while(autojump_clock: trio.testing.MockClock) -> None:
    """One byte a read, or a trickle; then as before."""
    dial, far = dialer()
    stream = await dial("host", 1, False)
    await far[0].send_all(b"x" * 5_000)
    dial.strike("slice", "", 1.0)
    assert await stream.receive_some() == b"x"
    dial.strike("slow_reader", "", 1.0)
    began_s = trio.current_time()
    assert len(await stream.receive_some()) == TRICKLE_BYTES
    assert trio.current_time() - began_s == pytest.approx(TRICKLE_PAUSE_S)
    await trio.sleep(2.0)
    assert len(await stream.receive_some()) == 5_000 - 1 - TRICKLE_BYTES


@pytest.mark.parametrize("fault", ["refused_dial", "dial_timeout", "failed_tls", "dns_failure"])
async def test_dials_below_a_path_fail_for_a_while(
    fault: str, autojump_clock: trio.testing.MockClock
) -> None:
    """What is open there is reset; others dial as ever; afterwards all do."""
    dial, _ = dialer()
    current_path.set("engine/venues/a/connections/0")
    stream = await dial("host", 1, False)
    assert dial.strike(fault, "engine/venues/a", 12.0) == 1
    with pytest.raises(trio.BrokenResourceError):
        await stream.receive_some()
    with pytest.raises(DialFailed, match="host:1"):
        await dial("host", 1, False)
    current_path.set("engine/venues/ab/connections/0")
    await dial("host", 1, False)
    await trio.sleep(12.0)
    current_path.set("engine/venues/a/connections/0")
    await dial("host", 1, False)


def test_every_wire_fault_is_in_the_catalogue() -> None:
    """The names are the catalogue's."""
    assert {BY_NAME[name].group for name in WIRE_FAULTS} == {FaultGroup.WIRE}
