"""Reading lines of gzip and plain files, whole, in parts and damaged."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.recordings import files
from actors.recordings.files import LineFile, line_batches
from messages.errors import RecordingError


def lines_of(path: Path) -> list[bytes]:
    """All lines of a file."""
    return [line for batch in line_batches(path) for line in batch]


@given(
    text=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b".")), max_size=40),
    packed=st.booleans(),
    members=st.integers(1, 3),
)
def test_lines_come_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, text: list[bytes], packed: bool, members: int
) -> None:
    """Any bytes between line ends survive, also in a file of several gzip members."""
    path = tmp_path_factory.mktemp("lines") / "file"
    data = b"".join(line + b"\n" for line in text)
    cut = len(data) // members
    parts = [data[:cut], data[cut : 2 * cut], data[2 * cut :]]
    path.write_bytes(b"".join(map(gzip.compress, parts)) if packed else data)
    if not packed and data.startswith(b"\x1f\x8b"):
        return
    assert lines_of(path) == text


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    """A file need not end with a line end."""
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo")
    assert lines_of(path) == [b"one", b"two"]


def test_a_line_longer_than_a_piece_is_whole(tmp_path: Path) -> None:
    """A line is put together over many reads."""
    path = tmp_path / "file"
    long = b"x" * (3 * files.READ_BYTES)
    path.write_bytes(b"a\n" + long + b"\nb\n")
    assert lines_of(path) == [b"a", long, b"b"]


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without line ends does not fill the memory."""
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "file"
    path.write_bytes(b"x" * 20_000)
    with pytest.raises(RecordingError, match="a line of more than"):
        lines_of(path)


@pytest.mark.parametrize("keep", [20, 200, -4])
def test_a_cut_gzip_file_names_itself_and_the_place(tmp_path: Path, keep: int) -> None:
    """Truncation is never taken for the end, wherever the cut is."""
    path = tmp_path / "cut.gz"
    text = b"".join(b"%d\n" % (n * n) for n in range(1000))
    path.write_bytes(gzip.compress(text)[:keep])
    with pytest.raises(RecordingError, match=r"cut\.gz: the gzip file is cut off behind byte \d+"):
        lines_of(path)


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    """Bytes changed in the middle are noticed, at the latest by the sum at the end."""
    data = bytearray(gzip.compress(b"".join(b"%d\n" % (n * n) for n in range(1000))))
    data[len(data) // 2] ^= 0x5A
    path = tmp_path / "damaged.gz"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=r"damaged\.gz: the gzip"):
        lines_of(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """The operating system's reason is told with the file's name."""
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(RecordingError, match="cannot be read"):
            lines_of(path)


@pytest.mark.parametrize("count", [1, 700, 9_999])
def test_a_file_that_was_looked_at_is_read_whole(tmp_path: Path, count: int) -> None:
    """As often as wanted, also by two readers in turn and after one that gave up."""
    path = tmp_path / "file.gz"
    lines = [b"", *(b"%06d " % number * 20 for number in range(2_000))]
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    file = LineFile(path)
    assert file.head(count) == lines[1 : count + 1]
    assert file.head(count) == lines[1 : count + 1]
    next(file.batches())
    first, second = file.batches(), file.batches()
    found: list[list[bytes]] = [[], []]
    for one, other in zip(first, second, strict=True):
        found[0] += one
        found[1] += other
    assert found == [lines, lines]
    assert [line for batch in file.batches() for line in batch] == lines


def test_the_beginning_of_a_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads on goes on where the look at it ended."""
    path, opened = tmp_path / "file", list[Path]()
    path.write_bytes(b"line\n" * 100_000)
    real = files.pieces

    def counted(path: Path) -> Iterator[bytes]:
        opened.append(path)
        return real(path)

    monkeypatch.setattr(files, "pieces", counted)
    file = LineFile(path)
    assert len(file.head(500)) == 500
    assert sum(map(len, file.batches())) == 100_000
    assert len(opened) == 1
