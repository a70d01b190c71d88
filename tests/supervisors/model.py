"""The rules of supervision as a model: what one supervisor's children are after each operation.

It knows no tasks, scopes or mailboxes; it says what the runtime must have come to when it has
settled: which child is in which state, how many lives each has begun, in which order lives began,
and what is left of each budget.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SAME_CAUSE_S = 1.0


@dataclass
class Child:
    """One child of the model."""

    name: str
    restart: str
    state: str = "running"
    finished: bool = False
    fresh: bool = True  # it has had no end yet
    lives: int = 0
    crashes: list[float] = field(default_factory=list)

    @property
    def running(self) -> bool:
        return self.state == "running"


@dataclass
class Model:
    """One supervisor that is quarantined when it gives up.

    Args:
        strategy: as in its spec.
        children: in start order.
        child_budget, cause_budget, window_s: what is tolerated.
    """

    strategy: str
    children: list[Child]
    child_budget: int
    cause_budget: int
    window_s: float
    state: str = "running"
    causes: list[float] = field(default_factory=list)
    counted: dict[str, float] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for child in self.children:
            self._begin(child)

    def find(self, name: str) -> Child | None:
        """The child of this name."""
        return next((child for child in self.children if child.name == name), None)

    # -- operations: each returns whether it is to be accepted -----------------------------------

    def end(self, name: str, how: str, now_s: float) -> bool:
        """A life ends: by a `crash`, an `outage`, an error that says `never`, or `normal`."""
        child = self.find(name)
        if child is None or not child.running or self.state != "running":
            return False
        child.fresh = False
        if how == "never":
            child.state = "quarantined"
        elif child.restart == "temporary" or (child.restart == "transient" and how == "normal"):
            child.state, child.finished = "stopped", True
            if self.strategy == "dynamic":
                self.children.remove(child)
        elif how == "outage" or self._afford(child, how, now_s):
            self._restart_from(child)
        else:
            self._give_up()
        return True

    def terminate(self, name: str) -> bool:
        """Stop a child on purpose."""
        child = self.find(name)
        if child is None or self.state != "running":
            return False
        child.finished = False
        child.state, child.fresh = "stopped", child.fresh and not child.running
        if self.strategy == "dynamic":
            self.children.remove(child)
        return True

    def restart(self, name: str) -> bool:
        """Restart a child, running or not, with whoever depends on it."""
        child = self.find(name)
        if child is None or self.state != "running":
            return False
        self._refresh(child)
        self._restart_from(child, wanted=child)
        return True

    def restart_child(self, name: str) -> bool:
        """Start again what is down, alone."""
        child = self.find(name)
        if child is None or self.state != "running" or child.running:
            return False
        self._refresh(child)
        self._begin(child)
        return True

    def delete(self, name: str) -> bool:
        """Take out what is down."""
        child = self.find(name)
        if child is None or self.state != "running" or child.running:
            return False
        self.children.remove(child)
        return True

    def add(self, name: str, restart: str) -> bool:
        """Start a new child at the end."""
        if self.find(name) is not None or self.state != "running":
            return False
        child = Child(name, restart)
        self.children.append(child)
        self._begin(child)
        return True

    def restart_all(self) -> bool:
        """The supervisor itself is restarted from outside."""
        self.state = "running"
        self.causes.clear()
        self.counted.clear()
        for child in self.children:
            self._refresh(child)
            self._begin(child)
        return True

    # -- rules -----------------------------------------------------------------------------------

    def spent(self, times: list[float], now_s: float) -> int:
        """How many lie within the window."""
        return sum(at_s > now_s - self.window_s for at_s in times)

    def crashes(self, child: Child, now_s: float) -> int:
        """What a child's row tells: beyond one too many nobody counts."""
        return min(self.spent(child.crashes, now_s), self.child_budget + 1)

    def _afford(self, child: Child, how: str, now_s: float) -> bool:
        child.crashes.append(now_s)
        if self.spent(child.crashes, now_s) <= self.child_budget:
            return True
        cause = how if how == "crash" else child.name
        if now_s - self.counted.get(cause, float("-inf")) < SAME_CAUSE_S:
            return True
        self.counted[cause] = now_s
        self.causes.append(now_s)
        return self.spent(self.causes, now_s) <= self.cause_budget

    def _restart_from(self, child: Child, wanted: Child | None = None) -> None:
        """Restart a child and whoever the strategy says depends on it, in start order."""
        first = self.children.index(child)
        affected = [child]
        if self.strategy == "rest_for_one":
            affected = self.children[first:]
        elif self.strategy == "one_for_all":
            affected = list(self.children)
        for one in affected:
            was_running = one.running
            if one.restart == "temporary" and one is not wanted:
                if was_running:
                    one.state, one.fresh = "stopped", False
                continue
            if one.finished:
                self._refresh(one)
            elif not was_running and one is not wanted:
                continue
            one.fresh = False
            self._begin(one)

    def _refresh(self, child: Child) -> None:
        child.finished = False
        child.crashes.clear()

    def _begin(self, child: Child) -> None:
        child.state = "running"
        child.lives += 1
        self.started.append(child.name)

    def _give_up(self) -> None:
        self.state = "quarantined"
        for child in self.children:
            if child.running:
                child.state = "stopped"
