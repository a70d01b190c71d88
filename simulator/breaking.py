"""The faults of the catalogue that a venue can have, carried out on one world.

`strike` takes a fault by its name in `messages.faults`; one function for each lies in `_STRIKES`.
What lasts ends by itself after its time, or by `heal`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import trio
from msgspec import Struct

from messages.errors import UsageError
from simulator.listing import Lie, tell_all, tell_crossed, tell_empty
from simulator.protocol import Connection
from simulator.rest import RestFault
from simulator.topics import Mangler, Topic, drop, duplicate, reorder, truncate
from simulator.venue import Venue
from simulator.world import World

CLOSE_CODES = (1000, 1001, 1002, 1003, 1008, 1011, 1012, 1013, 3000, 4000)
"""Codes that servers close with; 1005 and 1006 are never sent."""
TRICKLE_BYTES, TRICKLE_PAUSE_S = 512, 0.05
"""Ten kilobytes a second: less than the streams of one lively symbol."""
LATE_S = 7.0
"""Later than any client of ours waits for the head of an answer."""
LAG_MS = (1_000, 8_000)
"""How old stale snapshots are, at least and at most."""
SKEW_MS = (2_000, 40_000)
"""How wrong a venue's clock goes, at least and at most, to either side."""
DEPTH_PATHS = ("/depth", "/order_book")
"""How the paths of snapshots end."""


class Blow(Struct, frozen=True):
    """One fault about to happen.

    Args:
        fault: its name in the catalogue.
        venue: whom it strikes.
        symbol: the venue's own name of a symbol; empty: any, where one is wanted.
        duration_s: how long it lasts, where it lasts.
        seed: of what it leaves to chance: which connection, which code, how late.
    """

    fault: str
    venue: str
    symbol: str = ""
    duration_s: float = 0.0
    seed: int = 0


class _Struck:
    """Everything that a fault's function needs."""

    def __init__(self, world: World, blow: Blow) -> None:
        self.world = world
        self.venue: Venue = world.venues[blow.venue]
        self.blow = blow
        self.chance = random.Random(blow.seed)

    @property
    def name(self) -> str:
        return self.venue.name

    @property
    def until_s(self) -> float:
        return trio.current_time() + self.blow.duration_s

    def connection(self) -> Connection | None:
        """One open connection that carries the symbol's depth, or any."""
        wanted = set(self.topics())
        found = [
            connection
            for connection in self.venue.connections.values()
            if not wanted or wanted & set(connection.streams.values())
        ]
        return self.chance.choice(found) if found else None

    def topics(self) -> Sequence[Topic]:
        """The depth streams of the symbol; of all when none is named."""
        natives = [self.blow.symbol] if self.blow.symbol else list(self.venue.listings)
        return [topic for native in natives for topic in self.venue.depth_topics(native)]

    def topic(self) -> Topic | None:
        """One depth stream that is heard."""
        found = self.topics()
        return self.chance.choice(found) if found else None


_Strike = Callable[[_Struck], bool]


def strike(world: World, blow: Blow) -> bool:
    """Do it; return whether there was anything to strike.

    Raises:
        UsageError: the world has no such venue, or a venue cannot have such a fault.
    """
    if blow.venue not in world.venues:
        raise UsageError(f"this world has no venue {blow.venue!r}: {', '.join(world.venues)}")
    if blow.fault not in _STRIKES:
        raise UsageError(f"no venue can have the fault {blow.fault!r}: {', '.join(_STRIKES)}")
    return _STRIKES[blow.fault](_Struck(world, blow))


def strikes() -> tuple[str, ...]:
    """The names of all faults that `strike` takes."""
    return tuple(_STRIKES)


def heal(world: World) -> None:
    """End everything that lasts, at every venue; half-open connections are cut at last."""
    for venue in world.venues.values():
        venue.troubles.clear()
        venue.rest_faults.clear()
        venue.commands_to_refuse = venue.acks_to_lose = venue.skew_ms = 0
        for pool in (venue.pool, *venue.budgets.values()):
            pool.banned_until_ms = 0
        for live in venue.listings.values():
            live.be_honest()
            live.lag_snapshots(0)
            for topic in venue.depth_topics(live.listing.native):
                topic.muted = False
                topic.muted_until_s = 0.0
                topic.tampering.clear()
        for connection in list(venue.connections.values()):
            connection.recover()


# -- wire and websocket --------------------------------------------------------------------------


def _to_connection(do: Callable[[Connection, _Struck], None], struck: _Struck) -> bool:
    connection = struck.connection()
    if connection is not None:
        do(connection, struck)
    return connection is not None


def _close(connection: Connection, struck: _Struck) -> None:
    connection.kill("chaos", struck.chance.choice(CLOSE_CODES))


def _trouble(struck: _Struck) -> bool:
    struck.venue.trouble(struck.blow.fault, struck.blow.duration_s)
    return True


def _dials(struck: _Struck) -> bool:
    """Nobody notices refused dials while nobody dials: a connection is cut with it."""
    _trouble(struck)
    return _to_connection(lambda connection, _: connection.cut(), struck) or True


# -- stream --------------------------------------------------------------------------------------


def _mangle(manglers: Callable[[_Struck], Sequence[Mangler]], struck: _Struck) -> bool:
    topic = struck.topic()
    if topic is not None:
        topic.tampering.extend(manglers(struck))
    return topic is not None


def _besides(struck: _Struck) -> Sequence[Mangler]:
    unknown = struck.venue.protocol.unknown_event()
    return (lambda payload: (unknown, payload),)


