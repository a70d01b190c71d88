"""What a seed draws: which venues, symbols and limits, how lively a market, and which faults."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping

from msgspec import Struct

from config.chaos import FaultChange
from config.settings import (
    AuditorSettings,
    DetectorSettings,
    Settings,
    SimulatorSettings,
    SupervisionSettings,
    VenueSettings,
)
from messages.faults import FaultPlace, aimable, fault_kind, kinds_of
from messages.identifiers import path_segment
from supervisors.chaos.schedule import Planned, Rate, draw

ASSETS = ("BTC", "ETH", "SOL")
SYMBOLS: tuple[tuple[str, str], ...] = (
    ("binance", "{0}/USDT"),
    ("binance_us", "{0}/USDT"),
    ("binance_usdm", "{0}/USDT:USDT"),
    ("binance_coinm", "{0}/USD:{0}"),
    ("gateio", "{0}/USDT"),
    ("gateio_futures", "{0}/USDT:USDT"),
    ("mexc", "{0}/USDT"),
)
"""Every simulated venue, and how it spells an asset."""

SAFETY_SHARE = 0.6
"""Share of a seed in which faults strike; the rest is for healing and for being live."""
GIVING_UP_EVERY = 11
"""Every such seed is to end with exit 4: its detector crashes until the engine gives up."""
GIVE_UP_WITHIN_S = 60.0
"""In shorter runs there is no time for it, and every seed is an ordinary one."""
GIVE_UP_CRASHES_S = 1.2
"""Time between two of those crashes: more than a second, so that each is a cause of its own."""
SPARED_CRASHES = 2
"""What other seeds leave of the budget of a detector that crashes."""
LIVELINESS = (0.4, 2.5)
"""What a seed multiplies the mean time between two faults of a kind by, at least and at most."""
EXIT_DONE, EXIT_GAVE_UP = 0, 4


class Draw(Struct, frozen=True):
    """Everything that one seed decides before its run begins.

    Args:
        settings: the whole configuration of its engine.
        schedule: the faults, in order.
        safety_s: how long faults strike.
        expected_exit: 0, or 4 where the engine is to give up.
    """

    seed: int
    settings: Settings
    schedule: tuple[Planned, ...]
    safety_s: float
    expected_exit: int


def draw_seed(seed: int, for_s: float, overrides: Mapping[str, FaultChange] | None = None) -> Draw:
    """Draw topology, market, limits and faults of a seed.

    Args:
        seed: all of it follows from this.
        for_s: virtual length of the whole run.
        overrides: what a faults file says, by kind.
    """
    gives_up = seed % GIVING_UP_EVERY == 0 and for_s >= GIVE_UP_WITHIN_S
    settings = _settings(random.Random(f"{seed}:topology"), gives_up)
    safety_s = for_s * SAFETY_SHARE
    rates = _rates(random.Random(f"{seed}:rates"), settings, overrides or {})
    schedule = draw(random.Random(f"{seed}:schedule"), rates, safety_s)
    schedule = (
        _until_it_gives_up(schedule, safety_s)
        if gives_up
        else _below_budget(schedule, settings.supervision)
    )
    return Draw(seed, settings, schedule, safety_s, EXIT_GAVE_UP if gives_up else EXIT_DONE)


def _settings(chance: random.Random, gives_up: bool) -> Settings:
    wanted = chance.choice((3, 3, 3, 4))
    places = chance.sample(range(len(SYMBOLS)), wanted)
    venues = [SYMBOLS[place] for place in sorted(places)]
    assets = chance.sample(ASSETS, chance.choice((1, 1, 1, 2)))
    # So many books as carry enough messages in five minutes, and few more: seeds are to be many.
    steps_ms = (100, 150, 200) if wanted * len(assets) <= 4 else (250, 300)
    limits = SupervisionSettings(
        backoff_min_s=chance.choice((0.1, 0.25, 0.5)),
        backoff_max_s=2.0 if gives_up else chance.choice((5.0, 10.0, 20.0)),
        healthy_after_s=chance.choice((2.0, 10.0)),
        reconnects_per_s=chance.choice((0.5, 1.0, 2.0)),
        reconnect_burst=chance.choice((2, 5)),
    )
    return Settings(
        detector=DetectorSettings(
            threshold_bps=chance.choice((-40.0, -5.0, 0.0)),  # the lowest: something is always open
            lag_ms=chance.choice((None, 2000.0)),
        ),
        auditor=AuditorSettings(enabled=chance.random() < 0.7, every_s=chance.choice((5.0, 10.0))),
        supervision=limits,
        simulator=SimulatorSettings(
            seed=chance.getrandbits(32),
            levels=chance.choice((60, 120, 250)),
            step_ms=chance.choice(steps_ms),
            volatility_bps=chance.choice((0.5, 1.0, 3.0)),
            shock_every_s=chance.choice((20.0, 45.0)),
        ),
        venues=tuple(
            VenueSettings(
                name=name,
                symbols=tuple(form.format(asset) for asset in assets),
                embedded=True,
                silent_after_s=chance.choice((5.0, 10.0, 20.0)),
                acknowledged_within_s=chance.choice((3.0, 5.0)),
                first_data_within_s=chance.choice((5.0, 10.0)),
                snapshots=chance.choice((None, "rest")) if name == "gateio" else None,
            )
            for name, form in venues
        ),
    )


def paths_of(settings: Settings) -> list[str]:
    """Every path of the tree that faults may be aimed at."""
    paths = ["engine", "engine/detector"]
    for venue in settings.active_venues:
        above = f"engine/venues/{venue.name}"
        paths += [above, f"{above}/snapshots", f"{above}/connections/0"]
        paths += [f"{above}/books/{path_segment(symbol)}" for symbol in venue.symbols]
        if settings.auditor.enabled:
            paths.append(f"{above}/auditor")
    return paths


def unreachable(overrides: Mapping[str, FaultChange]) -> tuple[str, ...]:
    """The kinds whose target no place of any seed's tree has, in the order given.

    Args:
        overrides: what a faults file says, by kind.
    """
    venues = tuple(
        VenueSettings(
            name=name, symbols=tuple(form.format(asset) for asset in ASSETS), embedded=True
        )
        for name, form in SYMBOLS
    )
    paths = paths_of(Settings(auditor=AuditorSettings(enabled=True), venues=venues))
    return tuple(
        name for name, said in overrides.items()
        if said.target is not None and not aimable(fault_kind(name), paths, said.target)
    )  # fmt: skip


def _rates(
    chance: random.Random, settings: Settings, overrides: Mapping[str, FaultChange]
) -> list[Rate]:
    paths = paths_of(settings)
    rates = []
    for kind in kinds_of(FaultPlace.VIRTUAL):
        every_s = kind.every_s * chance.uniform(*LIVELINESS)  # drawn in any case: see `draw`
        said = overrides.get(kind.name, FaultChange())
        if not said.enabled:
            continue
        targets = aimable(kind, paths, said.target)
        rates.append(
            Rate(kind.name, tuple(targets), said.every_s or every_s,
                 said.duration_s or kind.duration_s)
        )  # fmt: skip
    return rates


def _below_budget(schedule: tuple[Planned, ...], rules: SupervisionSettings) -> tuple[Planned, ...]:
    """Leave out what would crash the detector so often that the engine gives up by chance."""
    times_s: deque[float] = deque(maxlen=rules.child_crashes - SPARED_CRASHES)
    kept = []
    for planned in schedule:
        if planned.fault == "root_crash":
            if len(times_s) == times_s.maxlen and planned.at_s - times_s[0] <= rules.child_window_s:
                continue
            times_s.append(planned.at_s)
        kept.append(planned)
    return tuple(kept)


def _until_it_gives_up(schedule: tuple[Planned, ...], safety_s: float) -> tuple[Planned, ...]:
    """Let the detector crash again and again in the middle of everything else."""
    begin_s = safety_s / 2
    crashes = tuple(
        Planned(round(begin_s + number * GIVE_UP_CRASHES_S, 3), "root_crash", "engine/detector")
        for number in range(int((safety_s - begin_s) / GIVE_UP_CRASHES_S))
    )
    return tuple(sorted((*schedule, *crashes), key=lambda planned: planned.at_s))
