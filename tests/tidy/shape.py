"""Rules about Python sources: sizes, names, docstrings and silenced checks."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.tidy.repository import File, Repository, Violation

MODULE_LINES_MAX = 400
"""Above this nobody holds a module in their head; the median of good code is 200 to 300."""
FUNCTION_LINES_MAX = 70
"""One screen."""
COLUMNS_MAX = 100
"""Two files side by side."""

EMPTY_NAMES = frozenset({"base", "common", "helper", "helpers", "manager", "util", "utils"})
"""Names that say nothing about what a file holds, as one of its words."""

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITION = (*_FUNCTION, ast.ClassDef)

_SILENCED = re.compile(r"#\s*(?:type:\s*ignore|noqa|ruff:\s*noqa|mypy:\s*ignore)")
_WITH_REASON = re.compile(
    r"#\s*(?:type:\s*ignore\[[\w, -]+\]|noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)"
    r"\s*[#:-]+\s*\w.{9,}"
)


def modules_are_short(repository: Repository) -> Iterator[Violation]:
    """A module has at most 400 lines."""
    for file in repository.sources():
        count = len(file.text.splitlines())
        if count > MODULE_LINES_MAX:
            yield file.broken(count, f"{count} lines, at most {MODULE_LINES_MAX}")


def functions_are_short(repository: Repository) -> Iterator[Violation]:
    """A function has at most 70 lines, its decorators and docstring included."""
    for file in repository.sources():
        for node in ast.walk(file.tree):
            if isinstance(node, _FUNCTION):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                count = (node.end_lineno or first) - first + 1
                if count > FUNCTION_LINES_MAX:
                    text = f"{node.name} has {count} lines, at most {FUNCTION_LINES_MAX}"
                    yield file.broken(node.lineno, text)


def lines_are_short(repository: Repository) -> Iterator[Violation]:
    """A line of Python has at most 100 columns."""
    for file in repository.sources():
        for number, line in enumerate(file.text.splitlines(), 1):
            if len(line) > COLUMNS_MAX:
                yield file.broken(number, f"{len(line)} columns, at most {COLUMNS_MAX}")


def names_say_something(repository: Repository) -> Iterator[Violation]:
    """No file or folder is called by a word that fits everything."""
    for file in repository.files:
        for part in PurePosixPath(file.path).parts:
            empty = EMPTY_NAMES.intersection(re.split(r"[._-]", part.lower()))
            if empty:
                yield file.broken(1, f"the name {part} says {min(empty)}: say what it holds")


def public_names_are_documented(repository: Repository) -> Iterator[Violation]:
    """Every module has a docstring, and in the product every public class and function too."""
    for file in repository.sources():
        if file.room == "tests" and not file.content:
            continue  # an empty __init__.py only makes a folder of tests a package
        if ast.get_docstring(file.tree) is None:
            yield file.broken(1, "the module has no docstring")
        if file.room != "tests":
            for node, name in _public(file.tree, ""):
                if ast.get_docstring(node) is None:
                    yield file.broken(node.lineno, f"{name} has no docstring")


def _public(
    parent: ast.Module | ast.ClassDef, prefix: str
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
    """Walk the public definitions of a module: not private, not magic, not inside a function."""
    for node in parent.body:
        if isinstance(node, _DEFINITION) and not node.name.startswith("_"):
            if not _repeats_a_name(node):
                yield node, prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{prefix}{node.name}.")


def _repeats_a_name(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether this is an overload, or the setter of a property that its getter documents."""
    names = [ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list]
    return any(name in ("overload", "setter", "deleter") for name in names)


def tests_say_what_they_show(repository: Repository) -> Iterator[Violation]:
    """Every test has a docstring of one sentence."""
    for file in repository.sources():
        if file.room == "tests":
            for node in ast.walk(file.tree):
                if isinstance(node, _FUNCTION) and node.name.startswith("test_"):
                    sentence = ast.get_docstring(node) or ""
                    if not sentence.endswith((".", "!", "?")) or "\n\n" in sentence:
                        yield file.broken(
                            node.lineno, f"{node.name}: say in one sentence what it shows"
                        )


def silenced_checks_have_a_reason(repository: Repository) -> Iterator[Violation]:
    """A silenced check names its rule and, on its own line or the line above, the reason."""
    for file in repository.sources():
        above = -1
        for line, comment, alone in _comments(file):
            if _SILENCED.match(comment):
                named = re.search(r"ignore\[|noqa:\s*[A-Z]+\d", comment)
                if not named or not (_WITH_REASON.match(comment) or above == line - 1):
                    yield file.broken(line, f"{comment!r} silences a check without a reason")
            elif alone:
                above = line


def _comments(file: File) -> Iterator[tuple[int, str, bool]]:
    """Yield line, text and whether it stands alone, of every comment."""
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string, token.line.lstrip().startswith("#")


RULES = (
    modules_are_short,
    functions_are_short,
    lines_are_short,
    names_say_something,
    public_names_are_documented,
    tests_say_what_they_show,
    silenced_checks_have_a_reason,
)