def _lie(lies: Sequence[Lie], struck: _Struck) -> bool:
    topic = struck.topic()
    if topic is not None:
        struck.venue.listings[topic.name.symbol].lies.extend(lies)
    return topic is not None


def _silent(struck: _Struck) -> bool:
    topic = struck.topic()
    if topic is not None:
        topic.muted_until_s = struck.until_s
    return topic is not None


def _stale_snapshot(struck: _Struck) -> bool:
    """Snapshots lag for so long, and a missing event makes one wanted."""
    topic = struck.topic()
    if topic is None:
        return False
    live = struck.venue.listings[topic.name.symbol]
    live.lag_snapshots(struck.chance.randint(*LAG_MS), struck.until_s)
    topic.tampering.append(drop)
    return True


def _delta_before_snapshot(struck: _Struck) -> bool:
    """Snapshots come so late, and a missing event makes one wanted."""
    topic = struck.topic()
    if topic is None:
        return False
    delay_s = struck.blow.duration_s
    for path in DEPTH_PATHS:
        struck.venue.rest_faults.append(RestFault(delay_s=delay_s, path=path, left=2,
                                                  until_s=struck.until_s))  # fmt: skip
    topic.tampering.append(drop)
    return True


def _next_commands(attribute: str, struck: _Struck) -> bool:
    """Strike the next command; a connection is cut so that there is one."""
    setattr(struck.venue, attribute, getattr(struck.venue, attribute) + 1)
    return _to_connection(lambda connection, _: connection.cut(), struck) or True


def _aged(struck: _Struck) -> bool:
    return struck.venue.announce_shutdown(struck.blow.duration_s) > 0


# -- REST ----------------------------------------------------------------------------------------


def _answers(fault: Callable[[_Struck], RestFault], struck: _Struck) -> bool:
    """Let all answers go wrong for so long; a missing event makes one wanted."""
    one = fault(struck)
    one.until_s = struck.until_s
    struck.venue.rest_faults.append(one)
    topic = struck.topic()
    if topic is not None:
        topic.tampering.append(drop)
    return True


def _ban(struck: _Struck) -> bool:
    venue = struck.venue
    until_ms = venue.now_ms() + round(struck.blow.duration_s * 1000)
    for pool in (venue.pool, *venue.budgets.values()):
        pool.banned_until_ms = max(pool.banned_until_ms, until_ms)
    topic = struck.topic()
    if topic is not None:
        topic.tampering.append(drop)
    return True


def _skew(struck: _Struck) -> bool:
    sign = struck.chance.choice((-1, 1))
    struck.venue.skew(sign * struck.chance.randint(*SKEW_MS), struck.until_s)
    return True


_STRIKES: Mapping[str, _Strike] = MappingProxyType(
    {
        "cut": partial(_to_connection, lambda connection, _: connection.hang_up()),
        "reset": partial(_to_connection, lambda connection, _: connection.cut()),
        "half_open": partial(_to_connection, lambda connection, _: connection.stall(math.inf)),
        "stall": partial(
            _to_connection, lambda connection, struck: connection.stall(struck.blow.duration_s)
        ),
        "slice": partial(
            _to_connection,
            lambda connection, struck: connection.crumble(1, 0.0, struck.blow.duration_s),
        ),
        "slow_reader": partial(
            _to_connection,
            lambda connection, struck: connection.crumble(
                TRICKLE_BYTES, TRICKLE_PAUSE_S, struck.blow.duration_s
            ),
        ),
        "refused_dial": _dials,
        "dial_timeout": _dials,
        "failed_tls": _dials,
        "failed_upgrade": _dials,
        "dns_failure": _dials,
        "unanswered_ping": _trouble,
        "close_code": partial(_to_connection, _close),
        "fragmentation": _trouble,
        "oversized_frame": partial(_to_connection, lambda connection, _: connection.oversize()),
        "gap": partial(_mangle, lambda _: (drop,)),
        "duplicate": partial(_mangle, lambda _: (duplicate,)),
        "reorder": partial(_mangle, lambda _: reorder()),
        "truncated_message": partial(_mangle, lambda _: (truncate,)),
        "unknown_type": partial(_mangle, _besides),
        "stale_snapshot": _stale_snapshot,
        "delta_before_snapshot": _delta_before_snapshot,
        "crossed_book": partial(_lie, (tell_crossed,)),
        "empty_book": partial(_lie, (tell_empty, tell_all)),
        "silent_topic": _silent,
        "refused_subscription": partial(_next_commands, "commands_to_refuse"),
        "dropped_subscription": partial(_next_commands, "acks_to_lose"),
        "aged_disconnect": _aged,
        "rate_limited": partial(
            _answers,
            lambda struck: RestFault(
                status=429, retry_after_s=max(1, math.ceil(struck.blow.duration_s))
            ),
        ),
        "ban": _ban,
        "server_error": partial(
            _answers, lambda struck: RestFault(status=struck.chance.choice((500, 502, 503, 504)))
        ),
        "html_for_json": partial(
            _answers, lambda struck: RestFault(html=True, status=struck.chance.choice((0, 502)))
        ),
        "slow_answer": partial(
            _answers, lambda struck: RestFault(delay_s=struck.chance.uniform(0.5, 4.0))
        ),
        "late_answer": partial(_answers, lambda _: RestFault(delay_s=LATE_S)),
        "hang_up": partial(_answers, lambda _: RestFault(hang_up=True)),
        "clock_skew": _skew,
    }
)
