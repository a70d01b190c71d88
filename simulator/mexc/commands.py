"""MEXC's JSON commands: subscriptions, their answers and refusals, pings.

A refusal looks like success: its code is 0 too, its id is 0 whatever was asked, and only its words
tell.  Of a command with good and bad topics the good ones are subscribed and acknowledged first;
whether the venue does so is not documented.  Source: the sheet `mexc`, sections 1.1 and 1.2.
"""

from __future__ import annotations

from typing import Any

import orjson

from simulator.protocol import Connection
from simulator.venue import Venue

REFUSAL = "Not Subscribed successfully! [{}].  Reason\uff1a Blocked! "
"""The venue's own words: a full-width colon, two spaces before it, one at the end."""
NOT_A_COMMAND = "Wrong request"
"""What no document gives a text for."""


def answers(venue: Venue, connection: Connection, text: str) -> list[bytes]:
    """Carry out one command and write what answers it."""
    try:
        command = orjson.loads(text)
    except orjson.JSONDecodeError:
        command = None
    if not isinstance(command, dict):
        return [_answer(0, NOT_A_COMMAND)]
    request_id = command.get("id", 0)
    if not isinstance(request_id, int | str):
        request_id = 0
    method = command.get("method")
    if isinstance(method, str) and method.upper() == "PING":
        return [_answer(0, "PONG")]
    topics = command.get("params")
    if not isinstance(topics, list) or not topics:
        return [_answer(0, NOT_A_COMMAND)]
    if not all(isinstance(topic, str) for topic in topics):
        return [_answer(0, NOT_A_COMMAND)]
    if method == "SUBSCRIPTION":
        return _subscribe(venue, connection, topics, request_id)
    if method == "UNSUBSCRIPTION":
        for topic in topics:
            venue.unsubscribe(connection, topic)
        return [_answer(request_id, ",".join(topics))]
    return [_answer(0, NOT_A_COMMAND)]


def refusal() -> bytes:
    """Refuse one command, whatever it asks."""
    return _answer(0, NOT_A_COMMAND)


def _answer(request_id: Any, text: str) -> bytes:
    return orjson.dumps({"id": request_id, "code": 0, "msg": text})


def _subscribe(
    venue: Venue, connection: Connection, topics: list[str], request_id: Any
) -> list[bytes]:
    done, refused = [], []
    for topic in topics:
        full = len(connection.streams) >= venue.rules.streams_per_connection
        if topic in connection.streams or (not full and venue.stream(topic) is not None):
            venue.subscribe(connection, topic)
            done.append(topic)
        else:
            refused.append(topic)
    sent = [_answer(request_id, ",".join(done))] if done else []
    return [*sent, _answer(0, REFUSAL.format(",".join(refused)))] if refused else sent
