"""`arbtree import IN... -o OUT`: other tools' recordings into one capture of our own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from actors.recordings.convert import convert
from actors.recordings.sources import open_recordings
from arbtree.commands.progress import Progress
from messages.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="FILE",
        help="a cryptofeed, hftbacktest or best-bid/ask CSV file, or a capture; VENUE=FILE or "
        "VENUE:SYMBOL=FILE names what the file does not say itself",
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT", help="the capture to write"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the capture; it replays exactly as the inputs do."""
    output: Path = arguments.output
    recordings = open_recordings(arguments.inputs)
    if output.exists() and any(output.samefile(each.path) for each in recordings):
        raise UsageError(f"{output}: this is one of the inputs")
    if output.is_dir():
        raise UsageError(f"{output}: this is a folder")
    with Progress() as progress:
        count = convert(recordings, output, progress.told)
    size = output.stat().st_size
    if arguments.json:
        inputs = [
            {"file": str(each.path), "format": each.format, "venues": list(each.venues)}
            for each in recordings
        ]
        wrote = {"output": str(output), "records": count, "bytes": size, "inputs": inputs}
        print(json.dumps(wrote))
    else:
        for each in recordings:
            print(f"{each.path}: {each.format}, {', '.join(each.venues) or 'several venues'}")
        print(f"{output}: {count:,} records, {size:,} bytes")
    return 0
