"""What the inspector tells of a trading engine, beside what it tells of any tree."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import trio

from actors.outlet import Subscription
from actors.transport.faulty import WIRE_FAULTS, FaultyDialer
from arbtree.engine import Engine
from arbtree.status import books, venue_health
from config.secrets import keyed_venues
from messages.identifiers import Instrument
from messages.opportunities import OpportunityClosed, OpportunityOpened, ReleasePair
from supervisors.protocol import Ask, Refused
from supervisors.runtime import Runtime
from supervisors.tree import DETECTOR
from supervisors.verbs import Control, Read

LONGEST_FAULT_S = 3600.0
"""Of a fault that ends by itself."""

KEPT_OPPORTUNITIES = 256
"""The last that were opened or closed; what is older is in the output of `run`."""


PAIR_WORDS = 4
"""Venue and symbol, twice."""

RELEASED_WITHIN_S = 5.0
"""The detector answers within a turn, unless it is suspended or down."""


class EngineVerbs:
    """The verbs of one engine.

    Args:
        engine: the running engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._facts: Subscription = engine.outlet.subscribe()
        self._open: dict[int, OpportunityOpened] = {}
        self._closed: deque[OpportunityClosed] = deque(maxlen=KEPT_OPPORTUNITIES)

    @property
    def reads(self) -> Mapping[str, Read]:
        """What it tells."""
        return {
            "books": self._books,
            "opportunities": self._opportunities,
            "connections": self._connections,
            "venues": self._venues,
        }

    @property
    def controls(self) -> Mapping[str, Control]:
        """What it does."""
        return {"strike": self._strike, "release": self._release}

    def _books(self, runtime: Runtime, ask: Ask) -> object:
        """Every book: state, best prices, ages, counters; or those below `path`."""
        found = [book for book in books(self._engine) if book.path.startswith(ask.path)]
        if ask.path and not found:
            raise Refused("unknown_path", f"no book lies below {ask.path!r}")
        return {"books": found}

    def _opportunities(self, runtime: Runtime, ask: Ask) -> object:
        """The opportunities that are open, and the last that were."""
        self._take()
        closed = list(self._closed)[-ask.limit :]
        return {"open": list(self._open.values()), "closed": closed, "unseen": self._facts.lost}

    def _connections(self, runtime: Runtime, ask: Ask) -> object:
        """The health of every connection, by path."""
        now_ns = self._engine.seams.clock.now_ns()
        return {
            "connections": {
                path: feed.health(now_ns)
                for venue in self._engine.venues.values()
                for path, feed in venue.feeds.items()
            }
        }

    def _venues(self, runtime: Runtime, ask: Ask) -> object:
        """The health of every venue."""
        return {"venues": venue_health(self._engine)}

    async def _release(self, runtime: Runtime, ask: Ask) -> object:
        """End the quarantine of two symbols: `option` names venue, symbol, venue, symbol."""
        words = ask.option.split()
        if len(words) != PAIR_WORDS:
            raise Refused("bad_request", "release wants VENUE SYMBOL VENUE SYMBOL")
        one, other = (self._followed(*words[at : at + 2]) for at in (0, 2))
        detector = runtime.lookup(DETECTOR)
        released = await detector.ask(ReleasePair(one, other), RELEASED_WITHIN_S)
        return {"one": str(one), "other": str(other), "released": released}

    def _followed(self, venue: str, symbol: str) -> Instrument:
        """What the engine follows under these names."""
        known = self._engine.venues.get(venue)
        if known is None or symbol not in known.settings.symbols:
            raise Refused("bad_request", f"this engine does not follow {symbol} at {venue}")
        return Instrument(venue, symbol)

    async def _strike(self, runtime: Runtime, ask: Ask) -> object:
        """Do to the sockets of one connection what a network does: `FAULT` or `FAULT SECONDS`."""
        dialer = self._engine.seams.dialer
        feeds = (venue.feeds.get(ask.path) for venue in self._engine.venues.values())
        feed = next((feed for feed in feeds if feed is not None), None)
        if feed is None:
            raise Refused("unknown_path", f"{ask.path!r} is no connection")
        if not isinstance(dialer, FaultyDialer):
            raise Refused("refused", "this engine was started without faults")
        keyed = keyed_venues(self._engine.venues)
        if keyed:
            raise Refused("refused", f"trading keys of {', '.join(keyed)} are loaded")
        fault, duration_s = _fault_of(ask.option)
        epoch, struck_ns = feed.epoch, self._engine.seams.clock.now_ns()
        if not dialer.strike(fault, ask.path, duration_s):
            raise Refused("refused", f"{ask.path} is {feed.state}: there is no socket to break")
        await trio.lowlevel.checkpoint()
        return {"path": ask.path, "epoch": epoch, "struck_ns": struck_ns}

    def _take(self) -> None:
        """Take in what the detector said since the last question."""
        for fact in self._facts.take_nowait():
            if isinstance(fact, OpportunityOpened):
                self._open[fact.opportunity_id] = fact
            elif isinstance(fact, OpportunityClosed):
                self._open.pop(fact.opportunity_id, None)
                self._closed.append(fact)


def _fault_of(option: str) -> tuple[str, float]:
    """Read a fault and how long it lasts."""
    fault, _, lasts = option.partition(" ")
    if fault not in WIRE_FAULTS:
        raise Refused("bad_request", f"there is no fault {fault!r}: {', '.join(WIRE_FAULTS)}")
    try:
        duration_s = float(lasts or 0.0)
    except ValueError:
        duration_s = math.nan
    if not 0.0 <= duration_s <= LONGEST_FAULT_S:
        raise Refused("bad_request", f"a fault lasts 0 to {LONGEST_FAULT_S:g} s, not {lasts}")
    return fault, duration_s
