"""Each rule finds what it is there to find, and nothing in what is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tidy import rooms, shape, texts
from tests.tidy.repository import ROOMS, File, Repository, Violation, read_repository

Rule = Callable[[Repository], Iterator[Violation]]

MODULE = '"""A module."""\n'
WORK = "/" + "work/data"
LONG_BODY = "    x = 1\n" * shape.FUNCTION_LINES_MAX
SILENT = "#" + " type: ignore"
UNCHECKED = "#" + " noqa"

PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (shape.modules_are_short, "markets/a.py", MODULE + "x = 1\n" * shape.MODULE_LINES_MAX),
    (shape.functions_are_short, "markets/a.py", f"{MODULE}def f() -> None:\n{LONG_BODY}"),
    (shape.functions_are_short, "tests/test_a.py", f"{MODULE}async def f() -> None:\n{LONG_BODY}"),
    (shape.lines_are_short, "markets/a.py", f'{MODULE}x = "{"y" * shape.COLUMNS_MAX}"\n'),
    (shape.names_say_something, "markets/price_utils.py", MODULE),
    (shape.names_say_something, "actors/base_actor.py", MODULE),
    (shape.names_say_something, "actors/common/book.py", MODULE),
    (shape.public_names_are_documented, "markets/a.py", "x = 1\n"),
    (shape.public_names_are_documented, "tests/test_a.py", "x = 1\n"),
    (shape.public_names_are_documented, "markets/a.py", f"{MODULE}def f() -> None:\n    pass\n"),
    (
        shape.public_names_are_documented,
        "markets/a.py",
        f'{MODULE}class A:\n    """A."""\n\n    async def f(self) -> None:\n        pass\n',
    ),
    (shape.tests_say_what_they_show, "tests/test_a.py", "def test_a() -> None:\n    pass\n"),
    (
        shape.tests_say_what_they_show,
        "tests/test_a.py",
        'async def test_a() -> None:\n    """no sentence"""\n',
    ),
    (shape.silenced_checks_have_a_reason, "markets/a.py", f"x = 1  {SILENT}\n"),
    (shape.silenced_checks_have_a_reason, "markets/a.py", f"x = 1  {SILENT}[misc]\n"),
    (shape.silenced_checks_have_a_reason, "markets/a.py", f"x = 1  {UNCHECKED}: E501\n"),
    (shape.silenced_checks_have_a_reason, "markets/a.py", f"# why\nx = 1  {UNCHECKED}\n"),
    (rooms.tests_never_sleep, "tests/test_a.py", "import time\n\ntime.sleep(1)\n"),
    (rooms.every_folder_is_a_package, "actors/recordings/capture.py", MODULE),
    (texts.no_machine_paths, "docs/a.md", f"# A\n\nread {WORK}\n"),
    (texts.no_machine_paths, "Makefile", f"a:\n\tls {WORK}\n"),
    (texts.no_registry_addresses, "docs/a.md", "# A\n\nfrom https://pyp" + "i.org/\n"),
    (texts.no_registry_addresses, ".ci/run", "pip install --index" + "-url x\n"),
    (texts.nothing_is_unfinished, "markets/a.py", f"{MODULE}# TO" + "DO: all of it\n"),
    (texts.documents_have_one_title, "docs/a.md", "no title\n"),
    (texts.documents_have_one_title, "docs/a.md", "# One\n\n# Two\n"),
    (texts.documents_have_one_title, "docs/a.md", "\n# Not on the first line\n"),
    (texts.locks_are_hashed_and_without_addresses, "a.lock", "trio==0.35.0\n"),
    (texts.locks_are_hashed_and_without_addresses, "a.lock", "--extra-option x\n"),
    (
        texts.locks_are_hashed_and_without_addresses,
        "a.lock",
        "trio @ https://example.org/trio \\\n    --hash=sha256:0a\n",
    ),
    (texts.no_data_files, "tests/frames.jsonl", "{}\n"),
    (texts.no_data_files, "tests/frames.txt", "x" * (texts.BYTES_MAX + 1)),
    (texts.no_data_files, "tests/frames.txt", "\0"),
    (rooms.names_stay_in_their_rooms, "markets/a.py", "from time import monotonic\n"),
    (
        rooms.names_stay_in_their_rooms,
        "exchanges/binance/a.py",
        "from datetime import datetime as when\n\nx = when.now()\n",
    ),
    (rooms.names_stay_in_their_rooms, "config/a.py", "import os\n\nx = os.urandom(8)\n"),
    (rooms.names_stay_in_their_rooms, "messages/a.py", "x = open('a')\n"),
    (rooms.names_stay_in_their_rooms, "actors/a.py", "import trio as t\n\nt.open_tcp_stream\n"),
    (rooms.names_stay_in_their_rooms, "simulator/a.py", "from trio import open_tcp_stream\n"),
    (rooms.names_stay_in_their_rooms, "supervisors/a.py", "import socket\n"),
    (rooms.names_stay_in_their_rooms, "actors/transport/a.py", "import trio\n\ntrio.serve_tcp\n"),
    (rooms.names_stay_in_their_rooms, "arbtree/commands/a.py", "import gzip\n"),
    (rooms.names_stay_in_their_rooms, "supervisors/a.py", "import sqlite3\n"),
    (rooms.names_stay_in_their_rooms, "actors/a.py", "import os\n\nx = os.environ['A']\n"),
    (rooms.the_runtime_knows_no_trading, "actors/runtime/a.py", "from messages import market\n"),
    (rooms.the_runtime_knows_no_trading, "supervisors/a.py", "from actors.book import Book\n"),
    (rooms.the_runtime_knows_no_trading, "supervisors/a.py", "import supervisors.tree\n"),
)

RIGHT = {
    "README.md": "# Title\n\n```\n# in a block\n```\n\nSee https://example.org/home/simple.\n",
    "a.lock": "trio==0.35.0 ; os_name == 'nt' \\\n    --hash=sha256:0a \\\n    --hash=sha256:1b\n",
    "actors/transport/dial.py": f"{MODULE}import ssl\n\nimport trio\n\nx = trio.open_tcp_stream\n",
    "actors/recordings/captures.py": f"{MODULE}import gzip\n",
    "actors/runtime/actor.py": f"{MODULE}from messages.errors import ArbtreeError\n",
    "config/reader.py": f"{MODULE}import os\n\nx = os.environ\n",
    "exchanges/base64_frames.py": f"{MODULE}from datetime import date\n\nx = date(1, 1, 1)\n",
    "markets/book.py": (
        f"{MODULE}x: int = ''  {SILENT}[assignment] # the stub of it is wrong\n"
        f"# the table reads better in one line\ny = 1  {UNCHECKED}: E501\n\n\n"
        'class Book:\n    """A book."""\n\n    def _hidden(self) -> None:\n        pass\n'
    ),
    "supervisors/tree.py": f"{MODULE}from actors.book import BookActor\n",
    "tests/markets/__init__.py": "",
    "tests/test_a.py": f'{MODULE}def test_a() -> None:\n    """It holds."""\n',
}
for _room in ("actors/recordings", "actors/runtime", "actors/transport", *ROOMS):
    RIGHT[f"{_room}/__init__.py"] = MODULE
ALL_RULES = (*shape.RULES, *texts.RULES, *rooms.RULES)


@pytest.mark.parametrize(
    ("rule", "path", "content"),
    PLANTED,
    ids=[f"{rule.__name__}-{number}" for number, (rule, _, _) in enumerate(PLANTED)],
)
def test_a_planted_violation_is_found(rule: Rule, path: str, content: str) -> None:
    """The rule reports the planted file."""
    found = list(rule(Repository((File(path, content.encode()),))))
    assert found
    assert {violation.path for violation in found} == {path}


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_what_is_right_is_left_alone(rule: Rule) -> None:
    """The rule reports nothing in files that keep it."""
    right = Repository(tuple(File(path, text.encode()) for path, text in RIGHT.items()))
    assert [str(violation) for violation in rule(right)] == []


def test_every_rule_has_a_planted_violation() -> None:
    """No rule goes without a proof that it can fail."""
    assert {rule for rule, _, _ in PLANTED} == set(ALL_RULES)


def test_reading_a_folder_skips_what_no_one_wrote(tmp_path: Path) -> None:
    """Without git every file is read but those of environments and caches."""
    unseen = (".venv/lib/a.py", "markets/__pycache__/b.pyc", ".mypy_cache/c.db")
    for name in ("README.md", "markets/book.py", *unseen):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# A\n")
    seen = [file.path for file in read_repository(tmp_path).files]
    assert seen == ["README.md", "markets/book.py"]


def test_generated_code_is_not_judged_by_its_style() -> None:
    """A file that a program wrote may be as long as it likes."""
    long = File("exchanges/mexc/frames_pb2.py", b"x = 1\n" * (shape.MODULE_LINES_MAX + 1))
    assert list(shape.modules_are_short(Repository((long,)))) == []
