"""The inspection protocol: one JSON object a line, both ways, over a Unix socket.

The engine speaks first: a `Hello` that names the protocol's version, the engine and whether it
takes control verbs.  Then each `Ask` is answered by one `Reply` with the same `id`, in order.  A
client of another version is told so in its first reply.  Everything here is plain data.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

PROTOCOL = 1
"""Raised when a client of before could misread an answer; new verbs and fields do not raise it."""

MAX_ASK_BYTES = 64 * 1024
"""Longest line a client may send; the longest sensible one has a path of some hundred bytes."""

MAX_REPLY_BYTES = 64 * 1024 * 1024
"""Longest line a client reads: the tree of ten thousand actors with frames is a tenth of it."""

DEFAULT_LIMIT = 1_000
"""Events and dead letters of one reply unless the client says otherwise."""


class Hello(Struct, frozen=True):
    """The engine's first line.

        {"protocol":1,"name":"engine","pid":4711,"control":false,"seed":7,"wall_ns":...}

    Args:
        protocol: version of this protocol.
        name: of the engine, from its configuration.
        pid: its process.
        control: whether it takes verbs that change it.
        seed: of all its chance.
        wall_ns: its wall clock at this line.
    """

    protocol: int
    name: str
    pid: int
    control: bool
    seed: int
    wall_ns: int


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """One request: a verb and what it is about.

        {"id":1,"verb":"actor","path":"engine/detector"}

    Args:
        id: repeated in the reply.
        verb: what to do or tell.
        protocol: the version the client speaks.
        path: an actor's or supervisor's path, empty for the whole tree.
        since: the last event sequence the client has seen.
        limit: how many events or letters at most.
        option: what a verb of its own wants besides.
    """

    id: Annotated[int, Meta(ge=0)]
    verb: Annotated[str, Meta(min_length=1, max_length=64)]
    protocol: int = PROTOCOL
    path: Annotated[str, Meta(max_length=1024)] = ""
    since: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=100_000)] = DEFAULT_LIMIT
    option: Annotated[str, Meta(max_length=1024)] = ""


class Refusal(Struct, frozen=True):
    """Why a request was not carried out.

    `code`: bad_request, protocol, unknown_verb, unknown_path, control_off, refused, not_in_time
    or too_many_clients.
    """

    code: str
    text: str


class Reply(Struct, frozen=True, omit_defaults=True):
    """One answer: `result` when it was carried out, else `error`.

    {"id":1,"result":{...}}
    """

    id: int
    result: Any = None
    error: Refusal | None = None


class Refused(Exception):
    """Raised by a verb that cannot be carried out; becomes the reply's `error`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.refusal = Refusal(code, text)


_decode_ask = msgspec.json.Decoder(Ask).decode


def read_ask(line: bytes) -> Ask:
    """Read a client's line.

    Raises:
        Refused: it is no request of this protocol; the text says why.
    """
    try:
        ask = _decode_ask(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("bad_request", f"not a request: {error}") from error
    if ask.protocol != PROTOCOL:
        text = f"this engine speaks protocol {PROTOCOL}, the client {ask.protocol}"
        raise Refused("protocol", text)
    return ask


def _strange(value: object) -> object:
    """What JSON has no form for is shown as Python shows it, shortened."""
    return f"{value!r:.200}"


_encode = msgspec.json.Encoder(enc_hook=_strange).encode


def line_of(value: Hello | Reply) -> bytes:
    """Spell one line of the engine, its newline included."""
    return _encode(value) + b"\n"
