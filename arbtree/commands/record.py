"""`arbtree record VENUE SYMBOL... -o OUT`: what a venue sends, into a capture."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import trio
from msgspec.structs import asdict

from arbtree.durations import parse_duration
from arbtree.engine import Seams
from arbtree.log import Log
from arbtree.recording import Progress, Recording, Wish
from arbtree.writer import Writer
from config.settings import LogSettings
from config.venues import MAX_SYMBOLS_PER_VENUE
from exchanges.registry import dialect
from messages.errors import UsageError
from supervisors.events import LifecycleEvent
from supervisors.runtime import ExitReport, Options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("venue", metavar="VENUE", help="one of `arbtree venues`")
    parser.add_argument(
        "symbols",
        nargs="+",
        metavar="SYMBOL",
        help="unified (BTC/USDT, BTC/USDT:USDT) or as the venue names it (BTCUSDT)",
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT", help="the capture to write"
    )
    parser.add_argument(
        "--for",
        dest="duration",
        metavar="TIME",
        help="end by itself after 60s, 10m or 1.5h; without it Ctrl-C ends the recording",
    )
    parser.add_argument("--rest-url", metavar="URL", help="REST address instead of the venue's own")
    parser.add_argument(
        "--websocket-url", metavar="URL", help="websocket address instead of the venue's own"
    )


def run(arguments: argparse.Namespace) -> int:
    """Record until the time is over or a signal ends it; 1 when frames were lost or unreadable."""
    dialect(arguments.venue)
    output: Path = arguments.output
    if output.is_dir():
        raise UsageError(f"{output}: this is a folder")
    if len(arguments.symbols) > MAX_SYMBOLS_PER_VENUE:
        raise UsageError(f"at most {MAX_SYMBOLS_PER_VENUE} symbols, not {len(arguments.symbols)}")
    wish = Wish(
        arguments.venue,
        tuple(arguments.symbols),
        output,
        arguments.rest_url,
        arguments.websocket_url,
        parse_duration(arguments.duration) if arguments.duration else None,
    )
    session = _Session(wish)
    report = trio.run(session.run)
    if report is None:
        raise KeyboardInterrupt
    return session.tell(report, as_json=arguments.json)


class _Session:
    """One run of the command: the recording, its signals, and its line on a terminal."""

    def __init__(self, wish: Wish) -> None:
        self._visible = sys.stderr is not None and sys.stderr.isatty()
        self._shown = False
        self._lost = 0
        self._writer = Writer(sys.stderr)
        self._log = Log(LogSettings(level="warning"), self._writer.text)
        self.recording = Recording(
            wish,
            Seams(),
            Options(seed=random.SystemRandom().getrandbits(63)),
            listener=self._event,
            tell=self._progress,
        )

    async def run(self) -> ExitReport | None:
        """Record; signals are taken from here to the end, so that none spoils a finished file."""
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._take, signals)
                try:
                    report = await self.recording.run()
                finally:
                    self._clear()
                    self._writer.close()
                nursery.cancel_scope.cancel(reason="the recording is complete")
        return report

    def tell(self, report: ExitReport, *, as_json: bool) -> int:
        """Print the summary and choose the exit code."""
        recording, wish = self.recording, self.recording.wish
        progress, size = recording.progress(), wish.output.stat().st_size
        code = report.code or int(bool(progress.lost or progress.undecoded))
        if as_json:
            body = {
                "output": str(wish.output),
                "venue": wish.venue,
                "symbols": list(recording.symbols),
                "reason": report.reason,
                "code": code,
                "file_bytes": size,
                "books_ever_live": len(recording.ever_live),
            }
            print(json.dumps(body | _figures(progress)))
        else:
            print(f"{wish.output}: {_text(progress)}, {size:,} bytes in the file, {report.reason}")
        if progress.undecoded:
            first = recording.undecoded.first
            print(f"arbtree: {progress.undecoded} frames cannot be read: {first}", file=sys.stderr)
        return code

    # -- meanwhile ------------------------------------------------------------------------------

    async def _take(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            self.recording.stop(signal.Signals(number).name)

    def _event(self, event: LifecycleEvent) -> None:
        self._clear()
        self._log.event(event)

    def _progress(self, progress: Progress) -> None:
        if progress.lost and not self._lost and self._writer.failure is None:
            self._clear()
            self._writer.text("arbtree: the disk is too slow, frames are lost")
        self._lost = progress.lost
        if self._visible and self._writer.failure is None:
            live = f"{progress.books_live} of {progress.books} books live"
            self._writer.put(f"\r\x1b[K{_text(progress)}, {live}".encode(), minor=True)
            self._shown = True

    def _clear(self) -> None:
        if self._shown and self._writer.failure is None:
            self._writer.put(b"\r\x1b[K", minor=True)
            self._shown = False


def _figures(progress: Progress) -> dict[str, object]:
    """The figures of a summary: how many books are live says nothing after the end."""
    return {name: value for name, value in asdict(progress).items() if name != "books_live"}


def _text(progress: Progress) -> str:
    """The figures for people."""
    return (
        f"{progress.frames:,} frames and {progress.answers:,} answers, {progress.bytes:,} bytes"
        f" in {progress.seconds:.1f} s, {progress.reconnects} reconnects, {progress.lost} lost"
    )
