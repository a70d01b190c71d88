"""Classification: the error decides first, and of a group the gravest leaf."""

from __future__ import annotations

import pytest

from messages.errors import (
    AuthenticationFailed,
    Banned,
    ConnectionLost,
    RateLimited,
    retry_after,
)
from supervisors.failures import EndKind, RetryWhen, classify, describe, leaves

LOST = ConnectionLost("cut")
LIMITED = RateLimited("slow down", venue="v", retry=retry_after(7))
REFUSED = AuthenticationFailed("no", venue="v")
BUG = ZeroDivisionError("bug")
OUTAGE, CRASH, FATAL = EndKind.OUTAGE, EndKind.CRASH, EndKind.FATAL
NOW, AFTER, NEVER = RetryWhen.NOW, RetryWhen.AFTER, RetryWhen.NEVER


@pytest.mark.parametrize(
    ("error", "kind", "retry", "after_s"),
    [
        (LOST, OUTAGE, NOW, 0),
        (LIMITED, OUTAGE, AFTER, 7),
        (Banned("for ever", venue="v"), OUTAGE, NEVER, 0),
        (REFUSED, CRASH, NEVER, 0),
        (BUG, CRASH, NOW, 0),
        (SystemExit(3), FATAL, NEVER, 0),
        (KeyboardInterrupt(), FATAL, NEVER, 0),
        (ExceptionGroup("g", [LOST]), OUTAGE, NOW, 0),
        (ExceptionGroup("g", [LOST, LIMITED]), OUTAGE, AFTER, 7),
        (ExceptionGroup("g", [LIMITED, ExceptionGroup("h", [BUG, LOST])]), CRASH, NOW, 0),
        (ExceptionGroup("g", [BUG, REFUSED]), CRASH, NEVER, 0),
        (BaseExceptionGroup("g", [REFUSED, SystemExit(1)]), FATAL, NEVER, 0),
    ],
)
def test_an_error_is_judged_by_what_it_says(
    error: BaseException, kind: EndKind, retry: RetryWhen, after_s: float
) -> None:
    """Outage or crash, and whether and when to try again."""
    failure = classify(error)
    assert (failure.kind, failure.retry, failure.after_s) == (kind, retry, after_s)


def test_a_foreign_error_may_say_nonsense() -> None:
    """Attributes of other meaning on a foreign exception change nothing."""

    class Foreign(Exception):
        retry = 3
        outage = "yes"
        after_s = "soon"

    failure = classify(Foreign("x"))
    assert (failure.kind, failure.retry, failure.after_s) == (CRASH, NOW, 0)


def test_causes_group_by_class_and_venue() -> None:
    """Two venues' outages are two causes; an error may name its own."""

    class Keyed(Exception):
        cause_key = "disk"

    assert classify(LIMITED).cause == "RateLimited@v"
    assert classify(RateLimited("x", venue="w")).cause == "RateLimited@w"
    assert classify(BUG).cause == "ZeroDivisionError"
    assert classify(Keyed()).cause == "disk"


def test_the_whole_group_is_kept() -> None:
    """The gravest leaf decides, the others are not lost."""
    group = ExceptionGroup("g", [LOST, BUG])
    assert classify(group).error is group
    assert list(leaves(group)) == [LOST, BUG]


def test_a_description_is_one_bounded_line() -> None:
    """However long and however many lines the text has."""
    assert describe(ValueError("a\n  b")) == "ValueError: a b"
    assert describe(ValueError()) == "ValueError"
    assert len(describe(ValueError("x" * 9_999))) == 400
