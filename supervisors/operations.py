"""Carrying out what actors and operators asked of the tree, and saying how it went."""

from __future__ import annotations

from actors.runtime.faults import BadRequest
from actors.runtime.requests import Request
from supervisors.child import Record
from supervisors.supervisor import Supervisor


async def await_start(record: Record, request: Request) -> None:
    """Finish a request when the child's start came to something."""
    try:
        await record.settled.wait()
        if record.state == "running":
            request.finish()
        else:
            why = record.last_exit.reason if record.last_exit is not None else "not started"
            request.finish(BadRequest(f"{record.path} is {record.state}: {why}"))
    finally:
        request.finish(BadRequest(f"{record.path}: the tree stopped first"))


async def terminate(record: Record, above: Supervisor, request: Request) -> None:
    """Stop a child, and forget it where children come and go."""
    try:
        if not record.wanted:
            await record.stop("terminated")
        if record.wanted:
            request.finish(BadRequest(f"{record.path} was wanted again meanwhile"))
            return
        if record.alive:
            request.finish(BadRequest(f"{record.path} does not go: it is {record.state}"))
            return
        record.set_state("stopped")
        record.settled.set()
        above.forget(record)
        request.finish()
    finally:
        request.finish(BadRequest(f"{record.path}: the tree stopped first"))
