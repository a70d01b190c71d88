"""One line of progress on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Self


class Progress:
    """Shows how many records are done; use it as a context manager, which removes the line."""

    def __init__(self) -> None:
        self._shown = False
        self._visible = sys.stderr is not None and sys.stderr.isatty()

    @property
    def told(self) -> Callable[[int], None] | None:
        """What the work may call with the number of records done; None where nobody looks."""
        return self._tell if self._visible else None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _tell(self, count: int) -> None:
        self._shown = True
        print(f"\r{count:,} records", end="", file=sys.stderr, flush=True)
