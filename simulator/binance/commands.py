"""The JSON commands of a stream connection and their acknowledgements.

Errors come as the documents print them (the bare object) while the request id is unknown, and
as clients see them (inside `error`, with the id) once it is known.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from simulator.protocol import Connection
from simulator.venue import Venue

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_TEXT_ID = re.compile(r"[0-9A-Za-z_-]{1,36}")
MAX_STREAM_NAME = 200
"""Longer names are refused; the longest real one has some 40 characters."""


class CommandError(Exception):
    """A command the venue refuses."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def answer(venue: Venue, connection: Connection, text: str) -> bytes:
    """Carry out one command and write its acknowledgement."""
    request_id: Any = None
    known = False
    try:
        command = _command(text)
        request_id = _request_id(command)
        known = "id" in command
        result = _carry_out(venue, connection, command)
    except CommandError as error:
        what = {"code": error.code, "msg": error.text}
        return orjson.dumps({"error": what, "id": request_id} if known else what)
    return orjson.dumps({"result": result, "id": request_id})


def refusal(text: str) -> bytes:
    """Refuse one command, whatever it asks."""
    try:
        request_id = _request_id(_command(text))
    except CommandError:
        request_id = None
    return orjson.dumps({"error": {"code": 0, "msg": "Unknown error."}, "id": request_id})


def _command(text: str) -> dict[str, Any]:
    try:
        command = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"at line {error.lineno} column {error.colno}"
        raise CommandError(3, f"Invalid JSON: expected value {place}") from error
    if not isinstance(command, dict):
        raise CommandError(2, "Invalid request: expected an object at line 1 column 1")
    column = len(text)
    if "method" not in command:
        raise CommandError(2, f"Invalid request: missing field `method` at line 1 column {column}")
    if command["method"] not in METHODS:
        names = ", ".join(f"`{name}`" for name in METHODS)
        raise CommandError(
            2,
            f"Invalid request: unknown variant {command['method']}, expected one of {names} "
            f"at line 1 column {text.find(str(command['method'])) + len(str(command['method']))}",
        )
    return command


def _request_id(command: dict[str, Any]) -> Any:
    request_id: Any = command.get("id")
    whole = isinstance(request_id, int) and not isinstance(request_id, bool)
    if whole and -(2**63) <= request_id < 2**63:
        return request_id
    if request_id is None or (isinstance(request_id, str) and _TEXT_ID.fullmatch(request_id)):
        return request_id
    command.pop("id")
    raise CommandError(
        2,
        "Invalid request: request ID must be a signed 64-bit integer, an alphanumeric string of "
        "at most 36 characters, or null",
    )


def _carry_out(venue: Venue, connection: Connection, command: dict[str, Any]) -> Any:
    method, params = command["method"], command.get("params")
    if method == "LIST_SUBSCRIPTIONS":
        return list(connection.streams)
    if not isinstance(params, list) or not params:
        raise CommandError(2, "Invalid request: params must be a non-empty array")
    if method in ("SET_PROPERTY", "GET_PROPERTY"):
        return _property(connection, method, params)
    for name in params:
        if not isinstance(name, str) or not name or len(name) > MAX_STREAM_NAME:
            raise CommandError(2, "Invalid request: invalid stream")
    if method == "UNSUBSCRIBE":
        for name in params:
            venue.unsubscribe(connection, name)
        return None
    added = sum(1 for name in dict.fromkeys(params) if name not in connection.streams)
    limit = venue.rules.streams_per_connection
    if len(connection.streams) + added > limit:
        raise CommandError(2, f"Invalid request: more than {limit} streams on one connection")
    for name in params:
        venue.subscribe(connection, name)
    return None


def _property(connection: Connection, method: str, params: list[Any]) -> Any:
    if not isinstance(params[0], str):
        raise CommandError(2, "Invalid request: property name must be a string")
    if params[0] != "combined":
        raise CommandError(0, "Unknown property")
    if len(params) != (2 if method == "SET_PROPERTY" else 1):
        raise CommandError(2, "Invalid request: wrong number of parameters")
    if method == "GET_PROPERTY":
        return connection.combined
    if not isinstance(params[1], bool):
        raise CommandError(1, "Invalid value type: expected Boolean")
    connection.combined = params[1]
    return None
