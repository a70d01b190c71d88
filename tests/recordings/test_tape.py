"""The tape: everything handed over is written in order or counted, and only whole files appear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from actors.recordings import capture
from actors.recordings.records import Feed, Kind
from actors.recordings.tape import RESERVE_BYTES, WRITE_EVERY_S, Tape, Worker, in_thread
from actors.runtime.clock import ManualClock
from messages.errors import EnvironmentFault

FEED = Feed("binance", "0")


async def inline(work: Callable[[], None]) -> None:
    """Write in the loop itself."""
    await trio.lowlevel.checkpoint()
    work()


def tape(path: Path, worker: Worker = inline, **bounds: int) -> Tape:
    """A tape that begins at 5 ns."""
    return Tape(path, ManualClock(5), worker=worker, **bounds)


def put(made: Tape, payload: bytes, received_ns: int = 10, epoch: int = 1) -> None:
    """Hand over one frame."""
    made.record(Kind.FRAME, FEED, payload, "", received_ns, epoch)


async def test_records_come_back_in_order(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Any bytes at all, in several writes, and the file is there only in the end."""
    output = tmp_path / "a"
    made = tape(output)
    payloads = [b"", b"\x00\xff\n", b"end 3\n", b"{}" * 1000]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        for number, payload in enumerate(payloads):
            put(made, payload, 10 + number)
            await trio.sleep(2 * WRITE_EVERY_S)
        assert not output.exists()
        made.close()
    assert made.completed
    assert [(record[0], record[3]) for record in capture.read(output)] == [
        (10 + number, payload) for number, payload in enumerate(payloads)
    ]
    assert (made.counts.frames, made.counts.bytes, made.counts.lost) == (4, 2009, 0)


async def test_an_answer_read_late_does_not_go_back_in_time(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """The file's times never decrease, whatever the times of receipt are."""
    made = tape(tmp_path / "a")
    for received_ns in (20, 15, 30):
        put(made, b"x", received_ns)
    made.close()
    await made.run()
    assert [record[0] for record in capture.read(tmp_path / "a")] == [20, 20, 30]


async def test_what_a_stalled_disk_leaves_no_room_for_is_counted(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Written plus lost is all that came; what is being written still takes its room."""
    stalled, go_on = trio.Event(), trio.Event()

    async def stall(work: Callable[[], None]) -> None:
        stalled.set()
        await go_on.wait()
        work()

    made = tape(tmp_path / "a", stall, max_queued_bytes=100)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        put(made, b"a" * 60)
        await stalled.wait()
        for letter in (b"b", b"c", b"d"):
            put(made, letter * 30)
        assert made.counts.lost == 2
        go_on.set()
        await trio.sleep(1)
        put(made, b"e" * 100)
        made.close()
    assert [record[3][:1] for record in capture.read(tmp_path / "a")] == [b"a", b"b", b"e"]
    assert (made.counts.frames, made.counts.lost) == (3, 2)


async def test_a_full_tape_ends_and_can_still_be_completed(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Near its bound it says so, takes nothing more, and what it has becomes a whole file."""
    made = tape(tmp_path / "a", max_bytes=RESERVE_BYTES + 100)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        put(made, b"a" * 100)
        await made.ended.wait()
        assert made.full
        put(made, b"b")
        made.close()
    assert made.completed
    assert [record[3] for record in capture.read(tmp_path / "a")] == [b"a" * 100]
    assert made.counts.lost == 1


async def test_a_failing_disk_is_told_and_leaves_nothing(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """`run` returns, `failure` says why, and the temporary file is gone."""

    async def refuse(work: Callable[[], None]) -> None:
        await trio.lowlevel.checkpoint()
        raise EnvironmentFault("no space left")

    made = tape(tmp_path / "a", refuse)
    put(made, b"a")
    await made.run()
    assert made.ended.is_set()
    assert not made.completed
    assert str(made.failure) == "no space left"
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_that_never_answers_is_given_up(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Completing has a deadline."""

    async def hang(work: Callable[[], None]) -> None:
        await trio.sleep_forever()

    made = tape(tmp_path / "a", hang)
    made.close()
    await made.run()
    assert "longer than 60 s" in str(made.failure)
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_tape_leaves_nothing(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """What ends by anything but `close` has no file."""
    made = tape(tmp_path / "a")
    with trio.move_on_after(1):
        await made.run()
    assert not made.completed
    assert list(tmp_path.iterdir()) == []


async def test_the_thread_writes_the_same(tmp_path: Path) -> None:
    """The worker of the command, on real time: the very bytes of writing in the loop."""
    for name, worker in (("inline", inline), ("thread", in_thread)):
        made = tape(tmp_path / name, worker)
        for number in range(500):
            put(made, b"%d" % number, number)
        made.close()
        await made.run()
    assert (tmp_path / "thread").read_bytes() == (tmp_path / "inline").read_bytes()


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    """Before anything is dialled."""
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        tape(tmp_path / "no" / "a")
