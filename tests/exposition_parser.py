"""A strict reader of Prometheus' text format 0.0.4, written from its document, for tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEAD = re.compile(r"# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)\Z")
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)\Z")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\})')
_VALUE = re.compile(r"(?:NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\Z")

Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    """One family: its kind, help and samples by labels."""

    kind: str = ""
    help: str = ""
    samples: dict[Labels, float] = field(default_factory=dict)


def parse(text: bytes) -> dict[str, Family]:
    """Read a whole text; ValueError for everything the format does not allow."""
    decoded = text.decode("utf-8")
    if not decoded.endswith("\n") or "\r" in decoded:
        raise ValueError("every line ends with one line feed")
    families: dict[str, Family] = {}
    current = ""
    for line in decoded[:-1].split("\n"):
        if line.startswith("#"):
            head = _HEAD.match(line)
            if head is None:
                raise ValueError(f"no head: {line!r}")
            what, name, rest = head.groups()
            if what == "HELP":
                if name in families:
                    raise ValueError(f"{name} begins twice")
                families[name] = Family(help=rest)
                current = name
            elif name != current or families[name].kind or families[name].samples:
                raise ValueError(f"TYPE of {name} is out of place")
            elif rest not in ("counter", "gauge"):
                raise ValueError(f"{name} has kind {rest!r}")
            else:
                families[name].kind = rest
            continue
        name, labels, value = _sample(line)
        if name != current or not families[name].kind:
            raise ValueError(f"a sample of {name} stands in {current}")
        if labels in families[name].samples:
            raise ValueError(f"{name}{labels} stands twice")
        families[name].samples[labels] = value
    return families


def _sample(line: str) -> tuple[str, Labels, float]:
    found = _SAMPLE.match(line)
    if found is None or not _VALUE.match(found[3]):
        raise ValueError(f"no sample: {line!r}")
    labels: list[tuple[str, str]] = []
    rest = (found[2] or "{}")[1:]
    while rest != "}" and rest:
        label = _LABEL.match(rest)
        if label is None:
            raise ValueError(f"labels of {line!r}")
        value = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], label[2])
        labels.append((label[1], value))
        rest = rest[label.end() :]
        if label[3] == "}":
            break
    if rest not in ("", "}") or len({name for name, _ in labels}) != len(labels):
        raise ValueError(f"labels of {line!r}")
    return found[1], tuple(sorted(labels)), float(found[3].replace("Inf", "inf"))
