"""Requests as plain data: a pure room says what to send, an actor sends it."""

from __future__ import annotations

from msgspec import Struct


class RestRequest(Struct, frozen=True):
    """One HTTP request to a venue: `path` below its REST address, `weight` against its budget."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    weight: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query as they stand on the request line."""
        if not self.query:
            return self.path
        return self.path + "?" + "&".join(f"{name}={value}" for name, value in self.query)


class ConnectionPlan(Struct, frozen=True):
    """One websocket connection a venue needs: where to dial and which streams it carries.

    `headers` go into the upgrade request.
    """

    name: str
    url: str
    streams: tuple[str, ...]
    symbols: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()
