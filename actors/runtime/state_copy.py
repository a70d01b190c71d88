"""Copying the attributes of an object into a struct and back, for crash capsules.

A class keeps its state in attributes; its form is a struct with a field for each, of the same name
without a leading underscore.  Fields that are lists, dicts or sets are copied one level deep,
which is all there is to copy where their members are immutable; parts that have a form of their
own are copied in turn.  It costs some 40 ns a field, and what copying a list of that length costs.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

from msgspec import Struct

T = TypeVar("T")

Copier = Callable[[Any], Any]


class StateForm(Generic[T]):
    """How the objects of one class are copied.

    Args:
        kind: the class.
        form: its struct.
        left_out: attributes that are not state, or are made of it by the owner.
        lists: fields that are dicts of lists, which are copied too.
        parts: forms of attributes that are such objects themselves, by field.
    """

    def __init__(
        self,
        kind: type[T],
        form: type[Struct],
        left_out: tuple[str, ...] = (),
        lists: tuple[str, ...] = (),
        **parts: StateForm[Any],
    ) -> None:
        self.kind = kind
        self.form = form
        self.left_out = left_out
        self._parts = parts
        self._fields = form.__struct_fields__
        self._copiers = self._find_copiers(lists)
        self._names: list[str] = []
        self._get: Callable[[T], tuple[Any, ...]] | None = None

    def _find_copiers(self, lists: tuple[str, ...]) -> list[tuple[int, Copier]]:
        hints = get_type_hints(self.form)
        found: list[tuple[int, Copier]] = []
        for index, field in enumerate(self._fields):
            origin = get_origin(hints[field])
            if field in self._parts:
                found.append((index, self._parts[field].copy))
            elif field in lists:
                found.append((index, _copy_lists))
            elif origin in (list, dict, set):
                found.append((index, origin))
        return found

    def names(self, example: T) -> list[str]:
        """The attributes that are copied, in the order of the fields."""
        if not self._names:
            have = getattr(self.kind, "__slots__", None) or vars(example)
            self._names = [field if field in have else f"_{field}" for field in self._fields]
        return self._names

    def copy(self, source: T) -> Any:
        """Return the state of an object as its struct; None for None."""
        if source is None:
            return None
        get = self._get
        if get is None:
            get = self._get = attrgetter(*self.names(source))
        values = list(get(source))
        for index, copier in self._copiers:
            values[index] = copier(values[index])
        return self.form(*values)

    def fill(self, target: T, state: Any) -> None:
        """Make an object what a struct says, in place; parts that are there are filled too."""
        for field, name in zip(self._fields, self.names(target), strict=True):
            value = getattr(state, field)
            there = getattr(target, name, None)
            part = self._parts.get(field)
            if part is not None and value is not None:
                if there is not None and type(there) is part.kind:
                    part.fill(there, value)
                    continue
                value = part.make(value)
            if type(there) is deque:
                value = deque(value, there.maxlen)
            elif type(there) is array:
                value = array(there.typecode, value)
            setattr(target, name, value)

    def make(self, state: Any) -> T:
        """Return a new object that is what a struct says, its constructor not called."""
        made = self.kind.__new__(self.kind)
        self.fill(made, state)
        return made


def _copy_lists(found: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    return {key: list(each) for key, each in found.items()} if found else {}
