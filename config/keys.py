"""The tables and keys of the configuration described as data.

The structs of `config.settings` are the source; error texts and `docs/configuration.md` are the
uses.  `python -m config.keys` prints the tables of that page.
"""

from __future__ import annotations

import json

import msgspec
from msgspec import NODEFAULT, Struct, inspect

from config.settings import Settings


class Key(Struct, frozen=True):
    """One key: `expected` in words, `default` as TOML (empty: required, or off when left out)."""

    name: str
    expected: str
    default: str
    meaning: str
    required: bool


class Table(Struct, frozen=True):
    """One table, `[name]` or, as an array of tables, `[[name]]`."""

    name: str
    array: bool
    struct: type[Struct]
    meaning: str
    keys: tuple[Key, ...]

    @property
    def title(self) -> str:
        """The table's header as it stands in a file."""
        return f"[[{self.name}]]" if self.array else f"[{self.name}]"

    def key(self, name: str) -> Key:
        """The key of that name, which exists."""
        return next(key for key in self.keys if key.name == name)


def tables() -> tuple[Table, ...]:
    """Describe every table of the configuration, in the order of the example file."""
    whole = inspect.type_info(Settings)
    assert isinstance(whole, inspect.StructType)
    return tuple(_table(field) for field in whole.fields)


def _table(field: inspect.Field) -> Table:
    kind = field.type
    array = isinstance(kind, inspect.VarTupleType)
    if isinstance(kind, inspect.VarTupleType):
        kind = kind.item_type
    assert isinstance(kind, inspect.StructType)
    meaning = (kind.cls.__doc__ or "").strip().splitlines()[0]
    keys = tuple(_key(entry) for entry in kind.fields)
    return Table(field.encode_name, array, kind.cls, meaning, keys)


def _key(field: inspect.Field) -> Key:
    return Key(
        field.encode_name,
        _expected(field.type),
        "" if field.default in (NODEFAULT, None) else toml_value(field.default),
        _said(field.type, "description"),
        field.required,
    )


def toml_value(value: object) -> str:
    """Write a default as TOML would: `true`, `20`, `1000.0`, `"text"`, `[1.0, 2.0]`."""
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def _bare(kind: inspect.Type) -> inspect.Type:
    """Strip the wrappers that carry meaning and optionality."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        kept = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
        return _bare(kept[0])
    return kind


def _said(kind: inspect.Type, what: str) -> str:
    """What an annotation says about itself: its `title` or `description`, or nothing."""
    if isinstance(kind, inspect.UnionType):
        return next(filter(None, (_said(part, what) for part in kind.types)), "")
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra_json_schema or {}).get(what, ""))
    return ""


def _expected(kind: inspect.Type) -> str:
    """Say in words what a key takes: its title, or its type and range."""
    title = _said(kind, "title")
    if title:
        return title
    match _bare(kind):
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() as whole:
            step = f", a multiple of {whole.multiple_of}" if whole.multiple_of else ""
            return f"a whole number{_range(whole)}{step}"
        case inspect.FloatType() as number:
            return f"a number{_range(number)}"
        case inspect.LiteralType(values=values):
            names = [json.dumps(value) for value in values]
            return names[0] if len(names) == 1 else f"one of {', '.join(names)}"
        case inspect.VarTupleType() as items:
            most = f"{items.min_length or 0} to {items.max_length} entries"
            return f"a list of {most}, each {_expected(items.item_type)}"
        case inspect.StrType(max_length=int() as most_characters):
            return f"text of at most {most_characters} characters"
    raise TypeError(f"no words for {kind}")


def _range(number: inspect.IntType | inspect.FloatType) -> str:
    low = "" if number.ge is None else f" from {_plain(number.ge)}"
    if number.lt is not None:
        return f"{low} to below {_plain(number.lt)}"
    return low if number.le is None else f"{low} to {_plain(number.le)}"


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def markdown() -> str:
    """The tables of `docs/configuration.md`: one section a table, one row a key."""
    lines: list[str] = []
    for table in tables():
        lines += [f"### `{table.title}`", "", table.meaning, ""]
        lines += ["| key | expected | default | meaning |", "|---|---|---|---|"]
        for key in table.keys:
            default = "required" if key.required else f"`{key.default}`" if key.default else "-"
            expected = key.expected.replace("|", "\\|")
            lines.append(f"| `{key.name}` | {expected} | {default} | {key.meaning} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(), end="")
