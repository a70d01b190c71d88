"""What receiving costs: microseconds of CPU a message, batch sizes, and delay at a live rate.

    python -m benchmarks.receive [--messages 40000] [--rate 6000] [--json]

A child process serves prepared frames of 380 bytes over loopback: first as fast as they are
taken (trio-websocket's own `get_message` loop beside our batches, interleaved, medians), then at
a steady rate in bursts of five, where the delay from send to batch shows whether a queue grows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import trio
import trio_websocket

from actors.runtime.clock import SystemClock
from actors.transport.dial import SocketDialer
from actors.transport.opening import open_websocket

PAYLOAD_BYTES = 380
"""The mean size of a depth frame with 8.5 level changes."""

BURST = 5
"""Messages sent together at the steady rate."""

STAMP_CHARACTERS = 20
"""Each message begins with its send time, so that the reader knows its delay."""


def frame(stamp_ns: int) -> bytes:
    """A text frame of the usual size that begins with its send time."""
    payload = b"%020d" % stamp_ns + b"x" * (PAYLOAD_BYTES - STAMP_CHARACTERS)
    return b"\x81\x7e" + struct.pack("!H", len(payload)) + payload


async def serve(stream: trio.SocketStream, messages: int, rate: float) -> None:
    """Upgrade by trio-websocket, then write raw frames below it."""
    async with trio.open_nursery() as nursery:
        request = await trio_websocket.wrap_server_stream(nursery, stream)
        connection = await request.accept()
        if rate:
            start_s = trio.current_time()
            for number in range(0, messages, BURST):
                await trio.sleep_until(start_s + number / rate)
                await stream.send_all(frame(time.monotonic_ns()) * BURST)
        else:
            block = frame(0) * 200
            for _ in range(0, messages, 200):
                await stream.send_all(block)
        await connection.get_message()  # none comes: this waits for the reader to leave


async def server(messages: int, rate: float) -> None:
    """Serve one connection after the other; the first line says on which port."""

    async def guarded(stream: trio.SocketStream) -> None:
        try:
            await serve(stream, messages, rate)
        except* (trio.BrokenResourceError, trio_websocket.ConnectionClosed):
            await trio.aclose_forcefully(stream)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(listeners[0].socket.getsockname()[1], flush=True)
    await trio.serve_listeners(guarded, listeners)


Reader = Callable[[int, int], Awaitable[dict[str, float]]]


async def read_batches(port: int, messages: int) -> dict[str, float]:
    """Take everything through our connection."""
    clock, got, batches, largest = SystemClock(), 0, 0, 0
    delays_ms: list[float] = []
    async with open_websocket(f"ws://127.0.0.1:{port}/", SocketDialer(), clock=clock) as socket:
        began_s, cpu_s = time.perf_counter(), time.process_time()
        while got < messages:
            batch = await socket.receive_batch()
            got += len(batch.payloads)
            batches += 1
            largest = max(largest, len(batch.payloads))
            sent_ns = int(batch.payloads[0][:STAMP_CHARACTERS])
            if sent_ns:
                delays_ms.append((clock.now_ns() - sent_ns) / 1e6)
        cost_us = (time.process_time() - cpu_s) / got * 1e6
        took_s = time.perf_counter() - began_s
    found = {
        "cpu_us": cost_us,
        "per_s": got / took_s,
        "mean_batch": got / batches,
        "largest_batch": float(largest),
    }
    if delays_ms:
        third = len(delays_ms) // 3
        found |= {
            "delay_p50_ms": statistics.median(delays_ms),
            "delay_first_third_ms": statistics.median(delays_ms[:third]),
            "delay_last_third_ms": statistics.median(delays_ms[-third:]),
            "core_share": cost_us * got / took_s / 1e6,
        }
    return found


async def read_plainly(port: int, messages: int) -> dict[str, float]:
    """Take everything by trio-websocket's own `get_message`, one by one."""
    url = f"ws://127.0.0.1:{port}/"
    async with trio_websocket.open_websocket_url(url, message_queue_size=256) as socket:
        cpu_s, began_s = time.process_time(), time.perf_counter()
        for _ in range(messages):
            await socket.get_message()
        cost_us = (time.process_time() - cpu_s) / messages * 1e6
        took_s = time.perf_counter() - began_s
    return {"cpu_us": cost_us, "per_s": messages / took_s, "mean_batch": 1.0}


def measure(reader: Reader, messages: int, rate: float, rounds: int) -> list[dict[str, float]]:
    """Run one reader against a server of its own."""
    command = [sys.executable, "-m", "benchmarks.receive", "--serve"]
    command += ["--messages", str(messages), "--rate", str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            port = int(child.stdout.readline())
            return [trio.run(partial(reader, port, messages)) for _ in range(rounds)]
        finally:
            child.terminate()


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of every column."""
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--rate", type=float, default=6_000.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(server, options.messages, options.rate)
        return
    plain: list[dict[str, float]] = []
    ours: list[dict[str, float]] = []
    for _ in range(options.rounds):
        plain += measure(read_plainly, options.messages, 0.0, 1)
        ours += measure(read_batches, options.messages, 0.0, 1)
    table = {
        "trio_websocket_flat_out": medians(plain),
        "batches_flat_out": medians(ours),
        "batches_steady": medians(measure(read_batches, options.messages, options.rate, 1)),
    }
    if options.json:
        print(json.dumps(table))
        return
    for name, row in table.items():
        print(name, "  ".join(f"{column} {number:g}" for column, number in row.items()))


if __name__ == "__main__":
    main()
