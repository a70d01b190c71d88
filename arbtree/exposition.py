"""Figures as text in Prometheus' exposition format, version 0.0.4.

A family of samples has a name with its base unit, a kind, and a sentence of help; its samples
differ by labels.  Counters never run backwards here: an actor's own counts begin anew with each of
its lives, so what they lose is added to all that follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import inf, isnan
from typing import Literal

MOST_SAMPLES = 20_000
"""Samples of one family; the paths of the largest tree stay below it.  The rest is counted."""

DROPPED = "arbtree_metrics_samples_dropped"

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")

Labels = Mapping[str, str]


class Counters:
    """What counters have shown so far: lives for the run, unlike what is counted."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[float, float]] = {}

    def upward(self, key: str, value: float) -> float:
        """The value to show for what now counts this: never less than before.

        Args:
            key: the sample's name and labels as they stand in the text.
            value: what is counted now.
        """
        lost, last = self._shown.get(key, (0.0, 0.0))
        if value < last:
            lost += last  # it began anew at 0
        self._shown[key] = (lost, value)
        return lost + value


class Exposition:
    """One text, family by family.

    Args:
        counters: remembers the counters between texts.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._lines: list[str] = []
        self._names: set[str] = set()
        self._labels: dict[tuple[tuple[str, str], ...], str] = {}  # many families share theirs
        self._dropped = 0

    def gauge(self, name: str, help_: str, samples: Iterable[tuple[Labels, float | None]]) -> None:
        """Add a family that goes up and down; a sample of None is left out."""
        self._family(name, "gauge", help_, samples)

    def counter(
        self, name: str, help_: str, samples: Iterable[tuple[Labels, float | None]]
    ) -> None:
        """Add a family that only goes up; its name ends with `_total`."""
        self._family(name, "counter", help_, samples)

    def text(self) -> bytes:
        """The whole text."""
        self.gauge(
            DROPPED, "Samples left out of this text by its size limit.", [({}, self._dropped)]
        )
        return ("\n".join(self._lines) + "\n").encode()

    def _family(
        self,
        name: str,
        kind: Literal["gauge", "counter"],
        help_: str,
        samples: Iterable[tuple[Labels, float | None]],
    ) -> None:
        if not _NAME.match(name) or name in self._names:
            raise ValueError(f"{name!r} is no name of a new family")
        if (kind == "counter") is not name.endswith("_total"):
            raise ValueError(f"{name!r}: a counter ends with _total, and nothing else does")
        self._names.add(name)
        self._lines += [f"# HELP {name} {_help(help_)}", f"# TYPE {name} {kind}"]
        count = 0
        for labels, value in samples:
            if value is None:
                continue
            count += 1
            if count > MOST_SAMPLES:
                self._dropped += 1
                continue
            key = name + self._label(tuple(labels.items()))
            if kind == "counter":
                value = self._counters.upward(key, value)
            self._lines.append(f"{key} {_number(value)}")

    def _label(self, labels: tuple[tuple[str, str], ...]) -> str:
        text = self._labels.get(labels)
        if text is None:
            pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
            text = self._labels[labels] = f"{{{pairs}}}" if labels else ""
        return text


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if type(value) is int:
        return str(value)
    if isnan(value):
        return "NaN"
    if value in (inf, -inf):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
