"""What chaos came to, as frozen structs: the JSON, the text and the HTML page are made of these.

`ChaosReport` is the root; `msgspec.json.encode` of it is what `arbtree chaos run --json` prints.
Times are seconds of the run's clock since it began unless a name says otherwise.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Phase = Literal["safety", "heal", "liveness", "stop"]


class FaultRecord(Struct, frozen=True):
    """One fault that was carried out, and what followed: a bar of the timeline.

    Args:
        at_s, duration_s: when it struck and how long it lasted by plan; 0: one moment.
        fault: its name in the catalogue, `group` with it.
        target: the tree path it was aimed at.
        dark_after_s: from the strike until the first of the target's books was dark; None where
            none went dark before the next fault at that place was over.
        live_after_s: from the strike, or from its end where it lasts, until every book that it
            darkened was live again; None where that did not happen, or nothing went dark.
    """

    at_s: float
    duration_s: float
    fault: str
    group: str
    target: str
    dark_after_s: float | None
    live_after_s: float | None


class StateChange(Struct, frozen=True):
    """A state that a book or an actor entered: the other lanes of the timeline.

    `kind` is `book` (states `LIVE` and `DARK`) or `actor` (the states of the tree).
    """

    at_s: float
    path: str
    kind: Literal["book", "actor"]
    state: str
    text: str = ""


class Spread(Struct, frozen=True):
    """Middle, 99th percentile and worst of some times in seconds; None where there is none."""

    count: int
    p50_s: float | None
    p99_s: float | None
    worst_s: float | None


class FaultRow(Struct, frozen=True):
    """One row of the recovery table: a kind of fault over all seeds.

    `recovered` counts those after which every book that they darkened was live again, those that
    darkened nothing included; it equals `injected` when all is well.
    """

    fault: str
    group: str
    sentence: str
    injected: int
    darkened: int
    recovered: int
    to_dark: Spread
    to_live: Spread


class Verdict(Struct, frozen=True):
    """What one checker found in one seed, or in all.

    `looked_at` counts what it judged, so that a checker which saw nothing does not look content;
    `violations` are sentences with the time and the place, at most `MAX_VIOLATIONS` of them.
    """

    checker: str
    sentence: str
    looked_at: int
    failed: int
    violations: tuple[str, ...] = ()


MAX_VIOLATIONS = 20
"""Sentences kept of one checker and seed; `failed` counts them all."""


class SeedReport(Struct, frozen=True):
    """One seed.

    Args:
        seed: everything else follows from it, the length and the faults file.
        trace_hash: over every accepted message and change of state, in order.
        venues, books: how large its world was.
        depth_messages: book events and snapshots that reached a book.
        faults: carried out; `fault_kinds` how many kinds they were of.
        expected_exit, exit_code: how the run was to end, and how it did.
        counts: whether it had enough venues, messages and faults to count, and ended live.
        passed: whether no checker found anything.
        verdicts: one per checker.
        records, changes: its timeline; empty unless it was asked for, or failed.
        schedule_size, shrunk_to: faults planned, and left after shrinking; None: not shrunk.
        replay: the command that plays this seed again.
        virtual_s, real_s: how long it was, and took.
    """

    seed: int
    trace_hash: str
    venues: int
    books: int
    depth_messages: int
    faults: int
    fault_kinds: int
    expected_exit: int
    exit_code: int
    counts: bool
    passed: bool
    verdicts: tuple[Verdict, ...]
    records: tuple[FaultRecord, ...]
    changes: tuple[StateChange, ...]
    schedule_size: int
    shrunk_to: int | None
    replay: str
    virtual_s: float
    real_s: float


class ChaosReport(Struct, frozen=True):
    """A whole run of `arbtree chaos`.

    Args:
        kind: `virtual`, or `live` for real sockets.
        version, python, commit, machine, date: what ran, where and when; empty where unknown.
        for_s: length of one seed, or of the live run.
        faults, verdicts: tables over all seeds.
        seeds: each seed; of a live run there is one.
        repeated, unequal: seeds run twice, and those whose two hashes differed.
        passed: no violation, no unequal hash.
        real_s: how long it took.
    """

    kind: Literal["virtual", "live"]
    version: str
    python: str
    commit: str
    machine: str
    date: str
    for_s: float
    faults: tuple[FaultRow, ...]
    verdicts: tuple[Verdict, ...]
    seeds: tuple[SeedReport, ...]
    repeated: int
    unequal: tuple[int, ...]
    passed: bool
    real_s: float
