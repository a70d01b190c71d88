"""Our own captures: whole or refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.recordings import capture
from actors.recordings.capture import CaptureWriter
from actors.recordings.records import Feed, Kind, Record
from messages.errors import EnvironmentFault, RecordingError

FEEDS = (Feed("binance"), Feed("binance_usdm", "wss://x/stream"), Feed("okx", "", "BTC/USDT"))

RECORDS = st.lists(
    st.tuples(
        st.integers(0, 2**63),
        st.sampled_from(Kind),
        st.sampled_from(FEEDS),
        st.binary(max_size=40),
        st.text(max_size=8),
    ),
    max_size=20,
)


def written(path: Path, records: list[Record]) -> Path:
    """Write a capture of these records."""
    with CaptureWriter(path) as writer:
        for record in records:
            writer.write(record)
    return path


@given(records=RECORDS)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    """Any bytes, times, kinds and feeds come back as they were, in order."""
    path = written(tmp_path_factory.mktemp("capture") / "c.gz", records)
    assert list(capture.read(path)) == records


def test_equal_records_make_equal_files(tmp_path: Path) -> None:
    """Nothing of the moment of writing gets into a capture."""
    records: list[Record] = [(5, Kind.FRAME, FEEDS[0], b"x", "")]
    first, second = written(tmp_path / "a", records), written(tmp_path / "b", records)
    assert first.read_bytes() == second.read_bytes()


def test_a_newer_epoch_stands_for_a_new_connection(tmp_path: Path) -> None:
    """A connection record is made up where the capture has none."""
    frame: Record = (5, Kind.FRAME, FEEDS[0], b"x", "")
    connect: Record = (6, Kind.CONNECT, FEEDS[0], b"", "wss://x")
    with CaptureWriter(tmp_path / "c") as writer:
        writer.write(frame, monotonic_ns=1, epoch=3)
        writer.write(frame, monotonic_ns=2, epoch=3)
        writer.write(frame, monotonic_ns=3, epoch=4)
        writer.write(connect, monotonic_ns=4, epoch=5)
    made_up = (5, Kind.CONNECT, FEEDS[0], b"", "")
    assert list(capture.read(tmp_path / "c")) == [frame, frame, made_up, frame, connect]


def test_nothing_is_left_behind_by_a_writer_that_fails(tmp_path: Path) -> None:
    """Neither the file nor its temporary one exists; an older capture stays as it was."""
    target = tmp_path / "c"
    target.write_bytes(b"older")
    with pytest.raises(RuntimeError, match="on the way"), CaptureWriter(target) as writer:
        writer.write((1, Kind.FRAME, FEEDS[0], b"x", ""))
        raise RuntimeError("on the way")
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    assert target.read_bytes() == b"older"


def test_a_writer_keeps_its_bound(tmp_path: Path) -> None:
    """A capture that would grow without end is refused, and nothing is left."""
    with (
        pytest.raises(EnvironmentFault, match="reached 1000 bytes"),
        CaptureWriter(tmp_path / "c", max_bytes=1000) as writer,
    ):
        for _ in range(100):
            writer.write((1, Kind.FRAME, FEEDS[0], b"x" * 100, ""))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """One sentence with the file's name."""
    with pytest.raises(EnvironmentFault, match="nowhere/c: cannot be written"):
        CaptureWriter(tmp_path / "nowhere" / "c")


def text_of(path: Path) -> bytes:
    """The inflated text of a capture."""
    return gzip.decompress(path.read_bytes())


@pytest.mark.parametrize("packed", [True, False])
def test_every_cut_is_noticed(tmp_path: Path, packed: bool) -> None:
    """At whichever byte a capture ends too early, it is refused with its name and the place."""
    path = written(
        tmp_path / "c",
        [(5, Kind.FRAME, FEEDS[0], b"one\ntwo", ""), (6, Kind.QUOTE, FEEDS[2], b"x", "y")],
    )
    text, cut = text_of(path), tmp_path / "cut"
    for size in range(1, len(text)):
        cut.write_bytes(gzip.compress(text[:size]) if packed else text[:size])
        with pytest.raises(RecordingError, match=r"cut: .* at byte \d+"):
            list(capture.read(cut))


def test_damage_is_noticed(tmp_path: Path) -> None:
    """Wrong sizes, unknown records, a wrong count and bytes behind the end."""
    path = written(tmp_path / "c", [(5, Kind.FRAME, FEEDS[0], b"payload", "")])
    text, damaged = text_of(path), tmp_path / "damaged"
    for old, new in (
        (b" 0 7\n", b" 0 6\n"),
        (b" 0 7\n", b" 0 -1\n"),
        (b" 0 7\n", b" 0 99999999999999\n"),
        (b"frame 5", b"flame 5"),
        (b"frame 5", b"frame x"),
        (b"end 1", b"end 2"),
        (b"end 1\n", b"end 1\nmore\n"),
        (b"feed 0", b"food 0"),
        (b'"venue"', b'"veneu"'),
    ):
        assert old in text
        damaged.write_bytes(text.replace(old, new))
        with pytest.raises(RecordingError, match=r"damaged: .* at byte \d+"):
            list(capture.read(damaged))


def test_another_version_is_refused(tmp_path: Path) -> None:
    """The sentence says which version the file has and which this program reads."""
    path = tmp_path / "c"
    path.write_bytes(b'{"arbtree_capture":2}\nend 0\n')
    with pytest.raises(RecordingError, match="capture format 2, this program reads 1"):
        list(capture.read(path))
