"""The configuration as frozen structs: every key with its range, default and meaning.

These annotations are the one source of the rules, the error texts and the tables of
`docs/configuration.md`.  A key whose default is None may be left out of the file.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from config.assets import AssetSettings
from config.venues import DAY_S, VenueSettings
from messages.identifiers import parse_symbol

__all__ = [
    "AssetSettings",
    "AuditorSettings",
    "CapsuleSettings",
    "DetectorSettings",
    "EngineSettings",
    "InspectionSettings",
    "LogSettings",
    "MetricsSettings",
    "Settings",
    "SimulatorSettings",
    "SupervisionSettings",
    "VenueSettings",
]

MAX_VENUES = 64
"""More venue entries than there are dialects by far; bounds what a wrong file can start."""
MAX_ASSETS = 500
"""Each costs a book at every embedded venue."""
MAX_PROBES = 8
"""Each delay is one timer for every opportunity that is open."""

AssetText = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,20}\Z", title='an asset such as "BTC"')]
DelayMs = Annotated[float, Meta(ge=1, le=60_000)]


class EngineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The engine as a whole."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9_-]{0,31}\Z",
            title="a name of at most 32 lower-case letters, digits, _ and -, a letter first",
            description="The engine's name, in logs and of its inspection socket.",
        ),
    ] = "engine"
    mode: Annotated[
        Literal["watch"],
        Meta(description="What the engine may do; `watch` sends no orders."),
    ] = "watch"
    seed: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=2**63 - 1,
                description="Seed of all jitter; without it one is drawn at start and shown.",
            ),
        ]
        | None
    ) = None
    stop_deadline_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=600,
            description="Time an ordered stop may take before the process ends with code 70.",
        ),
    ] = 30.0


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least important line that is still written."),
    ] = "info"
    format: Annotated[
        Literal["text", "json"],
        Meta(description="Lines for people or one JSON object a line."),
    ] = "text"


class InspectionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The socket on which other terminals of the same user read the engine, and steer it."""

    enabled: Annotated[
        bool, Meta(description="`false` opens no socket: `arbtree inspect` cannot see the engine.")
    ] = True
    control: Annotated[
        bool,
        Meta(
            description="`true` takes verbs that change the engine: restart, stop, suspend, "
            "resume, and faults of `arbtree chaos live`."
        ),
    ] = False


class CapsuleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Crash capsules: what an actor took in before it crashed, for `arbtree inspect replay`."""

    enabled: Annotated[
        bool, Meta(description="`false` keeps nothing of a crash but its line in the log.")
    ] = True
    folder: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=4096,
                title="a path of at most 4096 characters",
                description="Where they are kept; `arbtree/capsules` of the user's state folder "
                "(`$XDG_STATE_HOME`, `~/.local/state`) when left out.",
            ),
        ]
        | None
    ) = None
    keep: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="How many are kept, at most 8 MB each and rarely over 100 kB; the oldest "
            "go.",
        ),
    ] = 50


class DetectorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which crossed prices count, and how old the proof of a book may be."""

    threshold_bps: Annotated[
        float,
        Meta(
            ge=-1000,
            le=10_000,
            description="An opportunity opens when its edge after both taker fees is above this.",
        ),
    ] = 0.0
    min_notional: Annotated[
        float,
        Meta(
            ge=0,
            le=1e12,
            description="Least size of an opportunity in the quote asset; 0 leaves it to the "
            "venues' own filters.",
        ),
    ] = 0.0
    depth_levels: Annotated[
        int,
        Meta(ge=1, le=100, description="Levels a side that the depth walk sees."),
    ] = 20
    proof_age_ms: Annotated[
        float,
        Meta(
            ge=1,
            le=60_000,
            description="Oldest proof of a book (frame in order, or pong) that may open an "
            "opportunity.",
        ),
    ] = 1000.0
    proof_age_hard_ms: Annotated[
        float,
        Meta(ge=1, le=600_000, description="Oldest proof before a book counts as dark."),
    ] = 5000.0
    change_age_ms: (
        Annotated[
            float,
            Meta(
                ge=1,
                le=DAY_S * 1000,
                description="Longest time since a book last changed; no limit when left out.",
            ),
        ]
        | None
    ) = None
    lag_ms: (
        Annotated[
            float,
            Meta(
                ge=1,
                le=600_000,
                description="Longest way from the venue's clock to ours; no limit when left out.",
            ),
        ]
        | None
    ) = None
    alive_after_ms: Annotated[
        tuple[DelayMs, ...],
        Meta(
            max_length=MAX_PROBES,
            description="Delays after which an opportunity is looked at again, ascending.",
        ),
    ] = (50.0, 100.0, 250.0, 500.0)
    price_band_percent: Annotated[
        float,
        Meta(
            ge=0.1,
            le=1000,
            description="Greatest difference of two mids of one asset; beyond it nothing opens "
            "between the two symbols.",
        ),
    ] = 10.0
    price_band_after_s: Annotated[
        float,
        Meta(ge=0, le=3600, description="Time beyond the band after which they are quarantined."),
    ] = 10.0
    price_band_release_after_s: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_S,
            description="Time inside the band that ends a quarantine; 0: only a restart does.",
        ),
    ] = 3600.0


class AuditorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How live books are compared with fresh snapshots."""

    enabled: Annotated[
        bool, Meta(description="`false` runs no auditor: nothing is compared with the venues.")
    ] = True
    every_s: Annotated[
        float,
        Meta(ge=0.1, le=3600, description="Time between two audits at one venue, book by book."),
    ] = 10.0
    levels: Annotated[
        int, Meta(ge=5, le=1000, description="Levels a side that are asked for and compared.")
    ] = 100
    kept_share: Annotated[
        float,
        Meta(
            ge=0.2,
            le=0.95,
            description="Share of a venue's REST budget that audits leave to everything else.",
        ),
    ] = 0.5


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures for Prometheus, on loopback."""

    port: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=65_535,
                description="Port of `http://127.0.0.1:PORT/metrics`, 0: any free one; off when "
                "left out.",
            ),
        ]
        | None
    ) = None


class SupervisionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Backoff after failures, budgets for crashes, time limits of start and stop."""

    backoff_min_s: Annotated[
        float, Meta(ge=0.01, le=60, description="First delay before a restart.")
    ] = 0.25
    backoff_max_s: Annotated[
        float, Meta(ge=0.01, le=60, description="Longest delay before a restart.")
    ] = 60.0
    backoff_factor: Annotated[
        float, Meta(ge=1, le=10, description="What each further delay is multiplied by.")
    ] = 2.0
    backoff_jitter: Annotated[
        float, Meta(ge=0, le=1, description="Share of a delay that is drawn at random.")
    ] = 0.5
    healthy_after_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="Time of flowing data after which backoff starts small again.",
        ),
    ] = 10.0
    child_crashes: Annotated[
        int, Meta(ge=0, le=1000, description="Crashes of one child allowed within its window.")
    ] = 5
    child_window_s: Annotated[
        float, Meta(ge=1, le=DAY_S, description="The window of `child_crashes`.")
    ] = 60.0
    supervisor_causes: Annotated[
        int,
        Meta(ge=0, le=1000, description="Causes of crashes allowed within a supervisor's window."),
    ] = 3
    supervisor_window_s: Annotated[
        float, Meta(ge=1, le=DAY_S, description="The window of `supervisor_causes`.")
    ] = 60.0
    reconnects_per_s: Annotated[
        float,
        Meta(ge=0.01, le=100, description="Dials of one venue, all its connections together."),
    ] = 1.0
    reconnect_burst: Annotated[
        int, Meta(ge=1, le=1000, description="Dials of one venue allowed at once.")
    ] = 5
    start_timeout_s: Annotated[
        float, Meta(ge=0.1, le=600, description="Time a child may take until it is ready.")
    ] = 10.0
    stop_grace_s: Annotated[
        float, Meta(ge=0, le=600, description="Time a child may take to stop by itself.")
    ] = 5.0


class SimulatorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded exchanges, for every venue with `embedded = true`."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1, description="Seed of the simulated market.")] = 1
    assets: Annotated[
        tuple[AssetText, ...],
        Meta(
            max_length=MAX_ASSETS,
            description="Base assets that exist there; empty: those of the embedded venues' "
            "symbols.",
        ),
    ] = ()
    levels: Annotated[
        int, Meta(ge=10, le=5000, description="Levels a side that a simulated book holds, about.")
    ] = 250
    step_ms: Annotated[
        int,
        Meta(ge=10, le=10_000, multiple_of=10, description="Time between two changes of a book."),
    ] = 50
    volatility_bps: Annotated[
        float,
        Meta(ge=0, le=1000, description="How far the true prices stray within a second."),
    ] = 1.0
    shock_every_s: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_S,
            description="Mean time between two moments at which one venue's price of an asset "
            "leaves the others' by more than the fees; 0: never.",
        ),
    ] = 90.0


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole configuration, checked."""

    volatile: ClassVar[bool] = False

    engine: EngineSettings = EngineSettings()
    log: LogSettings = LogSettings()
    inspection: InspectionSettings = InspectionSettings()
    capsules: CapsuleSettings = CapsuleSettings()
    detector: DetectorSettings = DetectorSettings()
    auditor: AuditorSettings = AuditorSettings()
    metrics: MetricsSettings = MetricsSettings()
    supervision: SupervisionSettings = SupervisionSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    assets: tuple[AssetSettings, ...] = ()
    venues: tuple[VenueSettings, ...] = ()

    @property
    def active_venues(self) -> tuple[VenueSettings, ...]:
        """The venues that run, in the order of the file."""
        return tuple(venue for venue in self.venues if venue.enabled)

    @property
    def simulated_assets(self) -> tuple[str, ...]:
        """The base assets that the embedded exchanges must list, each once."""
        symbols = (
            symbol for venue in self.active_venues if venue.embedded for symbol in venue.symbols
        )
        bases = dict.fromkeys(parse_symbol(symbol).base for symbol in symbols)
        return self.simulator.assets or tuple(bases)
