"""The caching policy as rules about sources: one cache, and live views only where they are listed.

A *cache* answers without proof that its answer is still true; there is one, and it takes static
facts only.  A *live view* has one owner and one feed and dies with it.  What the sources cannot
say (a float that is a price) the reviewers must; what they can is found here: functions that
remember, containers that outlive a call, and attributes that hold real-time types.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from tests.tidy.repository import File, Repository, Violation
from tests.tidy.rooms import uses

MEMORIES = (
    "functools.cache.",
    "functools.cached_property.",
    "functools.lru_cache.",
    "weakref.WeakKeyDictionary.",
    "weakref.WeakValueDictionary.",
)
"""Names that make something remember its answers."""

CACHE_LIBRARIES = ("aiocache", "async_lru", "cachetools", "diskcache", "shelve")

_CONTAINERS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
_CONTAINER_CALLS = frozenset(
    {
        "Counter",
        "OrderedDict",
        "defaultdict",
        "deque",
        "dict",
        "list",
        "set",
        "ChainMap",
        "bytearray",
    }
)
_CHANGES = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert"),
        *("pop", "popitem", "popleft", "remove", "setdefault", "update", "sort", "reverse"),
        *("difference_update", "intersection_update", "symmetric_difference_update"),
    }
)


def nothing_else_remembers(repository: Repository) -> Iterator[Violation]:
    """No function remembers its answers, by the library or by another's."""
    for file in repository.rooms():
        for line, used in sorted(set(uses(file))):
            if used in MEMORIES or used.split(".")[0] in CACHE_LIBRARIES:
                yield file.broken(line, f"{used.rstrip('.')}: the one cache is actors/static_cache")


def tables_are_never_written(repository: Repository) -> Iterator[Violation]:
    """A container of a module or of a class is a table: nothing adds to it after its line.

    Nor to what is written as a constant, wherever it was made; functions keep nothing at all.
    """
    for file in repository.rooms():
        tables = {name for name, _ in _tables(file.tree)}
        for node in ast.walk(file.tree):
            for store in _stores_of_functions(node):
                yield file.broken(store.lineno, f"{ast.unparse(store)}: a function keeps no state")
            if isinstance(node, ast.Global):
                yield file.broken(
                    node.lineno, f"global {', '.join(node.names)}: a module keeps no state"
                )
            target = _changed(node)
            name = (target or "").split(".")[-1]
            if name.isupper() or (name in tables and _outside(target or "")):
                yield file.broken(
                    getattr(node, "lineno", 1), f"{target} is written: a table is no store"
                )


def live_views_are_listed(
    repository: Repository, volatile: Collection[str], owners: Mapping[tuple[str, str], str]
) -> Iterator[Violation]:
    """Only the owners listed keep something real-time in an attribute or a field.

    Args:
        repository: the project.
        volatile: names of the types that are real-time.
        owners: by (path, class), why it may keep some.
    """
    for file in repository.rooms():
        for node in ast.walk(file.tree):
            if isinstance(node, ast.ClassDef) and (file.path, node.name) not in owners:
                for line, name in sorted(set(_kept(node, volatile))):
                    yield file.broken(line, f"{node.name}.{name} keeps real-time data")


def keepers(file: File, volatile: Collection[str]) -> set[str]:
    """The classes of a file that keep something real-time."""
    return {
        node.name
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ClassDef) and any(_kept(node, volatile))
    }


def _tables(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield name and line of each container made in the body of the module or of a class."""
    for node in _outside_of_functions(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_container(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.lineno


def _outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported, whatever it stands in."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_of_functions(child)


def _is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        made = value.func.value if isinstance(value.func, ast.Subscript) else value.func
        return ast.unparse(made).split(".")[-1] in _CONTAINER_CALLS
    if isinstance(value, ast.BinOp):
        return _is_container(value.left) or _is_container(value.right)
    return isinstance(value, _CONTAINERS)


def _stores_of_functions(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what outlives the calls of a function: containers as defaults, or as its attributes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        defaults = (*node.args.defaults, *node.args.kw_defaults)
        yield from (each for each in defaults if each is not None and _is_container(each))
    elif isinstance(node, ast.Module):
        functions = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        for each in _outside_of_functions(node):
            for target in each.targets if isinstance(each, ast.Assign) else ():
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) in functions:
                    yield target


def _changed(node: ast.AST) -> str | None:
    """What a statement or call changes in place, as source; None when it changes nothing so."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value) if node.func.attr in _CHANGES else None
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    for target in targets:
        if isinstance(target, ast.Subscript):
            return ast.unparse(target.value)
    return None


def _outside(target: str) -> bool:
    """Whether a target is the module's or the class's, not an attribute of something else."""
    return target.count(".") == 0 or target.split(".")[0] in ("cls", "self") or target[0].isupper()


def _kept(owner: ast.ClassDef, volatile: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of what a class keeps of volatile types, in fields and attributes."""
    for node in owner.body:
        if isinstance(node, ast.AnnAssign) and _mentions(node.annotation, volatile):
            yield node.lineno, ast.unparse(node.target)
    for function in owner.body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _assigned(function, volatile)


def _assigned(
    function: ast.FunctionDef | ast.AsyncFunctionDef, volatile: Collection[str]
) -> Iterator[tuple[int, str]]:
    """Yield the attributes of `self` that a method sets to something volatile."""
    known = {
        each.arg
        for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        if each.annotation is not None and _mentions(each.annotation, volatile)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.AnnAssign) and _mentions(node.annotation, volatile):
            if isinstance(node.target, ast.Name):
                known.add(node.target.id)
            else:
                yield node.lineno, ast.unparse(node.target)
        elif isinstance(node, ast.Assign) and _is_volatile(node.value, known, volatile):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    known.add(target.id)
                elif ast.unparse(target).startswith("self."):
                    yield node.lineno, ast.unparse(target)


def _is_volatile(value: ast.expr, known: set[str], volatile: Collection[str]) -> bool:
    """Whether an expression is plainly of a volatile type: made here, or named as one before."""
    if isinstance(value, ast.Name):
        return value.id in known
    return isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] in volatile


def _mentions(annotation: ast.expr, volatile: Collection[str]) -> bool:
    """Whether an annotation speaks of a volatile type as something held, not as one passed on."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.Subscript):
        head = ast.unparse(annotation.value).split(".")[-1]
        if head in ("Callable", "type", "ClassVar", "Literal"):
            return False
        return _mentions(annotation.slice, volatile)
    if isinstance(annotation, ast.Tuple | ast.List):
        return any(_mentions(each, volatile) for each in annotation.elts)
    if isinstance(annotation, ast.BinOp):
        return _mentions(annotation.left, volatile) or _mentions(annotation.right, volatile)
    return isinstance(annotation, ast.Name | ast.Attribute) and (
        ast.unparse(annotation).split(".")[-1] in volatile
    )
