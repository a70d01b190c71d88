"""The one cache of the system: static facts with a time to live, and nothing else.

A cache answers without proof that its answer is still true.  That is right for what a venue
changes a few times a day (symbol info, fee schedules, limits) and never for what it changes all
the time: so a type that does not declare `volatile = False`, or that holds one anywhere inside, is
refused when a cache is made for it, and again when a value is put in.
"""

from __future__ import annotations

import decimal
import enum
import types
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

import trio
from msgspec import Struct

if TYPE_CHECKING:
    from actors.runtime.clock import Clock

T = TypeVar("T", bound=Struct)

MAX_FACTS = 100_000
"""Ten times the symbols of the largest venue: more is no answer of a venue."""

_PLAIN = (str, bytes, int, float, bool, type(None), decimal.Decimal, enum.Enum)
_PLAIN_TYPES = frozenset({str, bytes, int, float, bool, type(None), decimal.Decimal})
"""Looked up first: nearly every field of a fact is one of these."""
_CONTAINERS = (tuple, list, set, frozenset, dict)


class NotStatic(TypeError):
    """Something volatile, or not known to be static, was about to be cached: a mistake of ours."""


class _Load:
    """One load under way, shared by everyone who asks meanwhile."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.error: Exception | None = None


class StaticCache(Generic[T]):
    """Facts of one kind by name, loaded on first need and kept for their time to live.

    Args:
        kind: the struct of each fact, which says `volatile = False`.
        load: brings all facts anew; its errors reach every caller that waits for this load.
        clock: measures the age of what is kept.
        ttl_s: how long an answer counts, in seconds, above 0.

    Raises:
        NotStatic: the kind is volatile, or holds something that is or may be.
        ValueError: there is no time to live.
    """

    def __init__(
        self,
        kind: type[T],
        load: Callable[[], Awaitable[Mapping[str, T]]],
        clock: Clock,
        ttl_s: float,
    ) -> None:
        refuse_volatile_type(kind)
        if not ttl_s > 0.0:
            raise ValueError(f"a time to live of {ttl_s} s keeps nothing")
        self._kind = kind
        self._load = load
        self._clock = clock
        self._ttl_ns = int(ttl_s * 1e9)
        self._facts: dict[str, T] | None = None
        self._loaded_ns = 0
        self._loading: _Load | None = None
        self.loads = 0

    def known(self, name: str) -> T | None:
        """What was loaded last about a name, however long ago; None when nothing was."""
        return self._facts.get(name) if self._facts is not None else None

    def due_in_s(self) -> float:
        """Seconds until what was loaded last is too old; 0 when it is, or nothing was loaded."""
        age_ns = self._clock.now_ns() - self._loaded_ns
        return max(0.0, (self._ttl_ns - age_ns) / 1e9) if self._facts is not None else 0.0

    async def all(self) -> Mapping[str, T]:
        """Every fact by name, loaded anew when the last load is too old.

        Callers that ask while a load is under way share it and its error; when the one that loads
        is cancelled, another takes over.
        """
        while not self._fresh():
            under_way = self._loading
            if under_way is None:
                await self._load_once()
            else:
                await under_way.done.wait()
                if under_way.error is not None:
                    raise under_way.error
        assert self._facts is not None
        return types.MappingProxyType(self._facts)

    def put(self, facts: Mapping[str, T]) -> None:
        """Take all facts in as of now, in place of those before.

        Raises:
            NotStatic: one is of another type, or holds something that is not static.
            ValueError: there are more than `MAX_FACTS`.
        """
        if len(facts) > MAX_FACTS:
            raise ValueError(f"{len(facts)} facts are more than {MAX_FACTS}")
        for fact in facts.values():
            if type(fact) is not self._kind:
                raise NotStatic(f"a {type(fact).__name__} in a cache of {self._kind.__name__}")
            refuse_volatile(fact)
        self._facts = dict(facts)
        self._loaded_ns = self._clock.now_ns()
        self.loads += 1

    def _fresh(self) -> bool:
        return self.due_in_s() > 0.0

    async def _load_once(self) -> None:
        self._loading = load = _Load()
        try:
            self.put(await self._load())
        except Exception as error:
            load.error = error
            raise
        finally:
            self._loading = None
            load.done.set()


def refuse_volatile_type(kind: object) -> None:
    """Check that nothing of a type can be volatile.

    Raises:
        NotStatic: it is a volatile struct, one that does not say, or holds what may be anything.
    """
    _check_type(kind, set())


def _check_type(kind: object, seen: set[object]) -> None:
    origin = typing.get_origin(kind)
    if origin is not None:
        if origin not in (*_CONTAINERS, Mapping, Iterable, typing.Union, types.UnionType):
            raise NotStatic(f"{kind} is not known to be static")
        for part in typing.get_args(kind):
            if part is not Ellipsis:
                _check_type(part, seen)
    elif not isinstance(kind, type):
        raise NotStatic(f"{kind} is not known to be static")
    elif issubclass(kind, Struct):
        if kind not in seen:
            seen.add(kind)
            _check_says_static(kind)
            hints = typing.get_type_hints(kind)
            for name in kind.__struct_fields__:
                _check_type(hints[name], seen)
    elif not issubclass(kind, _PLAIN):
        raise NotStatic(f"{kind.__name__} is not known to be static")


def refuse_volatile(value: object) -> None:
    """Check that nothing inside a value is volatile, whatever its types promise.

    Raises:
        NotStatic: something is, or is of a type that does not say.
    """
    if type(value) in _PLAIN_TYPES or isinstance(value, _PLAIN):
        return
    if isinstance(value, Struct):
        _check_says_static(type(value))
        for name in value.__struct_fields__:
            refuse_volatile(getattr(value, name))
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            refuse_volatile(key)
            refuse_volatile(entry)
    elif isinstance(value, _CONTAINERS):
        for entry in value:
            refuse_volatile(entry)
    else:
        raise NotStatic(f"{type(value).__name__} is not known to be static")


def _check_says_static(kind: type[Struct]) -> None:
    if getattr(kind, "volatile", None) is not False:
        said = (
            "is volatile" if getattr(kind, "volatile", None) else "does not say that it is static"
        )
        raise NotStatic(f"{kind.__name__} {said}: it is never cached")
