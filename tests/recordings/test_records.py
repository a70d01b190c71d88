"""Recorder times are exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.recordings.records import scaled_to_ns, seconds_to_ns


@given(st.integers(0, 10**19), st.integers(0, 9))
def test_decimal_seconds_lose_nothing(ns: int, digits: int) -> None:
    """Every decimal text up to nanoseconds is read exactly, however many digits it has."""
    ns -= ns % 10 ** (9 - digits)
    text = format(Decimal(ns).scaleb(-9), f".{digits}f")
    assert seconds_to_ns(text.encode()) == ns


def test_known_stamps() -> None:
    """A recorded stamp, one without a fraction, and one with more digits than a nanosecond."""
    assert seconds_to_ns(b"1617647603.4249449") == 1_617_647_603_424_944_900
    assert seconds_to_ns(b"1617647603") == 1_617_647_603_000_000_000
    assert seconds_to_ns(b"1.1234567899") == 1_123_456_789


def test_other_units() -> None:
    """Milliseconds with a fraction, and plain nanoseconds."""
    assert scaled_to_ns(b"1758912511322", b"", 6) == 1_758_912_511_322_000_000
    assert scaled_to_ns(b"1758912511322", b"5", 6) == 1_758_912_511_322_500_000
    assert scaled_to_ns(b"1723161255030314667", b"", 0) == 1_723_161_255_030_314_667


@pytest.mark.parametrize("text", [b"", b"-1.5", b"1e9", b"1.5.2", b"nan", b"1,5", b" 1.5"])
def test_what_is_no_time_is_refused(text: bytes) -> None:
    """Nothing but digits and one point is a time."""
    with pytest.raises(ValueError, match="no plain decimal time"):
        seconds_to_ns(text)
