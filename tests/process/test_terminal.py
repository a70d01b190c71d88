"""`arbtree run` in a terminal: one picture, refreshed in place, and the terminal as it was."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

from tests.process.commands import WITHIN_S, environment

ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


def shown_in_terminal(*words: str) -> tuple[int, bytes, bool]:
    """Run `arbtree words...` in a terminal of 120 x 50.

    Returns:
        The exit code, everything it drew, and whether the terminal's modes are what they were.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    before = termios.tcgetattr(theirs)
    drawn = b""
    with subprocess.Popen(
        [sys.executable, "-m", "arbtree", *words],
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        end_s = time.monotonic() + WITHIN_S
        try:
            while time.monotonic() < end_s:
                ended = process.poll() is not None
                while select.select([ours], [], [], 0.05)[0]:
                    drawn += read(ours)
                if ended:
                    break
        finally:
            process.kill()
    same = termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)
    return process.returncode, drawn, same


def read(terminal: int) -> bytes:
    """What was drawn since the last time; Linux says EIO at the end."""
    try:
        return os.read(terminal, 65_536)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def test_a_terminal_shows_one_picture_and_is_restored() -> None:
    """Tree, live books with ages, and opportunities are drawn in place; the cursor comes back."""
    code, drawn, same = shown_in_terminal("run", "--for", "4s")
    text = ESCAPE.sub(b"", drawn).decode()
    assert code == 0, text
    for part in ("tree", "venues", "detector", "binance_usdm", "LIVE", "opportunities", "restarts"):
        assert part in text
    assert re.search(r"\d+ ms", text)
    assert ESCAPE.search(drawn)
    assert drawn.count(HIDE_CURSOR) <= drawn.count(SHOW_CURSOR)
    assert drawn.rfind(HIDE_CURSOR) < drawn.rfind(SHOW_CURSOR)
    assert same
    assert text.rstrip().splitlines()[-1].startswith("summary")
    assert "Traceback" not in text


def test_json_in_a_terminal_is_json() -> None:
    """`--json` writes lines even where a person looks on."""
    code, drawn, _ = shown_in_terminal("run", "--for", "1s", "--json")
    lines = drawn.decode().splitlines()
    assert code == 0
    assert lines[0].startswith('{"kind":"tree"')
    assert lines[-1].startswith('{"kind":"summary"')
