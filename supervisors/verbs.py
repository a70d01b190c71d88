"""What the inspector can tell of any tree and do to it: one function for each verb.

Reading never waits and changes nothing.  A control verb is carried out by the supervisor; the
reply comes when it is done, or says that it goes on when that takes longer than a client waits.
"""

from __future__ import annotations

import resource
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

from actors.runtime.faults import RuntimeFault, UnknownPath
from actors.runtime.requests import Request
from supervisors.child import ActorRecord, Record
from supervisors.frames import await_frames
from supervisors.protocol import Ask, Refused
from supervisors.rows import alive_frames, rows_below
from supervisors.runtime import Runtime
from supervisors.supervisor import Supervisor
from supervisors.waits import cycles, waits

Read = Callable[[Runtime, Ask], object]
"""Tells something; synchronous."""

Control = Callable[[Runtime, Ask], Awaitable[object]]
"""Does something and waits for the outcome."""

CARRIED_OUT_WITHIN_S = 10.0
"""A client hears by then that its request goes on; a start may take as long as its limit."""

RECENT_EVENTS = 20
"""Events of one actor that `actor` tells."""


def tell_tree(runtime: Runtime, ask: Ask) -> object:
    """Every row of the tree, or of what is below `path`."""
    return {"rows": rows_below(_record(runtime, ask.path), trio.current_time())}


def tell_actor(runtime: Runtime, ask: Ask) -> object:
    """One row with everything about it: summary, frames, its last events."""
    record = _record(runtime, ask.path)
    recent = [event for event in runtime.events.since() if event.path == record.path]
    life = record.life if isinstance(record, ActorRecord) else None
    return {
        "row": rows_below(record, trio.current_time())[0],
        "summary": runtime.summary(record.path) if life is not None else {},
        "frames": await_frames(life.task) if life is not None else [],
        "events": recent[-RECENT_EVENTS:],
    }


def tell_children(runtime: Runtime, ask: Ask) -> object:
    """The rows of a supervisor's own children, and how many are in which state."""
    record = _record(runtime, ask.path)
    if not isinstance(record, Supervisor):
        raise Refused("refused", f"{record.path} is an actor: only a supervisor has children")
    now_s = trio.current_time()
    rows = [rows_below(child, now_s)[0] for child in record.children]
    states = [row.state for row in rows]
    return {"rows": rows, "states": {state: states.count(state) for state in sorted(set(states))}}


def tell_events(runtime: Runtime, ask: Ask) -> object:
    """The events after `since`, oldest first, at most `limit`; `lost` are no longer kept."""
    kept = runtime.events.since(ask.since)
    first = kept[0].sequence if kept else runtime.events.sequence + 1
    return {
        "events": kept[: ask.limit],
        "lost": max(0, first - ask.since - 1),
        "sequence": runtime.events.sequence,
        "counts": runtime.events.counts,
    }


def tell_stacks(runtime: Runtime, ask: Ask) -> object:
    """Where every living actor waits, or those below `path`."""
    return {"frames": alive_frames(_record(runtime, ask.path))}


def tell_dead_letters(runtime: Runtime, ask: Ask) -> object:
    """The last messages that mailboxes lost, newest last; all are counted."""
    kept = runtime.dead_letters.since()[-ask.limit :]
    letters = [
        {"path": letter.path, "reason": letter.reason, "message": f"{letter.message!r:.500}"}
        for letter in kept
    ]
    return {"letters": letters, "count": runtime.dead_letters.count}


def tell_loop(runtime: Runtime, ask: Ask) -> object:
    """The event loop, how late it answers, and the process."""
    loop = trio.lowlevel.current_statistics()
    used = resource.getrusage(resource.RUSAGE_SELF)
    capsules = runtime.options.capsules
    return {
        "tasks": loop.tasks_living,
        "tasks_runnable": loop.tasks_runnable,
        "next_deadline_s": loop.seconds_to_next_deadline,
        "queued_calls": loop.run_sync_soon_queue_size,
        "lag": runtime.watchdog.lag() if runtime.watchdog is not None else None,
        "lives": runtime.lives,
        "stopping": runtime.stopping,
        "cpu_user_s": used.ru_utime,
        "cpu_system_s": used.ru_stime,
        "peak_resident_kb": used.ru_maxrss,
        "events": runtime.events.sequence,
        "capsules": capsules.counts() if capsules is not None else None,
    }


def tell_waits(runtime: Runtime, ask: Ask) -> object:
    """Who waits for whose answer, and the circles in which nobody can be answered."""
    edges = waits(runtime.registry.refs(), trio.current_time())
    return {"waits": edges, "deadlocks": cycles(edges)}


READS: Mapping[str, Read] = {
    "tree": tell_tree,
    "actor": tell_actor,
    "children": tell_children,
    "events": tell_events,
    "stacks": tell_stacks,
    "deadletters": tell_dead_letters,
    "loop": tell_loop,
    "waits": tell_waits,
}
"""What every engine tells."""


async def restart(runtime: Runtime, ask: Ask) -> object:
    """Stop what runs there and start it anew; lifts a quarantine."""
    return await _carried_out(runtime, ask, runtime.restart)


async def stop(runtime: Runtime, ask: Ask) -> object:
    """Stop a child in order; `restart` brings it back, where it is not of the dynamic kind."""
    return await _carried_out(runtime, ask, runtime.terminate_child)


async def suspend(runtime: Runtime, ask: Ask) -> object:
    """Let an actor take no messages until it is resumed; they wait in its mailbox."""
    return await _at_once(runtime, ask, runtime.suspend)


async def resume(runtime: Runtime, ask: Ask) -> object:
    """Let a suspended actor go on with what has waited."""
    return await _at_once(runtime, ask, runtime.resume)


CONTROLS: Mapping[str, Control] = {
    "restart": restart,
    "stop": stop,
    "suspend": suspend,
    "resume": resume,
}
"""What every engine does when control is on."""


async def _carried_out(
    runtime: Runtime, ask: Ask, call: Callable[[str], Request]
) -> dict[str, Any]:
    """Ask the supervisor, wait for the outcome as long as a client may."""
    record = _named(runtime, ask.path)
    try:
        request = call(record.path)
        with trio.move_on_after(CARRIED_OUT_WITHIN_S):
            await request.wait()
    except RuntimeFault as error:
        raise Refused("refused", error.text) from error
    return _outcome(record, done=request.done)


async def _at_once(runtime: Runtime, ask: Ask, call: Callable[[str], None]) -> dict[str, Any]:
    """Do what needs no waiting."""
    record = _named(runtime, ask.path)
    try:
        call(record.path)
    except RuntimeFault as error:
        raise Refused("refused", error.text) from error
    await trio.lowlevel.checkpoint()
    return _outcome(record, done=True)


def _outcome(record: Record, *, done: bool) -> dict[str, Any]:
    return {
        "path": record.path,
        "done": done,
        "state": record.state,
        "generation": record.generation,
    }


def _record(runtime: Runtime, path: str) -> Record:
    """What is under a path; the root for none."""
    return _named(runtime, path) if path else runtime.root


def _named(runtime: Runtime, path: str) -> Record:
    if not path:
        raise Refused("bad_request", "this verb wants a path")
    try:
        return runtime.registry.record(path)
    except UnknownPath as error:
        raise Refused("unknown_path", error.text) from error
