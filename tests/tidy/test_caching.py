"""The caching policy holds in this project, and its rules find what they are there to find."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.actors.test_static_cache import VOLATILE
from tests.tidy.caching import (
    keepers,
    live_views_are_listed,
    nothing_else_remembers,
    tables_are_never_written,
)
from tests.tidy.repository import File, Repository, read_repository

ROOT = Path(__file__).resolve().parents[2]

REAL_TIME = frozenset({kind.__name__ for kind in VOLATILE} | {"PublicMessage", "Level", "Levels"})
"""Names of what is real-time: every volatile message, and the levels they are made of."""

CAPSULE = "a copy for crash capsules; nothing but a replay of a crash reads it"

OWNERS = {
    **{
        ("actors/book_state.py", name): CAPSULE
        for name in (
            "SequencerState",
            "ProvenBookState",
            "NotesState",
            "AuditState",
            "BookLifeState",
        )
    },
    ("actors/detector_state.py", "LegState"): CAPSULE,
    ("actors/subscribing.py", "SubscribingState"): CAPSULE,
    ("actors/views.py", "ViewState"): CAPSULE,
    ("actors/book.py", "BookActor"): "the top it told last, for screens; gone with the feed",
    (
        "actors/detector_pairs.py",
        "Leg",
    ): "the latest top of a book; judged by epoch and age at every use",
    ("actors/book_audit.py", "BookAudit"): "the snapshot an open audit compares, gone with it",
    ("actors/subscribing.py", "Subscribing"): "refusals until every answer has come; no prices",
    ("actors/views.py", "View"): "a handle's live view; judged by epoch and age at every reading",
    (
        "arbtree/chaos/checkers.py",
        "DecisionChecker",
    ): "a checker of a virtual run: what it judges decisions by, priced by nobody",
    (
        "arbtree/chaos/oracle.py",
        "_Replay",
    ): "a checker of a virtual run: the accepted events of a book, bounded",
    ("arbtree/verbs.py", "EngineVerbs"): "what the detector said, to be shown and never priced",
    ("arbtree/commands/health.py", "EngineHealth"): "one look at an engine, shown and forgotten",
    ("markets/audit.py", "AuditNotes"): "events since an audit began, bounded, gone with it",
    ("simulator/feeds.py", "Feed"): "a simulated venue: its own trades",
    ("actors/proven_book.py", "ProvenBook"): "the live view itself, and the quotes that prove it",
    ("exchanges/sequencing.py", "Sequencer"): "events held for a snapshot, dropped with their life",
    ("simulator/book.py", "Book"): "a simulated venue: the market itself, not a view of one",
}
"""The reviewed list of who may keep real-time data, each with the reason."""

TOP_MAKERS = {"actors/book.py": "it publishes only what its ProvenBook holds live"}
"""Who may make a `BookTop`, the only thing that has a price for decisions."""


@pytest.fixture(scope="module")
def repository() -> Repository:
    """The project."""
    return read_repository(ROOT)


def test_nothing_else_remembers(repository: Repository) -> None:
    """No cache but the one."""
    assert [str(each) for each in nothing_else_remembers(repository)] == []


def test_tables_are_never_written(repository: Repository) -> None:
    """No module and no class keeps a store."""
    assert [str(each) for each in tables_are_never_written(repository)] == []


def test_only_the_listed_owners_keep_real_time_data(repository: Repository) -> None:
    """Messages carry it, and are volatile themselves; everyone else has a reason in the list."""
    messages = {
        (f"{kind.__module__.replace('.', '/')}.py", kind.__name__): "volatile itself"
        for kind in VOLATILE
    }
    found = live_views_are_listed(repository, REAL_TIME, OWNERS | messages)
    assert [str(each) for each in found] == []


def test_the_list_of_owners_names_nobody_who_keeps_nothing(repository: Repository) -> None:
    """A name that has lost its reason goes."""
    files = {file.path: file for file in repository.rooms()}
    for path, name in OWNERS:
        assert name in keepers(files[path], REAL_TIME), (path, name)


def test_only_a_book_actor_makes_tops(repository: Repository) -> None:
    """So a price for decisions cannot be born of a REST answer."""
    makers = {
        file.path
        for file in repository.rooms()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "BookTop"
    }
    assert makers == set(TOP_MAKERS)


def _of(text: str, path: str = "actors/x.py") -> Repository:
    return Repository((File(path, text.encode()),))


@pytest.mark.parametrize(
    "text",
    [
        "from functools import lru_cache\n\n@lru_cache\ndef f(x): ...",
        "import functools\n\n@functools.cache\ndef f(x): ...",
        "from functools import cached_property as f\n\nclass A:\n    @f\n    def g(self): ...",
        "import weakref\n\nX = weakref.WeakValueDictionary()",
        "import cachetools",
    ],
)
def test_a_memory_is_found(text: str) -> None:
    """Under whatever name it is imported."""
    assert list(nothing_else_remembers(_of(text)))


@pytest.mark.parametrize(
    "text",
    [
        "X = {}\ndef f(k, v):\n    X[k] = v",
        "X: dict[str, int] = {}\ndef f(k):\n    return X.setdefault(k, 1)",
        "X = set()\ndef f(k):\n    X.add(k)",
        "from collections import deque\nX = deque()\ndef f(k):\n    X.append(k)",
        "X = {}\ndef f(k):\n    del X[k]",
        "class A:\n    seen = []\n    def f(self, k):\n        self.seen.append(k)",
        "class A:\n    seen = {}\n    @classmethod\n    def f(cls, k):\n        cls.seen[k] = 1",
        "class A:\n    seen = {}\ndef f(k):\n    A.seen[k] = 1",
        "X = None\ndef f(k):\n    global X\n    X = k",
        "from actors.y import X\ndef f(k):\n    X[k] = 1",
        "import actors.y as y\ndef f(k):\n    y.SEEN.add(k)",
        "try:\n    x = {}\nexcept ImportError: ...\ndef f(k):\n    x[k] = 1",
        "if a:\n    x = []\ndef f(k):\n    x.append(k)",
        "x = {1: 2} | {3: 4}\ndef f(k):\n    x[k] = 1",
        "x = dict[str, int]()\ndef f(k):\n    x[k] = 1",
        "def f(k):\n    f.seen[k] = 1\nf.seen = {}",
        "def f(k, seen={}):\n    seen[k] = 1",
        "def f(k, *, seen=set()):\n    seen.add(k)",
    ],
)
def test_a_written_table_is_found(text: str) -> None:
    """However it is written."""
    assert list(tables_are_never_written(_of(text)))


def test_a_table_that_is_only_read_is_none_of_its_business() -> None:
    """And a list inside a function is its own."""
    text = "X = {1: 2}\ndef f(k):\n    y = []\n    y.append(X[k])\n    return X.get(k), y"
    assert list(tables_are_never_written(_of(text))) == []


@pytest.mark.parametrize(
    "body",
    [
        "top: BookTop",
        "tops: dict[str, tuple[BookTop | None, ...]]",
        "def __init__(self):\n        self.top: BookTop | None = None",
        "def __init__(self):\n        self.tops: dict[str, messages.books.BookTop] = {}",
        "def set(self, top: BookTop):\n        self.top = top",
        "def set(self, top: BookTop):\n        other = top\n        self.a = self.b = other",
        "def set(self):\n        self.quote = BestQuote('a')",
        "def set(self, found: 'Levels'):\n        self.found = found",
    ],
)
def test_a_hidden_view_is_found(body: str) -> None:
    """As a field, in a container, through an argument or a name."""
    repository = _of(f"class A:\n    {body}\n")
    assert list(live_views_are_listed(repository, REAL_TIME, {}))
    assert keepers(repository.files[0], REAL_TIME) == {"A"}
    assert list(live_views_are_listed(repository, REAL_TIME, {("actors/x.py", "A"): "why"})) == []


def test_passing_real_time_data_on_is_no_keeping() -> None:
    """Functions take and return it, and hold those that do."""
    text = (
        "class A:\n"
        "    def __init__(self, told: Callable[[BookTop], None]):\n"
        "        self.told: Callable[[BookTop], None] = told\n"
        "    def f(self, top: BookTop) -> BookTop:\n"
        "        price = top.bids\n"
        "        return top\n"
    )
    assert list(live_views_are_listed(_of(text), REAL_TIME, {})) == []
