"""A recording holds what the venue sent, and replays to the books the engine had."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actors.recordings import capture
from actors.recordings.records import Feed, Kind
from actors.runtime.clock import TrioClock
from exchanges.registry import venues
from simulator.topics import drop, truncate
from simulator.world import START_MS, World
from tests.commands.recorded_world import frames_of, recorded, recording, world
from tests.recordings.frames import replayed


async def test_a_recording_replays_to_live_books(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """No gap, no resync, no error, every quote equal to its book, and the figures agree."""
    output = tmp_path / "a.capture"
    made, report = await recorded(output)
    assert (report.code, report.reason) == (0, "the time asked for is over")
    progress = made.progress()
    assert (progress.lost, progress.undecoded, progress.reconnects) == (0, 0, 0)
    assert progress.seconds == pytest.approx(5.0, abs=0.1)
    assert made.symbols == ("BTC/USDT", "ETH/USDT")
    assert made.ever_live == set(made.symbols)
    said = replayed(output)
    assert said["errors"] == []
    assert said["frames"] == progress.frames + progress.answers
    assert [(book["native"], book["state"]) for book in said["books"]] == [
        ("BTCUSDT", "LIVE"),
        ("ETHUSDT", "LIVE"),
    ]
    for book in said["books"]:
        assert (book["gaps"], book["resyncs"]) == (0, 0)
        assert book["updates"] > 10
        assert book["quotes_compared"] == book["quotes_equal"] > 10


@pytest.mark.parametrize("venue", venues())
async def test_every_venue_replays_to_live_books(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, venue: str
) -> None:
    """Text or protobuf, snapshots by REST or in the stream: no record is lost, no book breaks."""
    output = tmp_path / "a.capture"
    quote = {"binance_usdm": "USDT:USDT", "binance_coinm": "USD:", "gateio_futures": "USDT:USDT"}
    symbols = tuple(
        f"{base}/{quote.get(venue, 'USDT')}{base if venue == 'binance_coinm' else ''}"
        for base in ("BTC", "ETH")
    )
    made, report = await recorded(output, symbols, venue)
    assert report.code == 0
    said = replayed(output)
    assert said["errors"] == []
    assert said["frames"] == made.progress().frames + made.progress().answers > 50
    assert tuple(book["symbol"] for book in said["books"]) == symbols
    for book in said["books"]:
        assert (book["state"], book["gaps"], book["resyncs"]) == ("LIVE", 0, 0)
        assert book["updates"] > 10
        assert book["quotes_compared"] == book["quotes_equal"] > 10
    assert replayed(output) == said


async def test_one_world_recorded_twice_gives_the_same_bytes(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Nothing of the machine or the moment gets into a capture."""
    first, second = tmp_path / "first", tmp_path / "second"

    async def one(output: Path) -> None:
        async with world() as made:
            # The loop's clock never goes back: let wall time begin anew with each world.
            clock = TrioClock(START_MS * 1_000_000 - round(trio.current_time() * 1e9))
            await recording(made, output, clock=_FromZero(clock)).run()

    await one(first)
    await one(second)
    assert first.read_bytes() == second.read_bytes()
    assert len(frames_of(first)) > 100


class _FromZero:
    """A clock whose monotonic time begins at one second too."""

    def __init__(self, clock: TrioClock) -> None:
        self._clock = clock
        self._zero_ns = clock.now_ns() - 1_000_000_000

    def now_ns(self) -> int:
        return self._clock.now_ns() - self._zero_ns

    def wall_ns(self) -> int:
        return self._clock.wall_ns()


async def test_frames_are_kept_bit_for_bit_with_their_times(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Every payload is the one that crossed the wire; times follow the clock and never go back."""
    output = tmp_path / "a.capture"
    async with world() as made:
        wire = _Wire(made)
        await recording(made, output, dialer=wire.dial).run()
    frames = frames_of(output)
    position = 0
    for _, _, feed, payload, _ in frames:
        assert feed == Feed("binance", "0")
        position = wire.received.index(payload, position) + len(payload)
    times = [record[0] for record in capture.read(output)]
    assert times == sorted(times)
    assert START_MS * 1_000_000 <= times[0] < times[-1] <= (START_MS + 6_000) * 1_000_000


class _Wire:
    """Keeps the bytes that come in on every connection together, in order."""

    def __init__(self, made: World) -> None:
        self._dial = made.dial
        self.received = bytearray()

    async def dial(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        return _Watched(await self._dial(host, port, tls), self.received)


class _Watched(trio.abc.Stream):
    """A stream whose incoming bytes somebody keeps."""

    def __init__(self, stream: trio.abc.Stream, received: bytearray) -> None:
        self._stream, self._received = stream, received

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        self._received += data
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def test_a_lost_connection_is_dialled_again(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """The capture holds both lives, and the snapshots that made the books live in each."""
    output = tmp_path / "a.capture"
    async with world() as made:
        work = recording(made, output, duration_s=8.0)

        async def cut() -> None:
            await trio.sleep(3)
            assert made.cut("binance") == 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut)
            await work.run()
    assert work.progress().reconnects == 1
    connects = [record for record in capture.read(output) if record[1] is Kind.CONNECT]
    assert len(connects) == 1
    said = replayed(output)
    assert said["errors"] == []
    assert {(book["state"], book["gaps"], book["resyncs"]) for book in said["books"]} == {
        ("LIVE", 0, 1)
    }


async def test_a_gap_is_recorded_with_its_resync(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """A dropped event shows in the replay as the gap it was, and the book is live again."""
    output = tmp_path / "a.capture"
    async with world() as made:
        work = recording(made, output, ("BTC/USDT",))

        async def harm() -> None:
            await trio.sleep(2)
            made.tamper("binance", "btcusdt@depth@100ms", drop)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(harm)
            await work.run()
    (book,) = replayed(output)["books"]
    assert (book["state"], book["gaps"], book["resyncs"]) == ("LIVE", 1, 1)


async def test_a_frame_nobody_can_read_is_kept_and_counted(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """A codec's limits do not end a recording: the frame is what a later codec will want."""
    output = tmp_path / "a.capture"
    async with world() as made:
        work = recording(made, output, ("BTC/USDT",))

        async def harm() -> None:
            await trio.sleep(2)
            made.tamper("binance", "btcusdt@bookTicker", truncate)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(harm)
            await work.run()
    assert (work.undecoded.count, work.progress().reconnects) == (1, 0)
    assert work.undecoded.first.startswith("binance")
    assert len(replayed(output)["errors"]) == 1
