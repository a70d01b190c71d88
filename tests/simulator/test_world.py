"""The world as a whole: determinism across processes, loopback sockets, the command."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from messages.errors import EnvironmentFault, UsageError
from simulator.__main__ import main
from simulator.binance.listings import Family, listing
from simulator.instruments import assets, named_assets
from simulator.venues import DEFAULT_VENUES
from simulator.world import World
from tests.simulator.client import client, client_on, exchange, running

ROOT = Path(__file__).resolve().parents[2]
HEARD_S = 10.0


GATE = '{"time":1767225600,"channel":"%s","event":"subscribe","payload":["%s"]}'
MEXC = '{"method":"SUBSCRIPTION","id":1,"params":["spot@public.%s","spot@public.%s"]}'
COMMANDED = (
    (
        "api.gateio.ws",
        "/ws/v4/",
        GATE % ("spot.obu", "ob.BTC_USDT.50"),
        GATE % ("spot.trades", "ETH_USDT"),
    ),
    ("fx-ws.gateio.ws", "/v4/ws/usdt", GATE % ("futures.obu", "ob.SOL_USDT.400")),
    (
        "wbs-api.mexc.com",
        "/ws",
        MEXC % ("aggre.depth.v3.api.pb@100ms@BTCUSDT", "aggre.deals.v3.api.pb@100ms@BTCUSDT"),
    ),
)
"""Venues whose streams are asked for by commands: host, path, commands."""


async def digest(seed: int) -> str:
    """A hash of every byte of payload that clients of all families get in ten seconds."""
    world = World(seed, venues=DEFAULT_VENUES, assets=assets(3))
    digests: list[str] = []

    async def listen(host: str, resource: str) -> None:
        async with client(world, host, resource) as one:
            await one.collect(HEARD_S)
            digests.append(one.digest.hexdigest())

    async def listen_by(host: str, resource: str, *commands: str) -> None:
        digest = hashlib.sha256()
        async with client(world, host, resource) as one:
            for command in commands:
                await one.text(command)
            with trio.move_on_after(HEARD_S):
                while True:
                    frame = await one.socket.get_message()
                    digest.update(frame.encode() if isinstance(frame, str) else frame)
            digests.append(digest.hexdigest())

    kinds = ("depth@100ms", "bookTicker", "trade", "kline_1m", "ticker", "aggTrade", "depth20")
    async with running(world), trio.open_nursery() as nursery:
        for host, address, symbol in (
            ("stream.binance.com", "/stream", "btcusdt"),
            ("fstream.binance.com", "/public/stream", "ethusdt"),
            ("dstream.binance.com", "/stream", "solusd_perp"),
        ):
            names = "/".join(f"{symbol}@{kind}" for kind in kinds)
            nursery.start_soon(listen, host, f"{address}?streams={names}")
        for arguments in COMMANDED:
            nursery.start_soon(listen_by, *arguments)
    return " ".join(sorted(digests))


PROGRAM = """
import sys, trio
from trio.testing import MockClock
from tests.simulator.test_world import digest
print(trio.run(digest, int(sys.argv[1]), clock=MockClock(autojump_threshold=0)))
"""


def run_digest(seed: int, hash_seed: str) -> str:
    """The digest as another process computes it."""
    command = [sys.executable, "-c", PROGRAM, str(seed)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    return done.stdout.strip()


async def test_one_seed_is_one_sequence_of_bytes_in_any_process(
    autojump_clock: MockClock,
) -> None:
    """Two processes with different hash seeds agree, and another seed does not."""
    ours = await digest(11)
    assert ours == run_digest(11, "1")
    assert ours != await digest(12)


async def test_venues_serve_real_sockets() -> None:
    """REST and a websocket on one loopback port, and a cut seen by the client."""
    world = World(3, assets=assets(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(world.run)
        addresses = await nursery.start(world.listen)
        assert [address.venue for address in addresses] == list(world.venues)
        host, _, port = addresses[0].rest.removeprefix("http://").partition(":")
        stream = await trio.open_tcp_stream(host, int(port))
        async with stream:
            status, _, body = await exchange(stream, f"{host}:{port}", "/api/v3/time")
            assert status == 200 and 0 <= world.now_ms() - body["serverTime"] < 5_000
        with trio.fail_after(10):
            stream = await trio.open_tcp_stream(host, int(port))
            async with client_on(stream, host, "/ws/btcusdt@depth@100ms") as one:
                assert (await one.next())["e"] == "depthUpdate"
                assert world.cut("binance") == 1
                with pytest.raises(ConnectionClosed):
                    while True:
                        await one.next()
        nursery.cancel_scope.cancel()


async def test_a_port_in_use_is_said_in_one_sentence() -> None:
    """The second world on the same ports fails with the address and the reason."""
    world = World(3, assets=assets(1), venues=["binance"])
    async with trio.open_nursery() as nursery:
        await nursery.start(world.run)
        (address,) = await nursery.start(world.listen)
        port = int(address.rest.rpartition(":")[2])
        with pytest.raises(EnvironmentFault, match=rf"127\.0\.0\.1:{port}: Address already in use"):
            await world.listen("127.0.0.1", port)
        nursery.cancel_scope.cancel()


def test_the_command_serves_and_stops_in_order() -> None:
    """It prints one JSON line a venue, answers, and ends with 0 at SIGTERM."""
    command = [sys.executable, "-m", "simulator", "--json", "--assets", "btc,sol"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in DEFAULT_VENUES]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert [line["venue"] for line in lines] == list(DEFAULT_VENUES)
    assert lines[2]["symbols"] == ["BTCUSD_PERP", "SOLUSD_PERP"]
    assert all(line["rest"].startswith("http://127.0.0.1:") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--venues", "mtgox"], 2, "no venue 'mtgox'"),
        (["--assets", "btc,zzz"], 2, "no asset 'ZZZ'"),
        (["--assets", "0"], 2, "1 to 500 assets"),
        (["--for", "soon"], 2, "'soon' is not a time"),
        (["--step-ms", "7"], 2, "multiple of 10 ms"),
        (["--levels", "1"], 2, "10 to 5000 levels"),
        (["--base-port", "70000"], 2, "--base-port 70000"),
        (["--frequency"], 2, "unrecognized arguments"),
        (["--host", "203.0.113.1"], 3, "cannot listen on 203.0.113.1:0"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code and exactly one line on standard error."""
    assert main(arguments) == code
    out, error = capsys.readouterr()
    assert out == "" and sentence in error and error.count("\n") == 1


def test_listings_print_their_own_grid() -> None:
    """Ticks, lots and contract sizes come out in the venues' spelling."""
    btc = assets(1)[0]
    spot, usdm, coinm = (listing(btc, family) for family in Family)
    assert (spot.price_text(6_180_001), spot.amount_text(1)) == ("61800.01000000", "0.00001000")
    assert (usdm.price_text(618_001), usdm.amount_text(1)) == ("61800.10", "0.001")
    assert (coinm.price_text(618_001), coinm.amount_text(7)) == ("61800.1", "7")
    assert coinm.contract_size == 100 and coinm.quote_value(618_001, 7) == 700.0
    assert spot.amount_text(0) == "0.00000000"


def test_assets_are_known_by_name() -> None:
    """Made-up assets fill up to any number, each with its own name."""
    assert len({asset.name for asset in assets(200)}) == 200
    assert named_assets(("X001", "BTC"))[1].price == 61_800.0
    with pytest.raises(UsageError):
        assets(501)
    with pytest.raises(UsageError):
        named_assets(("NOPE",))
