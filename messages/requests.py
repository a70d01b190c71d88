"""Requests as plain data: a pure room says what to send, an actor sends it."""

from __future__ import annotations

from msgspec import Struct


class RestRequest(Struct, frozen=True):
    """One HTTP request to a venue: `path` below its REST address, `weight` against its budget.

    `priority` overtakes waiting requests and may use what is reserved: for cancels and hedges.
    `template` stands for the path where that names an order or another thing that comes and
    goes (`/orders/{id}`), so that all such requests are one endpoint.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    weight: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    priority: bool = False
    template: str = ""

    @property
    def endpoint(self) -> str:
        """Method and path: what limits, breakers and error texts name."""
        return f"{self.method} {self.template or self.path}"

    def __repr__(self) -> str:
        """Show neither query, headers nor body: they may hold keys and signatures."""
        return f"RestRequest({self.endpoint}, weight {self.weight})"

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
