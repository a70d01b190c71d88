"""What an engine is held to, whatever breaks: one checker for each promise.

Each keeps its own books of what happened and shares no code with what it judges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import trio

from arbtree.chaos.history import DETECTOR, BookPaths, Checker
from arbtree.engine import Engine
from config.settings import Settings
from messages import errors
from messages.books import BookDark, BookTop, FeedOpened
from messages.errors import ArbtreeError, RetryKind
from messages.market import BookDelta
from messages.opportunities import Evidence, OpportunityClosed, OpportunityOpened
from simulator.world import World
from supervisors.events import LifecycleEvent

NS_PER_MS = 1_000_000
SLACK = 1e-6
"""Sums of floats: numbers that differ by less are one."""
KILL_WAIT_S, BLOCKED_S = 1.0, 3.0
"""What an end may take beyond its grace: a killed task's last trips, a loop that is blocked."""
SINGLE_ACTORS = ("detector", "snapshots", "auditor")
"""Actors beside books and connections; a supervisor ends when all that is below has ended."""


class ConservationChecker(Checker):
    """Reads every mailbox's counters."""

    name = "conservation"
    sentence = "Every mailbox accepted what it handled, holds and counts as lost."

    def look(self, engine: Engine) -> None:
        """Compare the counters of all mailboxes now."""
        for row in engine.runtime.rows():
            if row.mailbox is not None:
                self.looked_at += 1
                if not row.mailbox.conserved:
                    self.violate(f"{row.path}: {row.mailbox}")


class DecisionChecker(Checker):
    """Knows of each book the latest news, and of each event when it came.

    Args:
        settings: what the detector may decide on.
        silent_s: for how long a connection, by its path, has brought not a byte, in seconds.
    """

    name = "decisions"
    sentence = "Nothing is decided or kept on a dark or stale book, or on a price it does not show."

    def __init__(self, settings: Settings, silent_s: Callable[[str], float]) -> None:
        super().__init__()
        self._limits = settings.detector
        self._silent_s = silent_s
        self._paths = BookPaths()
        self._engine: Engine | None = None
        self._news: dict[str, BookTop | None] = {}
        self._epochs: dict[str, int] = {}
        self._waiting: dict[str, deque[tuple[int, int]]] = {}
        self._open: dict[int, tuple[str, str]] = {}
        self._suspects: set[int] = set()

    def attach(self, engine: Engine) -> None:
        """Look at the epochs of this engine's connections."""
        self._engine = engine

    def opened(self, book: str, message: FeedOpened) -> None:
        """A new feed."""
        self._epochs[book] = message.epoch
        self._waiting[book] = deque()

    def delta(self, book: str, message: BookDelta) -> None:
        """An event waits until a top shows that it was applied."""
        if message.epoch == self._epochs.get(book):
            self._waiting[book].append((message.last_id, message.received_ns))

    def top(self, book: str, message: BookTop) -> None:
        """The book is live, and as new as this."""
        self._news[book] = message
        waiting = self._waiting.get(book)
        while waiting and waiting[0][0] <= message.sequence:
            waiting.popleft()

    def dark(self, book: str, message: BookDark) -> None:
        """The book is dark."""
        self._news[book] = None

    def opportunity(self, fact: OpportunityOpened) -> None:
        """Judge both legs in the moment of the decision."""
        self.looked_at += 1
        self._judge(fact.buy, fact.decided_ns, buying=True)
        self._judge(fact.sell, fact.decided_ns, buying=False)
        if fact.sell.price <= fact.buy.price and fact.gross_bps > 0:
            self.violate(f"opportunity {fact.opportunity_id} gains {fact.gross_bps} on no edge")

        legs = [self._paths.of(leg.instrument.venue, leg.instrument.symbol)
                for leg in (fact.buy, fact.sell)]  # fmt: skip
        self._open[fact.opportunity_id] = legs[0], legs[1]

    def closed(self, fact: OpportunityClosed) -> None:
        """An opportunity is over."""
        self._open.pop(fact.opportunity_id, None)

    def state(self, path: str, state: str, generation: int) -> None:
        """A detector that begins anew knows of no opportunity."""
        if path == DETECTOR and state == "starting":
            self._open.clear()

    def look(self, engine: Engine) -> None:
        """Name what stays open on a dark leg; twice seen, as the detector may be about to act."""
        if not engine.runtime.lookup(DETECTOR).running:
            self._suspects.clear()
            return
        seen = self._suspects
        self._suspects = set()
        for number, legs in tuple(self._open.items()):
            self.looked_at += 1
            dark = [book for book in legs if self._is_dark(book, engine)]
            if dark and number in seen:
                self.violate(f"opportunity {number} stays open although {dark[0]} is dark")
                del self._open[number]
            elif dark:
                self._suspects.add(number)

    def _is_dark(self, book: str, engine: Engine) -> bool:
        top = self._news.get(book)
        return top is None or engine.runtime.lookup(top.connection).generation != top.epoch

    def _judge(self, leg: Evidence, at_ns: int, *, buying: bool) -> None:
        book = self._paths.of(leg.instrument.venue, leg.instrument.symbol)
        top = self._news.get(book)
        if top is None:
            self.violate(f"{book} was dark when it was decided on")
            return
        if (top.epoch, top.sequence) != (leg.epoch, leg.sequence):
            self.violate(f"{book} had moved on to {top.sequence}, decided on {leg.sequence}")
        elif leg.price != (top.asks if buying else top.bids)[0][0]:
            self.violate(f"{book} shows another price than {leg.price}")
        if self._engine is not None:
            epoch = self._engine.runtime.lookup(top.connection).generation
            if epoch != leg.epoch:
                self.violate(f"{book}: epoch {leg.epoch} was over, {epoch} is the connection's")
        if leg.proof_age_ms > self._limits.proof_age_ms:
            self.violate(f"{book}: its proof was {leg.proof_age_ms} ms old")
        # Whatever proof the engine thinks to have: what brings no bytes brings none.
        silent_ms = self._silent_s(top.connection) * 1e3
        if silent_ms > self._limits.proof_age_ms + SLACK:
            self.violate(f"{book}: its connection had been silent for {silent_ms:.0f} ms")
        lag_ms = self._limits.lag_ms
        if lag_ms is not None and leg.lag_ms is not None and leg.lag_ms > lag_ms:
            self.violate(f"{book}: it lagged {leg.lag_ms} ms")
        waiting = self._waiting.get(book)
        if waiting:
            behind_ms = (at_ns - waiting[0][1]) / NS_PER_MS
            if behind_ms > self._limits.proof_age_ms:
                self.violate(f"{book}: an event has waited for {behind_ms:.0f} ms to be applied")


