"""Reads the payloads that JKorf's libraries, nautilus and tardis-node keep for their tests.

Rules of this file: nothing is judged here.  A record is a file of those projects (or one message
of theirs); it has a part for every answer and every frame in it, so that what is counted is
everything there is.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

FILES: Final = {
    "jkorf": ("binance", "gate", "mexc"),
    "nautilus": ("binance",),
    "tardis_node": ("binance", "gate-io", "mexc"),
}
"""The files about our venues, by folder."""

_PLACEHOLDER: Final = re.compile(r'"?\|[^|"]*\|"?')
"""Where JKorf's tests fill in an id: `|1|`, `"|1|"`, `|id|`, `|*|`."""
_NUMBERED: Final = re.compile(r"^\d+ (?=\{)")
"""Frames of a test with two connections begin with the connection's number."""


class Part(NamedTuple):
    """One answer or frame.

    `kind` is `answer`, `command` (what the client sent), `frame` or `call` (a whole exchange of
    the websocket request API); `endpoint` is an answer's path where the record names it.
    """

    folder: str
    file: str
    record: int
    name: str
    kind: str
    endpoint: str
    signed: bool
    body: Any

    @property
    def payload(self) -> bytes:
        """The body as the venue would send it."""
        return json.dumps(self.body, separators=(",", ":")).encode()

    def __str__(self) -> str:
        return f"{self.folder}/{self.file} {self.record} {self.name} ({self.kind})"


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a compressed file."""
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def parts(shared_data: Path) -> list[Part]:
    """Every part of every file about our venues."""
    return [
        part
        for folder, files in FILES.items()
        for file in files
        for number, record in enumerate(lines(shared_data / folder / f"{file}.jsonl.gz"))
        for part in _parts(folder, file, number, record)
    ]


def _parts(folder: str, file: str, number: int, record: dict[str, Any]) -> Iterator[Part]:
    name = record.get("path") or record["test"]
    if folder == "nautilus":
        yield Part(folder, file, number, name, "answer", "", False, record["json"])
    elif folder == "tardis_node":
        yield Part(folder, file, number, name, "frame", "", False, record["message"])
    elif record["kind"] == "ws_request":
        yield Part(folder, file, number, name, "call", "", False, record["frames"])
    elif record["kind"] == "ws_subscription":
        for frame in record["frames"]:
            kind = "command" if frame["from"] == "client" else "frame"
            yield Part(folder, file, number, name, kind, "", False, _frame(frame))
    else:
        endpoint, signed = record.get("url_path") or "", bool(record.get("authenticated"))
        body = record.get("response")
        yield Part(folder, file, number, name, "answer", endpoint, signed, body)


def _frame(frame: dict[str, Any]) -> Any:
    text = frame["text"] if "text" in frame else json.dumps(frame["json"])
    return json.loads(_PLACEHOLDER.sub("1", _NUMBERED.sub("", text)))
