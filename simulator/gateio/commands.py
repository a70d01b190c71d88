"""Gate's websocket commands: subscribe, unsubscribe, pings, and what is refused.

Error codes: 1 a malformed request, 2 an argument, 3 the server, 4 authentication.  Source: the
sheet `gateio` sections 1.1 and 1.2.
"""

from __future__ import annotations

from typing import Any

import orjson

from simulator.gateio.streams import LISTS, names_of
from simulator.protocol import Connection
from simulator.topics import Kind
from simulator.venue import Venue

TIME_WINDOW_S = 60
"""A command's `time` may be so far from the venue's clock."""
PUBLIC_CHANNELS = (*sorted(LISTS), "candlesticks", "order_book_update", "order_book", "obu")
PRIVATE_CHANNELS = frozenset({"orders", "usertrades", "balances", "positions", "priceorders"})
NO_KEY = '{"label":"INVALID_KEY","message":"Invalid key provided"}\n'
MALFORMED, ARGUMENT, SERVER, AUTHENTICATION = 1, 2, 3, 4


class CommandError(Exception):
    """A command the venue refuses."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def answer(venue: Venue, connection: Connection, text: str, prefix: str) -> bytes:
    """Carry out one command and write its reply.

    Args:
        prefix: the market's first word of every channel.
    """
    now_ms = venue.now_ms()
    try:
        command = orjson.loads(text)
    except orjson.JSONDecodeError:
        command = None
    if not isinstance(command, dict) or not isinstance(command.get("channel"), str):
        return _reply(venue, connection, {}, CommandError(MALFORMED, "invalid request body"))
    if command["channel"] == f"{prefix}.ping":
        return orjson.dumps(
            {
                "time": now_ms // 1000,
                "time_ms": now_ms,
                "channel": f"{prefix}.pong",
                "event": "",
                "error": None,
                "result": None,
            }
        )
    try:
        _carry_out(venue, connection, command, prefix)
    except CommandError as error:
        return _reply(venue, connection, command, error)
    return _reply(venue, connection, command, None)


def refusal(venue: Venue, connection: Connection, text: str) -> bytes:
    """Refuse one command, whatever it asks: the server is in trouble."""
    try:
        command = orjson.loads(text)
    except orjson.JSONDecodeError:
        command = {}
    return _reply(venue, connection, command, CommandError(SERVER, "server error"))


def _reply(
    venue: Venue, connection: Connection, command: dict[str, Any], error: CommandError | None
) -> bytes:
    """The reply: who is speaking, what was asked, and how it went."""
    now_ms = venue.now_ms()
    trace = f"{venue.meter.commands:032x}"
    reply: dict[str, Any] = {"time": now_ms // 1000, "time_ms": now_ms}
    if isinstance(command.get("id"), int):
        reply["id"] = command["id"]
    reply |= {
        "conn_id": f"{connection.number:016x}",
        "trace_id": trace,
        "channel": command.get("channel", ""),
        "event": command.get("event", ""),
    }
    if "payload" in command:
        reply["payload"] = command["payload"]
    if error is None:
        reply["result"] = {"status": "success"}
    else:
        reply["error"] = {"code": error.code, "message": error.text}
        reply["result"] = {"status": "fail"}
    reply["requestId"] = trace
    return orjson.dumps(reply)


def _carry_out(venue: Venue, connection: Connection, command: dict[str, Any], prefix: str) -> None:
    _check_time(command, venue.now_ms() // 1000)
    channel, event = command["channel"], command.get("event")
    if event not in ("subscribe", "unsubscribe"):
        raise CommandError(ARGUMENT, f"unknown event: {event}")
    market, _, what = channel.partition(".")
    if market == prefix and what in PRIVATE_CHANNELS:
        raise CommandError(AUTHENTICATION, NO_KEY)
    if market != prefix or what not in PUBLIC_CHANNELS:
        raise CommandError(ARGUMENT, f"unknown channel: {channel}")
    payload = command.get("payload")
    if not isinstance(payload, list) or not payload:
        raise CommandError(ARGUMENT, "invalid payload")
    if not all(isinstance(part, str) and part and "," not in part for part in payload):
        raise CommandError(ARGUMENT, "invalid payload")
    streams = names_of(channel, payload)
    if event == "unsubscribe":
        for stream in streams:
            venue.unsubscribe(connection, stream)
        return
    _check(venue, connection, streams, prefix)
    for stream in streams:
        venue.subscribe(connection, stream)


def _check_time(command: dict[str, Any], now_s: int) -> None:
    """Refuse a command whose time is missing or not of this minute."""
    at_s = command.get("time")
    if not isinstance(at_s, int | float) or isinstance(at_s, bool):
        raise CommandError(MALFORMED, "invalid request body: time")
    if abs(at_s - now_s) > TIME_WINDOW_S:
        raise CommandError(ARGUMENT, f"time {at_s} is not within 60 seconds of {now_s}")


def _check(venue: Venue, connection: Connection, streams: list[str], prefix: str) -> None:
    """Refuse all streams of a command for one that cannot be."""
    for stream in streams:
        name = venue.protocol.parse_stream(stream)
        if name is None:
            raise CommandError(ARGUMENT, f"invalid argument: {stream.partition('@')[2]}")
        if venue.find(name.symbol) is None:
            what = "contract" if prefix == "futures" else "currency pair"
            raise CommandError(ARGUMENT, f"unknown {what}: {name.symbol}")
        if name.kind is Kind.IN_BAND and stream in connection.streams:
            raise CommandError(ARGUMENT, f"Alert sub {stream.partition('@')[2]}")
