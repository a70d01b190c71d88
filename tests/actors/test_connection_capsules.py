"""Crash capsules of connections: frames, answers and time lead to the same crash again."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

import actors.connection
from actors.bare_venue import bare_venue
from actors.connection import ConnectionActor
from actors.feed import DropSymbol, Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.capsule import Capsule
from actors.runtime.clock import TrioClock
from actors.transport.websocket import Batch
from config.settings import VenueSettings
from exchanges.binance.codec import BinanceCodec
from messages.books import SymbolChanged, SymbolRefused
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, load
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from tests.actors.test_capsules import START_NS

PATH = "engine/feed"
SYMBOLS = ("BTC/USDT", "ETH/USDT", "ADA/USDT")
INFOS = tuple(
    SymbolInfo(
        venue="binance", symbol=symbol, native=symbol.replace("/", ""), base=symbol[:3],
        quote="USDT", kind=ContractKind.SPOT,
    )
    for symbol in SYMBOLS
)  # fmt: skip
LEAD = 70
POISON = b'{"stream":"poison"}'
CANARY = "canary-7be1c0"


class PlantedConnection(ConnectionActor):
    """A connection that raises at one frame, and says what it was at that moment."""

    capsule_every = 24

    def _take(self, batch: Batch) -> None:
        if POISON in batch.payloads:
            raise RuntimeError(f"{self.text()}")
        super()._take(batch)

    def text(self) -> str:
        """The whole state, of which only sets have no order."""
        return repr(msgspec.to_builtins(self.capsule_state(), order="sorted", str_keys=True))


class Scripted:
    """A socket that brings what the test says, when it says so."""

    def __init__(self, clock: TrioClock) -> None:
        self._clock = clock
        self._send, self._receive = trio.open_memory_channel[Batch](1_000)
        self.sent: list[str] = []
        self.last_frame_ns = clock.now_ns()

    def bring(self, *payloads: bytes) -> None:
        """Bring a read."""
        self.last_frame_ns = self._clock.now_ns()
        self._send.send_nowait(Batch(list(payloads), self.last_frame_ns))

    async def receive_batch(self) -> Batch:
        """The next read."""
        return await self._receive.receive()

    async def send(self, text: str) -> None:
        """Take a command."""
        self.sent.append(text)
        await trio.lowlevel.checkpoint()

    async def ping(self, within_s: float) -> float:
        """Answer at once."""
        await trio.lowlevel.checkpoint()
        return 0.0


def spec_of(kind: type[ConnectionActor]) -> SupervisorSpec:
    """The connection beside books that take everything."""
    rules = VenueSettings(name="binance", symbols=SYMBOLS, silent_after_s=3600.0)
    venue = bare_venue(rules, INFOS)
    books = {
        symbol: f"engine/{info.native}" for symbol, info in zip(SYMBOLS[:2], INFOS, strict=False)
    }
    feed = Feed(PATH, SYMBOLS)

    def connection() -> ConnectionActor:
        return kind(venue, SYMBOLS, books, feed, healthy_after_s=5.0, outlet=Outlet())

    others = (ChildSpec(info.native, Actor) for info in INFOS)
    return SupervisorSpec("engine", children=(*others, ChildSpec("feed", connection)))


async def live(
    kind: type[ConnectionActor],
    store: CapsuleStore,
    play: Callable[[Runtime, Scripted], Any],
) -> None:
    """Let a connection live on a scripted socket."""
    clock = TrioClock(START_NS)
    socket = Scripted(clock)

    @asynccontextmanager
    async def opened(*_: object, **__: object) -> AsyncIterator[Scripted]:
        yield socket

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actors.connection, "open_websocket", opened)
        options = Options(seed=5, capsules=store)
        async with open_tree(spec_of(kind), clock=clock, options=options) as run:
            await trio.sleep(0.01)
            await play(run, socket)
            await trio.sleep(0.01)


def crashed(
    folder: Path,
    play: Callable[[Runtime, Scripted], Any],
    kind: type[ConnectionActor] = ConnectionActor,
    secrets: tuple[str, ...] = (),
) -> Path:
    """Let it crash and return the file of the only capsule."""
    with CapsuleStore(folder, secrets=secrets) as store:
        trio.run(live, kind, store, play, clock=MockClock(autojump_threshold=0))
    (file,) = capsule_files(folder)
    return file


def replayed(capsule: Capsule, kind: type[Actor] = PlantedConnection) -> Outcome:
    """Act it out."""

    async def again() -> Outcome:
        await trio.lowlevel.checkpoint()
        return act_out(capsule, kind, types_near(kind))

    return trio.run(again)


# -- what a venue says --------------------------------------------------------------------------


def depth(native: str, at: int) -> bytes:
    """A depth event."""
    return (
        f'{{"stream":"{native.lower()}@depth@100ms","data":{{"e":"depthUpdate","E":1700000000000,'
        f'"s":"{native}","U":{at},"u":{at},"b":[["99.5","{at % 7}"]],"a":[]}}}}'
    ).encode()


def quote(native: str, at: int) -> bytes:
    """A best quote."""
    return (
        f'{{"stream":"{native.lower()}@bookTicker","data":{{"u":{at},"s":"{native}","b":"99.5",'
        f'"B":"1","a":"100.5","A":"2"}}}}'
    ).encode()


def answer(number: int, refused: bool) -> bytes:
    """The answer to a command."""
    if refused:
        return f'{{"error":{{"code":2,"msg":"Invalid request"}},"id":{number}}}'.encode()
    return f'{{"result":null,"id":{number}}}'.encode()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("depth"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.just("quote"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.just("both"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.just("answer"), st.integers(1, 6), st.integers(0, 1)),
        st.tuples(st.just("unreadable"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("drop"), st.integers(1, 2), st.just(0)),
        st.tuples(st.just("refuse"), st.integers(1, 2), st.just(0)),
        st.tuples(st.just("change"), st.integers(0, 2), st.integers(1, 3)),
    ),
    max_size=60,
)


def player(steps: list[tuple[str, int, int]]) -> Callable[[Runtime, Scripted], Any]:
    """Carry steps out, then bring the frame that is one too many."""

    async def play(run: Runtime, socket: Scripted) -> None:
        feed = run.lookup(PATH)
        socket.bring(answer(1, refused=False))
        for at in range(LEAD):  # long enough for the state to be copied on the way
            socket.bring(depth("BTCUSDT", at), quote("ETHUSDT", at))
            await trio.testing.wait_all_tasks_blocked()
        for kind, which, number in steps:
            info = INFOS[min(which, 2)]
            if kind == "wait":
                await trio.sleep(which / 10)
            elif kind == "answer":
                socket.bring(answer(which, refused=number == 1))
            elif kind == "unreadable":
                socket.bring(depth(info.native, 1).replace(b"99.5", b"word"))
            elif kind == "drop":
                feed.tell_control(DropSymbol(info.symbol))
            elif kind == "refuse":
                feed.tell_control(SymbolRefused("binance", info.symbol, True, "gone"))
            elif kind == "change":
                feed.tell_control(
                    SymbolChanged(msgspec.structs.replace(info, tick=Decimal(number)))
                )
            elif kind == "both":
                socket.bring(depth(info.native, number), quote(info.native, number))
            else:
                socket.bring({"depth": depth, "quote": quote}[kind](info.native, number))
            await trio.testing.wait_all_tasks_blocked()
        socket.bring(quote("BTCUSDT", 1), POISON)

    return play


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_any_life_of_a_connection_is_reproduced(steps: list[tuple[str, int, int]]) -> None:
    """Frames, answers, lists, time and pings: same line, and the same state to the last number."""
    with tempfile.TemporaryDirectory() as name:
        with CapsuleStore(Path(name)) as store:
            play = player(steps)
            trio.run(live, PlantedConnection, store, play, clock=MockClock(autojump_threshold=0))
        for capsule in [load(file) for file in capsule_files(Path(name))]:
            assert capsule.generation > 1 or not capsule.fresh
            outcome = replayed(capsule)
            assert outcome.reproduced, outcome.text
            assert outcome.raised is not None
            assert outcome.raised.text == outcome.recorded.text


# -- a codec that raises --------------------------------------------------------------------------


def plant(patch: pytest.MonkeyPatch) -> None:
    """Give the codec a defect: it divides by zero where a frame has the update id 666."""
    right = BinanceCodec.decode

    def decode(self: BinanceCodec, payload: bytes, received_ns: int) -> Any:
        return right(self, payload, received_ns // (b'"u":666,' not in payload))

    patch.setattr(BinanceCodec, "decode", decode)


def frames(count: int, size: int = 0) -> Callable[[Runtime, Scripted], Any]:
    """Bring so many frames and then the one that the codec cannot take."""

    async def play(run: Runtime, socket: Scripted) -> None:
        socket.bring(answer(1, refused=False))
        for at in range(count):
            native = INFOS[at % 2].native
            filling = b',"filling":"' + b"x" * size + b'"}}'
            socket.bring(depth(native, 1_000 + at)[:-2] + filling)
            if at % 10 == 0:
                await trio.sleep(0.1)
        socket.bring(quote("BTCUSDT", 1), depth("ETHUSDT", 666), quote("BTCUSDT", 2))

    return play


@pytest.mark.parametrize("count", [0, 1, 40, 500])
def test_a_raising_codec_raises_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Whichever frame it is: the same error from the same line of the codec."""
    plant(monkeypatch)
    capsule = load(crashed(tmp_path, frames(count)))
    assert capsule.actor == "actors.connection:ConnectionActor"
    outcome = replayed(capsule, ConnectionActor)
    assert outcome.reproduced, outcome.text
    assert outcome.recorded.name == "builtins:ZeroDivisionError"
    assert outcome.recorded.frames[-1].function == "plant.<locals>.decode"
    monkeypatch.undo()
    assert "nothing was raised" in replayed(capsule, ConnectionActor).text


