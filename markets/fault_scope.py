"""What may still be traded while a part of the engine is down: declared scopes, one judgement.

The tree declares for each part what its being down means; the runtime carries that as text and
says which scopes are in force.  What follows for one venue and one book is decided here.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from msgspec import Struct


class FaultScope(enum.StrEnum):
    """What may not be done while the part that declares it is down, or says it is unfit."""

    BOOK = "its book is dark"
    CONNECTION = "its books are dark"
    VENUE = "the venue is dark"
    PRIVATE = "the venue is reduce-only"
    CLOCK = "the venue is not signable"
    JOURNAL = "nothing new anywhere"


class Permission(Struct, frozen=True):
    """What may be done on one book: open new risk, reduce what is there, sign a request."""

    may_open: bool = True
    may_reduce: bool = True
    may_sign: bool = True


def permitted(in_force: Iterable[tuple[str, str]], venue_path: str, book_path: str) -> Permission:
    """Judge one book.

    A lost connection does not show here: its books are dark by their epoch, in the same turn.

    Args:
        in_force: path and scope of every part that is down, as `Runtime.in_force` tells them.
        venue_path: of the venue's supervisor, such as `engine/venues/mexc`.
        book_path: of the book's actor.
    """
    opens = reduces = signs = True
    for path, scope in in_force:
        here = path == venue_path or path.startswith(f"{venue_path}/")
        if scope == FaultScope.JOURNAL or (scope == FaultScope.PRIVATE and here):
            opens = False
        elif (scope == FaultScope.VENUE and here) or (
            scope == FaultScope.BOOK and path == book_path
        ):
            opens = reduces = False  # nothing is priced on a dark book
        elif scope == FaultScope.CLOCK and here:
            opens = reduces = signs = False
    return Permission(opens, reduces, signs)
