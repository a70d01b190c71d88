"""Bans and breakers in the log: once each, when they begin and when they end, in clear words."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import trio
import trio.testing

from arbtree.log import Log
from arbtree.rest_watch import RestWatch
from config.settings import LogSettings
from messages.errors import ArbtreeError, Banned
from simulator.rest import RestFault
from tests.transport.test_rest_simulator import requests_of, running


def lines(stream: io.StringIO) -> list[str]:
    """What was written, without the time, and forgotten."""
    found = [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()]
    stream.seek(0)
    stream.truncate()
    return found


def writing(stream: io.StringIO) -> Callable[[str], None]:
    """Writes lines into it."""
    return lambda line: print(line, file=stream)


async def test_a_breaker_is_told_when_it_opens_and_when_it_closes(
    virtual_time: trio.testing.MockClock,
) -> None:
    """However often somebody looks and asks in between, there are two lines."""
    stream = io.StringIO()
    async with running("binance") as (world, venues):
        venue, watch = venues["binance"], RestWatch(venues, Log(LogSettings(), writing(stream)))
        info = (await venue.directory.load())["BTC/USDT"]
        depth = requests_of(venue, info)[0]
        watch.look()
        assert lines(stream) == []
        world.fail_rest("binance", RestFault(hang_up=True, path="/depth"))
        for _ in range(30):
            with pytest.raises(ArbtreeError):
                await venue.rest.request(depth)
            watch.look()
            await trio.sleep(0.5)
        (line,) = lines(stream)
        assert "warning" in line and "engine/venues/binance" in line
        assert "GET /api/v3/depth fails and is left alone" in line
        world.heal_rest("binance")
        await trio.sleep(30)
        await venue.rest.request(depth)
        for _ in range(3):
            watch.look()
        (line,) = lines(stream)
        assert "GET /api/v3/depth answers again" in line


async def test_a_ban_is_told_with_its_length_and_its_end(
    virtual_time: trio.testing.MockClock,
) -> None:
    """One line when it begins, one when the venue takes requests again."""
    stream = io.StringIO()
    async with running("binance") as (world, venues):
        venue, watch = venues["binance"], RestWatch(venues, Log(LogSettings(), writing(stream)))
        info = (await venue.directory.load())["BTC/USDT"]
        depth = requests_of(venue, info)[0]
        world.venues["binance"].pool.banned_until_ms = world.now_ms() + 30_000
        with pytest.raises(Banned):
            await venue.rest.request(depth)
        for _ in range(5):
            watch.look()
            await trio.sleep(0.5)
        (line,) = lines(stream)
        assert "error" in line and "the venue takes no requests for " in line
        assert " s" in line.rpartition(" for ")[2]
        await trio.sleep(venue.rest.banned_for_s)
        for _ in range(3):
            watch.look()
        (line,) = lines(stream)
        assert "the venue takes requests again" in line
        await venue.rest.request(depth)


async def test_every_endpoint_and_venue_has_lines_of_its_own(
    virtual_time: trio.testing.MockClock,
) -> None:
    """Two dead endpoints are two lines, and the venue beside them has none."""
    stream = io.StringIO()
    async with running("binance", "mexc") as (world, venues):
        watch = RestWatch(venues, Log(LogSettings(), writing(stream)))
        venue = venues["binance"]
        info = (await venue.directory.load())["BTC/USDT"]
        world.fail_rest("binance", RestFault(hang_up=True))
        for request in requests_of(venue, info)[:2] * 6:
            with pytest.raises(ArbtreeError):
                await venue.rest.request(request)
        watch.look()
        watch.look()
        told = lines(stream)
        assert len(told) == 2 and all("engine/venues/binance" in line for line in told)
        assert len({line for line in told if "left alone" in line}) == 2
