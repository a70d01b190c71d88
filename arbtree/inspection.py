"""Speaking with a running engine from another terminal: the client's half of the protocol."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import orjson

from actors.transport.local import LocalLines, open_local
from config.places import inspection_socket
from config.settings import EngineSettings
from messages.errors import EnvironmentFault, NotAvailable, UsageError
from supervisors.protocol import MAX_REPLY_BYTES, PROTOCOL, Hello

ANSWER_WITHIN_S = 15.0
"""Longer than any verb takes: a supervisor's answer to a request comes after 10 s at the latest."""

USAGE_CODES = frozenset({"bad_request", "unknown_verb", "unknown_path", "control_off"})
"""Refusals that the user's own words caused."""

_read_hello = msgspec.json.Decoder(Hello).decode


class Client:
    """A conversation with one engine.

    Args:
        lines: the connection.
        hello: what the engine said of itself.
    """

    def __init__(self, lines: LocalLines, hello: Hello) -> None:
        self._lines = lines
        self.hello = hello
        self._asked = 0

    async def ask(self, verb: str, **words: object) -> Any:
        """Ask for something and return the result.

        Args:
            verb: what to tell or do.
            words: path, since, limit or option, as `supervisors.protocol.Ask` has them.

        Raises:
            UsageError: the engine cannot make sense of it: an unknown path, control that is off.
            NotAvailable: the engine speaks another protocol.
            EnvironmentFault: the engine is gone, silent or could not do it.
        """
        self._asked += 1
        said = {"id": self._asked, "verb": verb, "protocol": PROTOCOL, **words}
        await self._lines.send(orjson.dumps(said) + b"\n", ANSWER_WITHIN_S)
        try:
            reply = orjson.loads(await self._lines.receive(ANSWER_WITHIN_S))
        except orjson.JSONDecodeError as error:
            raise EnvironmentFault(f"the engine's answer is no JSON: {error}") from error
        if not isinstance(reply, dict):
            raise EnvironmentFault("the engine's answer is no JSON object")
        refusal = reply.get("error")
        if refusal is None:
            return reply.get("result")
        if refusal["code"] in USAGE_CODES:
            raise UsageError(refusal["text"])
        raise EnvironmentFault(refusal["text"])


@asynccontextmanager
async def open_client(place: Path) -> AsyncIterator[Client]:
    """Connect to the engine at a socket and hear what it is.

    Raises:
        EnvironmentFault: no engine is there, or it does not speak.
        NotAvailable: it speaks another version of the protocol.
    """
    async with open_local(place, MAX_REPLY_BYTES) as lines:
        first = await lines.receive(ANSWER_WITHIN_S)
        try:
            hello = _read_hello(first)
        except msgspec.MsgspecError as error:
            raise EnvironmentFault(f"what listens at {place} is no arbtree engine") from error
        if hello.protocol != PROTOCOL:
            raise NotAvailable(
                f"the engine at {place} speaks inspection protocol {hello.protocol}, this command"
                f" {PROTOCOL}: use the arbtree that runs the engine"
            )
        yield Client(lines, hello)


def add_socket(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which engine is meant."""
    parser.add_argument("--socket", metavar="PATH", help="the engine's socket")
    parser.add_argument(
        "--name", default=EngineSettings().name, help="the engine's name (default %(default)s)"
    )


def socket_of(arguments: argparse.Namespace) -> Path:
    """Where the engine that the options mean is inspected."""
    return Path(arguments.socket) if arguments.socket else inspection_socket(arguments.name)
