"""Secrets: a type that cannot print, and the credentials of a venue.

Credentials come from the environment (`ARBTREE_<VENUE>_KEY`, `..._SECRET`, `..._PASSPHRASE`) or
from the TOML file that `ARBTREE_KEYS_FILE` names, one table a venue, readable by its owner alone.
No error of this module shows what a variable or the file holds.
"""

from __future__ import annotations

import hmac
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from typing import NoReturn, SupportsIndex, final

from msgspec import Struct

from messages.errors import ConfigError

MAX_KEYS_FILE_BYTES = 1 << 16
"""Sixty venues with keys of 1 kB; a larger file is some other file."""
MAX_SECRET_CHARACTERS = 4096
"""A PEM-encoded RSA key of 4096 bits has about 3,300; nothing longer is a key."""
KEYS_FILE_VARIABLE = "ARBTREE_KEYS_FILE"
HIDDEN = "***"

_PARTS = ("key", "secret", "passphrase")
_WHERE = re.compile(r"\(at line (\d+), column (\d+)\)")


@final
class Secret:
    """A text that shows itself only when asked by `reveal()`.

    `repr`, `str` and `format` give `***`; pickling, copying into JSON and iterating are refused.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself; for signing, never for printing."""
        return self.__text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.__text.encode())

    def __hash__(self) -> int:
        # A dictionary of secrets is a cache of secrets; the hash of one could be compared.
        raise TypeError("a Secret cannot be a key or member")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")


class Credentials(Struct, frozen=True):
    """What signs the requests to one venue; some venues want a passphrase too."""

    key: Secret
    secret: Secret
    passphrase: Secret | None = None


def credentials(venue: str, environment: Mapping[str, str] | None = None) -> Credentials | None:
    """Load the credentials of a venue.

    Args:
        venue: the venue's id, for example `binance_usdm`.
        environment: variables to read; the process's own when left out.

    Returns:
        The credentials; None when neither the environment nor the keys file has any.

    Raises:
        ConfigError: only some of them are given, one is malformed, or the keys file is not ours
            alone; names variable or file, never a content.
    """
    variables = os.environ if environment is None else environment
    prefix = f"ARBTREE_{venue.upper()}_"
    given: dict[str, object] = {
        part: variables[prefix + part.upper()]
        for part in _PARTS
        if variables.get(prefix + part.upper(), "").strip()
    }
    if given:
        names = {part: prefix + part.upper() for part in _PARTS}
        return _complete(given, names, file="environment", table="")
    file = variables.get(KEYS_FILE_VARIABLE, "")
    if not file:
        return None
    table = _keys(file).get(venue)
    if table is None:
        return None
    if not isinstance(table, dict) or not set(table) <= set(_PARTS):
        raise ConfigError(
            file=file,
            table=venue,
            expected=f"a table with {', '.join(_PARTS)}",
            found="something else",
        )
    return _complete(table, {part: part for part in _PARTS}, file=file, table=venue)


def every_secret(environment: Mapping[str, str] | None = None) -> tuple[Secret, ...]:
    """Find whatever may be a secret of any venue, so that it can be kept out of what is written.

    Args:
        environment: variables to read; the process's own when left out.

    Returns:
        The values of all variables that are named like credentials, and every text of the keys
        file; nothing of a file that `credentials` would refuse, for nobody has read it either.
    """
    variables = os.environ if environment is None else environment
    endings = tuple(f"_{part.upper()}" for part in _PARTS)
    found = [
        value
        for name, value in variables.items()
        if name.startswith("ARBTREE_") and name.endswith(endings)
    ]
    file = variables.get(KEYS_FILE_VARIABLE, "")
    if file:
        try:
            for table in _keys(file).values():
                values = table.values() if isinstance(table, dict) else (table,)
                found += [value for value in values if isinstance(value, str)]
        except ConfigError:
            pass  # whoever needs the file says what is wrong with it
    return tuple(Secret(text.strip()) for text in found if text.strip())


def keyed_venues(
    venues: Iterable[str], environment: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Which of these venues have credentials; raises what `credentials` raises."""
    return tuple(venue for venue in venues if credentials(venue, environment) is not None)


def _complete(
    given: Mapping[str, object], names: Mapping[str, str], *, file: str, table: str
) -> Credentials:
    """Check each part and put them together."""
    parts: dict[str, Secret] = {}
    for part, value in given.items():
        text = value.strip() if isinstance(value, str) else ""
        # Keys go into header lines: a line break or a space in one would end it early there.
        clean = (
            0 < len(text) <= MAX_SECRET_CHARACTERS
            and text.isascii()
            and ((text.isprintable() and " " not in text) or text.startswith("-----BEGIN "))
        )
        if not clean:
            raise ConfigError(
                file=file,
                table=table,
                key=names[part],
                expected=f"1 to {MAX_SECRET_CHARACTERS} printable characters without spaces",
                found="something else",
            )
        parts[part] = Secret(text)
    for part in ("key", "secret"):
        if part not in parts:
            raise ConfigError(
                file=file,
                table=table,
                key=names[part],
                expected=f"a value, since {names[next(iter(parts))]} is given"
                if parts
                else "a value",
                found="nothing",
            )
    return Credentials(parts["key"], parts["secret"], parts.get("passphrase"))


def _keys(file: str) -> Mapping[str, object]:
    """Read the keys file after checking that it is ours alone."""
    text = _private_text(file)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # The parser's own words could quote a key: only the place is passed on.
        match = _WHERE.search(str(error))
        place = f"a mistake at line {match[1]}, column {match[2]}" if match else "a mistake"
    raise ConfigError(file=file, expected="TOML", found=place)


def _private_text(file: str) -> str:
    def refuse(expected: str, found: str) -> ConfigError:
        return ConfigError(file=file, expected=expected, found=found)

    try:
        # O_NONBLOCK: opening a pipe of that name must not wait for its other end.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        found = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse("a readable keys file", str(found).lower()) from error
    try:
        # The open file is asked, not its name: what is checked is what is read.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise refuse("a regular file", "something else")
        if status.st_uid != os.geteuid():
            raise refuse("a file of the user who runs arbtree", f"one of user {status.st_uid}")
        if status.st_mode & 0o077:
            raise refuse("mode 0600", f"mode {stat.S_IMODE(status.st_mode):04o}")
        raw = os.read(descriptor, MAX_KEYS_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(raw) > MAX_KEYS_FILE_BYTES:
        raise refuse(f"at most {MAX_KEYS_FILE_BYTES} bytes", "more")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # Raised below, outside this block: the decoding error carries the file's content.
        pass
    raise refuse("UTF-8 text", "other bytes")
