"""Who may use what: the rules of the house that import contracts cannot say.

The contracts in pyproject.toml hold the floors.  Here are the rules about single names (a call
of `datetime.now` in a pure room) and the rules with an exception inside a room (sockets only in
one folder of `actors`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.tidy.repository import ROOMS, File, Repository, Violation

PURE = ("config/", "exchanges/", "markets/", "messages/")
DATA_ONLY = ("exchanges/", "markets/", "messages/")
"""Pure rooms that touch no file either; `config` reads the user's."""

RUNTIME_MAY_USE = ("actors.runtime", "messages.errors", "supervisors")
"""All that the actor runtime may import of this project: it knows nothing of trading."""
LISTENERS = ("supervisors/inspector.py", "supervisors/metrics.py")
"""The only files of the engine that listen, both for this machine alone."""
NOT_RUNTIME = ("supervisors/tree.py", "supervisors/__main__.py")
"""Where the runtime meets trading."""


@dataclass(frozen=True)
class Place:
    """Names that may be used only in some places, or never in others.

    A name covers everything below it: `socket` covers `socket.create_connection`.
    """

    what: str
    names: tuple[str, ...]
    only_in: tuple[str, ...] = ("",)
    never_in: tuple[str, ...] = ()

    def allows(self, path: str) -> bool:
        """Whether a file may use the names."""
        return path.startswith(self.only_in) and not path.startswith(self.never_in or ("\0",))


PLACES = (
    Place(
        "a clock or chance is read in a pure room; both are arguments there",
        (
            "datetime.date.today",
            "datetime.datetime.now",
            "datetime.datetime.today",
            "datetime.datetime.utcnow",
            "os.getrandom",
            "os.urandom",
            "random",
            "secrets",
            "time",
            "uuid.uuid1",
            "uuid.uuid4",
        ),
        never_in=PURE,
    ),
    Place(
        "a file or the system is touched in a room that only computes",
        ("builtins.open", "builtins.print", "io", "logging", "os", "pathlib", "shutil"),
        never_in=DATA_ONLY,
    ),
    Place(
        "outbound sockets are opened only in actors/transport",
        (
            "httpx.AsyncClient",
            "httpx.Client",
            "trio.open_ssl_over_tcp_stream",
            "trio.open_tcp_stream",
            "trio.open_unix_socket",
            "trio_websocket.connect_websocket",
            "trio_websocket.connect_websocket_url",
            "trio_websocket.open_websocket",
            "trio_websocket.open_websocket_url",
        ),
        only_in=("actors/transport/",),
    ),
    Place(
        "the wire is spoken only in actors/transport, the simulator, the inspector and metrics",
        (
            "h11",
            "httpcore",
            "httpx",
            "socket",
            "ssl",
            "trio.SSLStream",
            "trio.SocketStream",
            "trio.socket",
            "trio_websocket",
            "wsproto",
        ),
        only_in=("actors/transport/", "simulator/", *LISTENERS),
    ),
    Place(
        "listeners are opened only in the simulator, the inspector and metrics",
        (
            "trio.SocketListener",
            "trio.SSLListener",
            "trio.open_ssl_over_tcp_listeners",
            "trio.open_tcp_listeners",
            "trio.serve_listeners",
            "trio.serve_ssl_over_tcp",
            "trio.serve_tcp",
            "trio_websocket.serve_websocket",
        ),
        only_in=("simulator/", *LISTENERS),
    ),
    Place(
        "recordings are read and written only in actors/recordings",
        ("backports.zstd", "bz2", "compression", "gzip", "lzma", "tarfile", "zipfile", "zstandard"),
        only_in=("actors/recordings/",),
    ),
    Place(
        "the journal is read and written only in actors/journal.py",
        ("sqlite3",),
        only_in=("actors/journal.py",),
    ),
    Place(
        "settings and the environment are read only in config",
        ("configparser", "os.environ", "os.environb", "os.getenv", "tomllib"),
        only_in=("config/",),
    ),
)


def names_stay_in_their_rooms(repository: Repository) -> Iterator[Violation]:
    """Sockets, listeners, recordings, settings, clocks and chance are used only where they may."""
    for file in repository.rooms():
        denied = [place for place in PLACES if not place.allows(file.path)]
        for line, used in sorted(set(uses(file))):
            for place in denied:
                if used.startswith(tuple(f"{name}." for name in place.names)):
                    yield file.broken(line, f"{used.rstrip('.')}: {place.what}")


def the_runtime_knows_no_trading(repository: Repository) -> Iterator[Violation]:
    """The actor runtime imports of this project only itself and the error hierarchy."""
    for file in repository.rooms():
        if not file.path.startswith(("actors/runtime/", "supervisors/")):
            continue
        if file.path in NOT_RUNTIME:
            continue
        for line, module in _imports(file):
            ours = module.split(".")[0] in ROOMS
            fits = f"{module}.".startswith(tuple(f"{name}." for name in RUNTIME_MAY_USE))
            if ours and (not fits or module.startswith("supervisors.tree")):
                yield file.broken(line, f"{module}: the actor runtime knows nothing of trading")


def _imports(file: File) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported, `from a import b` as `a.b`."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def uses(file: File) -> Iterator[tuple[int, str]]:
    """Yield line and full name, closed by a dot, of every import and every use of one.

    An import under another name is followed; a builtin is `builtins.open.` when it is called.
    """
    known: dict[str, str] = {}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                head = name.name.split(".")[0]
                known[name.asname or head] = name.name if name.asname else head
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                known[name.asname or name.name] = f"{node.module}.{name.name}"
    for line, module in _imports(file):
        yield line, f"{module}."
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            if root in known:
                yield node.lineno, f"{known[root]}.{rest}."
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name_called = known.get(node.func.id, f"builtins.{node.func.id}")
            yield node.lineno, f"{name_called}."


def tests_never_sleep(repository: Repository) -> Iterator[Violation]:
    """No test waits for real time to pass; the virtual clock costs nothing."""
    for file in repository.sources():
        if file.room == "tests":
            for line in sorted({line for line, used in uses(file) if used == "time.sleep."}):
                yield file.broken(line, "time.sleep: use the virtual clock")


def every_folder_is_a_package(repository: Repository) -> Iterator[Violation]:
    """A folder of a room has an `__init__.py`; the import contracts do not see it otherwise."""
    paths = {file.path for file in repository.files}
    for file in repository.rooms():
        if f"{PurePosixPath(file.path).parent}/__init__.py" not in paths:
            yield file.broken(1, "its folder has no __init__.py")


RULES = (
    names_stay_in_their_rooms,
    the_runtime_knows_no_trading,
    tests_never_sleep,
    every_folder_is_a_package,
)