class _Spent:
    """Crashes of one path within a window."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()

    def add(self, now_s: float) -> None:
        self.times.append(now_s)

    def within(self, now_s: float, window_s: float) -> int:
        while self.times and self.times[0] <= now_s - window_s:
            self.times.popleft()
        return len(self.times)


class BudgetChecker(Checker):
    """Counts crashes and starts by itself."""

    name = "budgets"
    sentence = "Budgets and reconnect limits are kept, and each quarantine was due."

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._rules = settings.supervision
        self._crashes: dict[str, _Spent] = {}
        self._after_outage: set[str] = set()
        self._places: dict[str, tuple[float, float]] = {}
        self.quarantines = 0

    def restarted(self, path: str) -> None:
        """An operator restarts this: what was spent is forgotten, below it too."""
        for known in list(self._crashes):
            if known == path or known.startswith(f"{path}/"):
                del self._crashes[known]
        self._after_outage = {
            one for one in self._after_outage if one != path and not one.startswith(f"{path}/")
        }

    def event(self, event: LifecycleEvent) -> None:
        """One line of the event log."""
        now_s = trio.current_time()
        if event.kind == "crash":
            self._crashes.setdefault(event.path, _Spent()).add(now_s)
        elif event.kind == "outage":
            if not event.text.startswith("outage while stopping"):
                self._after_outage.add(event.path)
        elif event.kind == "quarantined":
            self._quarantined(event, now_s)
        elif event.kind == "starting":
            self._starting(event.path, now_s)

    def _quarantined(self, event: LifecycleEvent, now_s: float) -> None:
        self.looked_at += 1
        self.quarantines += 1
        path, rules = event.path, self._rules
        if "gave up" in event.text:
            below = [
                spent.within(now_s, rules.supervisor_window_s)
                for crashed, spent in self._crashes.items()
                if crashed.startswith(f"{path}/")
            ]
            # Each cause but the first few free crashes of a child is one crash at least.
            due = sum(below) > rules.supervisor_causes
        elif "spent its budget" in event.text:
            spent = self._crashes.get(path, _Spent())
            due = spent.within(now_s, rules.child_window_s) > rules.child_crashes
        else:
            due = _says_never(event.text)
        if not due:
            self.violate(f"{path} was quarantined without need: {event.text}")

    def _starting(self, path: str, now_s: float) -> None:
        self.looked_at += 1
        rules = self._rules
        if "/books/" in path or path.endswith("/auditor"):
            spent = self._crashes.get(path)
            if spent is not None and spent.within(now_s, rules.child_window_s) > (
                rules.child_crashes
            ):
                self.violate(f"{path} starts although it has spent its budget")
        if path not in self._after_outage:
            return
        self._after_outage.discard(path)
        venue = "/".join(path.split("/")[:3])
        burst, per_s = rules.reconnect_burst, rules.reconnects_per_s
        places, since_s = self._places.get(venue, (float(burst), now_s))
        places = min(float(burst), places + (now_s - since_s) * per_s) - 1.0
        self._places[venue] = places, now_s
        if places < -SLACK:
            self.violate(f"{venue}: {path} reconnects before the limit has a place for it")


def _says_never(text: str) -> bool:
    """Whether the error that an event names is one that trying again cannot help."""
    for word in text.replace(":", " ").split():
        kind = getattr(errors, word, None)
        if isinstance(kind, type) and issubclass(kind, ArbtreeError):
            return kind.default_retry.kind is RetryKind.NEVER
    return False


class LifeChecker(Checker):
    """Counts lives, what they dial and how long they take to end."""

    name = "lives"
    sentence = "Each life has a generation of its own, dials once and ends within its grace."

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._gone_within_s = settings.supervision.stop_grace_s + KILL_WAIT_S + BLOCKED_S
        self._generations: dict[str, int] = {}
        self._connections: dict[str, int] = {}
        self._ending_since_s: dict[str, float] = {}

    def state(self, path: str, state: str, generation: int) -> None:
        """A life begins with a higher generation than the one before; its end takes no longer."""
        if state == "stopping" and _is_actor(path):
            self._ending_since_s.setdefault(path, trio.current_time())
            return
        self._ending_since_s.pop(path, None)
        if state == "stuck":
            self.violate(f"{path} could not be killed")
        if state != "starting":
            return
        self.looked_at += 1
        before = self._generations.get(path)
        if before is not None and generation <= before:
            self.violate(f"{path} begins as generation {generation} after {before}")
        self._generations[path] = generation
        if "/connections/" in path:
            venue = path.split("/")[2]
            self._connections[venue] = self._connections.get(venue, 0) + 1

    def look(self) -> None:
        """Name who does not come to an end."""
        now_s = trio.current_time()
        for path, since_s in tuple(self._ending_since_s.items()):
            if now_s - since_s > self._gone_within_s:
                self.violate(f"{path} has been ending for {now_s - since_s:.1f} s")
                del self._ending_since_s[path]

    def compare(self, world: World, engine: Engine) -> None:
        """Compare with what the venues saw, while all is well."""
        alive = [row.path for row in engine.runtime.rows() if "/connections/" in row.path]
        for name, venue in world.venues.items():
            self.looked_at += 1
            lives, upgrades = self._connections.get(name, 0), venue.meter.upgrades
            if upgrades > lives:
                self.violate(f"{name} was connected to {upgrades} times in {lives} lives")
            actors = sum(path.split("/")[2] == name for path in alive)
            if len(venue.connections) > actors:
                self.violate(f"{name} has {len(venue.connections)} connections of {actors} actors")


def _is_actor(path: str) -> bool:
    return path.count("/") > 3 or path.rpartition("/")[2] in SINGLE_ACTORS


class LivenessChecker(Checker):
    """Judged once, after the heal."""

    name = "liveness"
    sentence = "After the heal every actor runs and every book is live within the bound."


class StopChecker(Checker):
    """Judged once, at the end."""

    name = "stop"
    sentence = "The engine ends as expected, within its deadline, and leaves no task."
