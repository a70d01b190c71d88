"""What a REST request costs: CPU and latency of our client beside plain httpx, in one run.

    python -m benchmarks.rest [--requests 2000] [--rounds 5] [--json]

A child process answers a fixed body of 71 bytes over loopback, keep-alive.  Three ways ask it,
one request after the other, in interleaved rounds: plain `httpx.AsyncClient` on trio, the same
client on our transport, and our `RestClient` with its line, budget, breaker and error reading.
Medians of the rounds; the child's CPU is not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import trio

from actors.runtime.clock import SystemClock
from actors.transport.dial import SocketDialer
from actors.transport.http import HttpTransport
from actors.transport.rest import RestClient
from actors.transport.turns import Turns
from exchanges.registry import dialect
from markets.budget import RequestBudget
from messages.instruments import RateRule
from messages.requests import RestRequest

BODY = b'{"symbol":"BTCUSDT","price":"67000.01000000","time":1718000000000,"a":1}'[:71]
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-MBX-USED-WEIGHT-1M: 7\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
PATH = "/api/v3/ticker/price?symbol=BTCUSDT"
REQUEST = RestRequest("GET", "/api/v3/ticker/price", (("symbol", "BTCUSDT"),), weight=2)
BAR = 1.0
"""Our client, with line, budget and breaker, must not cost more CPU than plain httpx without."""

Ask = Callable[[], Awaitable[object]]


async def serve() -> None:
    """Answer every request head alike; the first line on standard output is the port."""

    async def answer(stream: trio.SocketStream) -> None:
        waiting = b""
        async for data in stream:
            waiting += data
            count = waiting.count(b"\r\n\r\n")
            if count:
                waiting = waiting.rpartition(b"\r\n\r\n")[2]
                await stream.send_all(ANSWER * count)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(listeners[0].socket.getsockname()[1], flush=True)
    await trio.serve_listeners(answer, listeners)


async def one_round(ask: Ask, requests: int) -> tuple[float, float]:
    """CPU a request and the median latency, in microseconds."""
    took_us: list[float] = []
    cpu_s = time.process_time()
    for _ in range(requests):
        began_s = time.perf_counter()
        await ask()
        took_us.append((time.perf_counter() - began_s) * 1e6)
    return (time.process_time() - cpu_s) / requests * 1e6, statistics.median(took_us)


async def measure(port: int, requests: int, rounds: int) -> dict[str, dict[str, float]]:
    """All ways in turn, so many rounds."""
    address, venue, clock = f"http://127.0.0.1:{port}", dialect("binance"), SystemClock()
    found: dict[str, list[tuple[float, float]]] = {}
    # A limit no run reaches: the arithmetic is done, nothing waits.
    rules = (RateRule("REQUEST_WEIGHT", 10**9, 60.0), RateRule("RAW_REQUESTS", 10**9, 300.0))
    turns = Turns(RequestBudget(rules, clock.now_ns() / 1e9), clock)
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        own = await stack.enter_async_context(
            httpx.AsyncClient(transport=HttpTransport(SocketDialer()), trust_env=False)
        )
        rest = await stack.enter_async_context(
            RestClient(
                "binance",
                address,
                SocketDialer(),
                clock,
                error=venue.error,
                turns=turns,
                rate_use=venue.rate_use,
            )
        )
        ways: dict[str, Ask] = {
            "httpx": lambda: plain.get(address + PATH),
            "httpx on our transport": lambda: own.get(address + PATH),
            "our client": lambda: rest.request(REQUEST),
        }
        for ask in ways.values():
            await one_round(ask, max(1, requests // 10))  # connections, caches
        for _ in range(rounds):
            for name, ask in ways.items():
                found.setdefault(name, []).append(await one_round(ask, requests))
    medians = {
        name: (statistics.median(cpu for cpu, _ in each), statistics.median(us for _, us in each))
        for name, each in found.items()
    }
    cpu_us, wait_us = medians["httpx"]
    return {
        name: {
            "cpu_us": round(cpu, 1),
            "latency_us": round(us, 1),
            "cpu_ratio": round(cpu / cpu_us, 3),
            "latency_ratio": round(us / wait_us, 3),
        }
        for name, (cpu, us) in medians.items()
    }


def main() -> int:
    """Serve in a child, measure here, print; exit code 1 when the bar is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=2_000, help="requests of a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every way")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(serve)
        return 0
    command = [sys.executable, "-m", "benchmarks.rest", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            port = int(child.stdout.readline())
            rows = trio.run(measure, port, options.requests, options.rounds)
        finally:
            child.terminate()
    kept = rows["our client"]["cpu_ratio"] <= BAR
    if options.json:
        print(json.dumps({"rows": rows, "bar": BAR, "kept": kept}))
    else:
        for name, row in rows.items():
            print(
                f"{name:24} {row['cpu_us']:7.1f} us CPU ({row['cpu_ratio']:.2f} x),"
                f" {row['latency_us']:7.1f} us latency ({row['latency_ratio']:.2f} x)"
            )
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