def test_frames_are_bounded_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large frames: fewer of them are kept, and the crash is reproduced all the same."""
    plant(monkeypatch)
    size = 20_000
    capsule = load(crashed(tmp_path, frames(300, size)))
    kept = [event for event in capsule.events if event.value.form.endswith(":Batch")]
    limit = ConnectionActor.capsule_bytes
    assert len(kept) >= 26 and sum(len(event.value.data) for event in kept) <= 2 * limit + size
    assert not capsule.fresh and capsule.passed > 0
    assert replayed(capsule, ConnectionActor).reproduced


def test_no_secret_of_a_frame_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that says a key back to us does not bring it into a file."""
    plant(monkeypatch)

    async def play(run: Runtime, socket: Scripted) -> None:
        socket.bring(depth("BTCUSDT", 5)[:-2] + f',"key":"{CANARY}"}}}}'.encode())
        await frames(3)(run, socket)

    with_it = crashed(tmp_path / "a", play).read_bytes()
    assert CANARY.encode() in unpacked(with_it)
    without = crashed(tmp_path / "b", play, secrets=(CANARY,)).read_bytes()
    assert CANARY.encode() not in unpacked(without)
    assert b"*" * len(CANARY) in unpacked(without)


def unpacked(file: bytes) -> bytes:
    """All that stands in a file."""
    return zlib.decompress(file.partition(b"\n")[2])


def test_the_command_acts_a_connection_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process: reproduced where the codec still has its defect, not where it is mended."""
    (tmp_path / "sitecustomize.py").write_text(DEFECT)
    spec = importlib.util.spec_from_file_location("sitecustomize", tmp_path / "sitecustomize.py")
    assert spec is not None and spec.loader is not None
    monkeypatch.setattr(BinanceCodec, "decode", BinanceCodec.decode)  # undone behind us
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    file = crashed(tmp_path / "capsules", frames(40))
    command = [sys.executable, "-m", "arbtree", "inspect", "replay", str(file)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), os.getcwd()))}
    again = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "reproduced: builtins:ZeroDivisionError" in again.stdout
    assert "sitecustomize:7 (decode)" in again.stdout
    mended = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, timeout=60, cwd=os.getcwd()
    )
    assert mended.returncode == 1, mended.stdout + mended.stderr


DEFECT = """
from exchanges.binance.codec import BinanceCodec

right = BinanceCodec.decode

def decode(self, payload, received_ns):
    return right(self, payload, received_ns // (b'"u":666,' not in payload))

BinanceCodec.decode = decode
"""
