"""Where a task waits: its await frames, innermost first, those of the event loop left out."""

from __future__ import annotations

from pathlib import Path

import trio

MAX_FRAMES = 32  # of one task; deeper is recursion
MAX_TASKS = 64  # of one actor


def await_frames(task: trio.lowlevel.Task | None) -> list[str]:
    """Return one line per frame, `function file:line`, of this task and of those below it."""
    lines: list[str] = []
    waiting = [task] if task is not None else []
    seen = 0
    while waiting and seen < MAX_TASKS:
        seen += 1
        current = waiting.pop(0)
        frames = list(current.iter_await_frames())[-MAX_FRAMES:]
        for frame, line in reversed(frames):
            if str(frame.f_globals.get("__name__", "")).startswith("trio."):
                continue
            code = frame.f_code
            lines.append(f"{code.co_qualname} {Path(code.co_filename).name}:{line}")
        for nursery in current.child_nurseries:
            # A set of tasks has no order of its own; names make the report readable.
            waiting.extend(sorted(nursery.child_tasks, key=lambda child: child.name))
    return lines
