"""Which actor the running task belongs to: every task of a life inherits it."""

from __future__ import annotations

from contextvars import ContextVar

current_path: ContextVar[str] = ContextVar("current_path", default="")
"""The path of the actor whose task or child task runs; empty outside actors."""
