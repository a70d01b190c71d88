"""Turning any recordings into one capture that replays exactly as they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from actors.recordings.capture import CaptureWriter
from actors.recordings.names import VenueNames
from actors.recordings.records import Kind, Recording
from actors.recordings.sources import merged

PROGRESS_RECORDS: Final = 16_384
"""Records between two reports of progress: a few a second."""


def convert(
    recordings: Sequence[Recording], path: Path, progress: Callable[[int], None] | None = None
) -> int:
    """Write everything into one capture, in the recorder's time, and return its record count.

    What the inputs say beforehand (configuration, symbol information) comes first, because a
    replay knows it from the beginning.

    Raises:
        RecordingError: an input is cut off or damaged; no capture is left behind.
        EnvironmentFault: the capture cannot be written.
    """
    names: dict[str, VenueNames] = {}
    with CaptureWriter(path) as writer:
        for recording in recordings:
            for at_ns, kind, feed, payload, about in recording.prelude:
                venue = names.get(feed.venue)
                if venue is None:
                    venue = names[feed.venue] = VenueNames(feed.venue)
                if kind is Kind.KNOWN or venue.answer_kind(about)[0] == "venue_info":
                    writer.write((at_ns, Kind.KNOWN, feed, payload, about))
        for count, record in enumerate(merged(recordings)):
            if progress is not None and not count % PROGRESS_RECORDS:
                progress(count)
            if record[1] is not Kind.KNOWN:
                writer.write(record)
        return writer.count
