"""Crash capsules of snapshot actors: an answer that cannot be taken cannot be taken again."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from actors.bare_venue import bare_venue
from actors.runtime.actor import Actor
from actors.runtime.clock import TrioClock
from actors.snapshots import SnapshotActor
from actors.transport.answers import Answer
from config.settings import VenueSettings
from exchanges.registry import dialect
from messages.books import SnapshotWanted
from messages.requests import RestRequest
from supervisors.capsule_replay import act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, load
from supervisors.runtime import Options, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from tests.actors.test_capsules import INFO, START_NS

BOOK = b'{"lastUpdateId":%d,"bids":[["99.5","1"]],"asks":[["100.5","2"]]}'


class ScriptedRest:
    """Answers snapshots with rising ids, after a while, and the time of day as it likes."""

    def __init__(self, time: bytes) -> None:
        self.asked = 0
        self.time = time

    async def request(self, request: RestRequest, **_: object) -> Answer:
        """Answer as a venue does."""
        await trio.sleep(0.05)
        body = self.time
        if "depth" in request.path:
            await trio.sleep(0.05)
            self.asked += 1
            body = BOOK % self.asked
        return Answer(200, {}, body, 1, 1)


@pytest.mark.parametrize(("count", "time"), [(1, b'{"serverTime":5}'), (40, b"<html>")])
async def test_a_raising_decoder_raises_again(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    time: bytes,
) -> None:
    """From the first answer or from the middle of its life; a page of a gateway is no crash."""
    public = type(dialect("binance"))
    right = public.decode_snapshot

    def decode(self: Any, body: bytes, *rest: Any) -> Any:
        assert body != BOOK % count
        return right(self, body, *rest)

    monkeypatch.setattr(public, "decode_snapshot", decode)
    rules = VenueSettings(name="binance", symbols=("BTC/USDT",), warm_connections=0)
    venue = replace(bare_venue(rules, (INFO,)), rest=cast(Any, ScriptedRest(time)))
    kinds = ChildSpec("book", Actor), ChildSpec("snapshots", partial(SnapshotActor, venue, _book))
    spec, clock = SupervisorSpec("engine", children=kinds), TrioClock(START_NS)
    with CapsuleStore(tmp_path) as store:
        async with open_tree(spec, clock=clock, options=Options(capsules=store)) as run:
            for epoch in range(count):
                run.lookup("engine/snapshots").tell(SnapshotWanted("BTC/USDT", epoch))
                await trio.sleep(0.2)
    (file,) = capsule_files(tmp_path)
    capsule = load(file)
    outcome = act_out(capsule, SnapshotActor, types_near(SnapshotActor))
    assert outcome.reproduced, outcome.text
    assert outcome.recorded.frames[-1].function.endswith("decode")
    assert bool(venue.clock_offset.measured) == (time != b"<html>")


def _book(symbol: str) -> str:
    return "engine/book"
