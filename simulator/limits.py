"""Request weights, bans, and the meter that tests and reports read.

Windows are aligned to the venue's clock, not sliding.  Above the limit a request is refused
with 429 until the window ends; who keeps asking is banned with 418, each time for longer.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct, field

WINDOW_MS = 60_000
"""The usual window: weights count per minute of the venue's clock."""
IGNORED_BEFORE_BAN = 10
"""Requests sent against a 429 before the ban; the venues name no number."""
FIRST_BAN_MS = 120_000
"""The documented shortest ban: two minutes."""
LONGEST_BAN_MS = 3 * 24 * 3_600_000
"""The documented longest ban: three days."""
BAN_GROWTH = 4
"""Each further ban is so many times longer; the venues only say that it grows."""
WINDOWS_KEPT = 60
"""Windows of usage a budget remembers."""
CONNECTS_WINDOW_MS = 300_000
CONNECTS_PER_WINDOW = 300
"""Documented for spot streams: 300 connection attempts in five minutes per address."""


class Refusal(Struct, frozen=True):
    """Why a request is not served: HTTP status, seconds to wait, the end of a ban (0: none)."""

    status: int
    retry_after_s: int
    banned_until_ms: int = 0


class Window(Struct):
    """What one minute used of a weight pool."""

    start_ms: int
    used: int = 0
    requests: int = 0
    refused: int = 0


class WeightPool:
    """One budget of request weight of one address, per aligned window.

    Args:
        limit: weight a window allows.
        window_ms: how long a window is.
        bans: whether asking on during a refusal leads to a ban.
    """

    def __init__(self, limit: int, window_ms: int = WINDOW_MS, bans: bool = True) -> None:
        self.limit = limit
        self.window_ms = window_ms
        self._may_ban = bans
        self.windows: deque[Window] = deque(maxlen=WINDOWS_KEPT)
        self.banned_until_ms = 0
        self.bans = 0
        self._ignored = 0

    def window(self, now_ms: int) -> Window:
        """The window of that moment."""
        start_ms = now_ms // self.window_ms * self.window_ms
        if not self.windows or self.windows[-1].start_ms != start_ms:
            self.windows.append(Window(start_ms))
            self._ignored = 0
        return self.windows[-1]

    def spend(self, weight: int, now_ms: int) -> Refusal | None:
        """Take a request's weight, or say why it is refused.

        A refused request spends nothing, but asking again and again during a refusal leads to a
        ban.
        """
        window = self.window(now_ms)
        window.requests += 1
        if now_ms < self.banned_until_ms:
            window.refused += 1
            return Refusal(418, _seconds(self.banned_until_ms - now_ms), self.banned_until_ms)
        if window.used + weight <= self.limit:
            window.used += weight
            return None
        window.refused += 1
        self._ignored += 1
        if self._may_ban and self._ignored > IGNORED_BEFORE_BAN:
            length_ms = min(LONGEST_BAN_MS, FIRST_BAN_MS * BAN_GROWTH**self.bans)
            self.bans += 1
            self._ignored = 0
            self.banned_until_ms = now_ms + length_ms
            return Refusal(418, _seconds(length_ms), self.banned_until_ms)
        return Refusal(429, _seconds(window.start_ms + self.window_ms - now_ms))


def _seconds(duration_ms: int) -> int:
    """Whole seconds, rounded up: `Retry-After` never names a moment too early."""
    return -(-duration_ms // 1000)


class Meter(Struct):
    """What happened at one venue since the start; only ever counts up."""

    dials: int = 0
    dials_refused: int = 0
    upgrades: int = 0
    upgrades_refused: int = 0
    closed: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    commands: int = 0
    peak_frames_in_1s: int = 0
    frames_sent: int = 0
    frames_lost: int = 0
    bytes_sent: int = 0
    connects: deque[int] = field(default_factory=lambda: deque(maxlen=CONNECTS_PER_WINDOW + 1))

    def count_kill(self, reason: str) -> None:
        """Count a connection the venue ended."""
        self.kills[reason] = self.kills.get(reason, 0) + 1

    def count_request(self, path: str) -> None:
        """Count a REST request; callers pass known paths only, so the table stays small."""
        self.requests[path] = self.requests.get(path, 0) + 1

    def count_answer(self, status: int) -> None:
        """Count an HTTP answer."""
        self.answers[status] = self.answers.get(status, 0) + 1

    def may_connect(self, now_ms: int, allowed: int = CONNECTS_PER_WINDOW) -> bool:
        """Count a connection attempt; False when there were too many in five minutes.

        Args:
            allowed: how many are not too many, at most 300; 0 for no limit.
        """
        self.connects.append(now_ms)
        recent = sum(1 for at_ms in self.connects if at_ms > now_ms - CONNECTS_WINDOW_MS)
        return recent <= allowed or not allowed
