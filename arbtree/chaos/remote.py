"""Breaking the sockets of an engine that runs elsewhere, through its inspection socket.

What its own connections can suffer is struck at its dial seam; when books went dark and when they
were live again is told by the engine's own clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import trio

from actors.transport.faulty import WIRE_FAULTS
from arbtree.chaos.recovery import Recovery
from arbtree.chaos.report import MAX_VIOLATIONS, FaultRecord, Verdict
from arbtree.chaos.runs import Play, named_kinds, seed_report
from arbtree.inspection import Client
from messages.errors import EnvironmentFault
from messages.faults import CONNECTIONS, FaultKind, kinds_of
from messages.faults import FaultPlace as Place

LOOK_EVERY_S = 0.05
"""How often the engine is asked; times come from its own clock and are exacter."""
SETTLE_S = 8.0
"""A fault that has ended no connection so long after its end darkens nothing any more."""
LONGEST_S = 5.0
"""Faults that last take at most so long, or their shortest time."""


def wire_kinds(wanted: Sequence[str] = ()) -> list[FaultKind]:
    """The kinds that sockets of a running engine can have; those of these names, if any.

    Raises:
        UsageError: one of the names is not among them.
    """
    found = [
        kind
        for kind in kinds_of(Place.LIVE)
        if kind.name in WIRE_FAULTS and kind.target == CONNECTIONS
    ]
    return named_kinds(found, wanted, "a running engine cannot have")


class _Followed:
    """A fault whose end is not known yet; nanoseconds of the engine's clock."""

    def __init__(self, kind: FaultKind, path: str, said: Mapping[str, Any], lasts_s: float) -> None:
        self.kind, self.path, self.lasts_s = kind, path, lasts_s
        self.epoch: int = said["epoch"]
        self.struck_ns: int = said["struck_ns"]
        self.struck_s = trio.current_time()
        self.dark_ns: int | None = None
        self.live_ns: int | None = None
        self.over = False

    def look(self, feed: Mapping[str, Any], books: Sequence[Mapping[str, Any]]) -> None:
        """Take in what the engine says of the connection and its books."""
        over_ns = feed["epoch_over_ns"]
        if self.dark_ns is None and feed["epoch"] >= self.epoch and over_ns >= self.struck_ns:
            self.dark_ns = over_ns
        live = bool(books) and all(book["state"] == "LIVE" for book in books)
        if self.dark_ns is not None and feed["epoch"] > self.epoch and live:
            self.live_ns = max(book["live_since_ns"] or 0 for book in books)
            self.over = True
        quiet_s = trio.current_time() - self.struck_s - self.lasts_s
        if self.dark_ns is None and quiet_s > SETTLE_S:
            self.over = True

    def record(self, began_s: float) -> FaultRecord:
        """What followed; from the fault's end where it lasted."""
        ended_ns = self.struck_ns + round(self.lasts_s * 1e9)
        return FaultRecord(
            round(self.struck_s - began_s, 3),
            self.lasts_s,
            self.kind.name,
            self.kind.group.value,
            self.path,
            None if self.dark_ns is None else round((self.dark_ns - self.struck_ns) / 1e9, 6),
            None if self.live_ns is None else round(max(0, self.live_ns - ended_ns) / 1e9, 6),
        )


class Strikes:
    """Strikes one running engine for a while.

    Args:
        client: speaks with it.
        kinds: what is struck.
        seed: draws kinds, connections and times.
        told: called with the number of faults after every one.
    """

    def __init__(
        self,
        client: Client,
        kinds: Sequence[FaultKind],
        seed: int,
        told: Callable[[int], None] | None = None,
    ) -> None:
        self._client = client
        self._kinds = kinds
        self._weights = [1.0 / kind.every_s for kind in kinds]
        self._chance = random.Random(seed)
        self._told = told
        self.followed: list[_Followed] = []
        self.books = 0

    async def run(self, for_s: float, per_s: float, within_s: float) -> tuple[FaultRecord, ...]:
        """Strike, then wait until everything has recovered.

        Args:
            for_s: how long.
            per_s: how many a second at most; each connection has one at a time.
            within_s: how long the last recoveries may take.
        """
        began_s = next_s = trio.current_time()
        end_s = began_s + for_s
        while (now_s := trio.current_time()) < end_s + within_s:
            feeds, books = await self._look()
            if now_s >= end_s and not any(not one.over for one in self.followed):
                break
            if next_s <= now_s < end_s:
                next_s = now_s + 1.0 / per_s
                await self._strike(feeds, books, end_s - now_s)
            await trio.sleep(LOOK_EVERY_S)
        return tuple(one.record(began_s) for one in self.followed)

    async def _look(self) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        feeds: dict[str, Any] = (await self._client.ask("connections"))["connections"]
        found = (await self._client.ask("books"))["books"]
        self.books = len(found)
        books: dict[str, list[Any]] = {path: [] for path in feeds}
        for book in found:
            books.setdefault(book["connection"] or "", []).append(book)
        for one in self.followed:
            if not one.over and one.path in feeds:
                one.look(feeds[one.path], books[one.path])
        return feeds, books

    async def _strike(
        self, feeds: Mapping[str, Any], books: Mapping[str, Sequence[Any]], left_s: float
    ) -> None:
        taken = {one.path for one in self.followed if not one.over}
        idle = sorted(
            path
            for path, feed in feeds.items()
            if feed["state"] == "open" and path not in taken and books[path]
            if all(book["state"] == "LIVE" for book in books[path])
        )
        if not idle:
            return
        (kind,) = self._chance.choices(self._kinds, self._weights)
        path = self._chance.choice(idle)
        shortest_s, longest_s = kind.duration_s
        lasts_s = self._chance.uniform(shortest_s, max(shortest_s, min(longest_s, LONGEST_S)))
        lasts_s = round(min(lasts_s, left_s), 3)
        try:
            said = await self._client.ask("strike", path=path, option=f"{kind.name} {lasts_s}")
        except EnvironmentFault as error:
            if "no socket" not in str(error):
                raise
            return  # it was lost in this very moment
        self.followed.append(_Followed(kind, path, said, lasts_s))
        if self._told is not None:
            self._told(len(self.followed))


def remote_play(
    records: tuple[FaultRecord, ...], seed: int, books: int, replay: str, real_s: float
) -> Play:
    """What it came to, as a report of one seed.

    Args:
        records: every fault with what followed.
        seed: drew them.
        books: how many the engine has.
        replay: the command.
        real_s: how long it took.
    """
    missed = [one for one in records if one.dark_after_s is not None and one.live_after_s is None]
    verdict = Verdict(
        Recovery.name,
        Recovery.sentence,
        len(records),
        len(missed),
        tuple(f"{one.at_s:.3f} s: {one.fault} at {one.target}: not live again" for one in missed)[
            :MAX_VIOLATIONS
        ],
    )
    report = seed_report(
        seed,
        (verdict,),
        [one.fault for one in records],
        replay=replay,
        venues=len({one.target.split("/")[2] for one in records}),
        books=books,
        virtual_s=real_s,
        real_s=real_s,
        enough=not missed,
    )
    return Play(report, records, ())
