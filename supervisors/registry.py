"""Who is where: paths to records and references, and who watches whom.

A path is bound and freed in the same step in which its life changes, and one thread does it all,
so a lookup never returns what is gone.  References outlive removal: a child that is added again
under its old path is the one that old references speak to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from actors.runtime.actor import ActorContext
from actors.runtime.faults import BadRequest, UnknownPath
from actors.runtime.messages import Down, Stamped, Up
from actors.runtime.reference import ActorRef

if TYPE_CHECKING:
    from supervisors.child import Record

MAX_PATHS = 100_000  # ever used in one run, removed ones included: above any market's symbols


class Registry:
    """The names of one run."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._refs: dict[str, ActorRef] = {}
        self._watchers: dict[str, dict[str, ActorContext]] = {}

    def bind(self, record: Record) -> None:
        """Enter a record under its path.

        Raises:
            BadRequest: the path is taken, or the run has used too many.
        """
        self.check_free(record.path)
        self._records[record.path] = record

    def check_free(self, path: str) -> None:
        """Refuse a path that is taken, or one more than a run may use.

        Raises:
            BadRequest: saying which.
        """
        if path in self._records:
            raise BadRequest(f"{path} is taken")
        if len(self._refs) >= MAX_PATHS and path not in self._refs:
            raise BadRequest(f"{path}: this run has used {MAX_PATHS} paths already")

    def free(self, path: str) -> None:
        """Take a record out; its reference stays."""
        self._records.pop(path, None)

    def keep(self, ref: ActorRef) -> None:
        """Keep a reference for ever."""
        self._refs[ref.path] = ref

    def known(self, path: str) -> ActorRef | None:
        """Return the reference of an actor that is or was under this path."""
        return self._refs.get(path)

    def reference(self, path: str) -> ActorRef:
        """Return the reference of an actor that is or was under this path.

        Raises:
            UnknownPath: there never was one.
        """
        ref = self._refs.get(path)
        if ref is None:
            raise UnknownPath(f"no actor {path!r}")
        return ref

    def record(self, path: str) -> Record:
        """Return what is under this path now.

        Raises:
            UnknownPath: nothing is.
        """
        record = self._records.get(path)
        if record is None:
            raise UnknownPath(f"nothing in the tree is called {path!r}")
        return record

    def records(self) -> Iterator[Record]:
        """Yield everything that is in the tree now."""
        yield from self._records.values()

    # -- watching ------------------------------------------------------------------------------

    def watch(self, path: str, context: ActorContext) -> None:
        """Tell this life of the path's present state and of every change."""
        self._watchers.setdefault(path, {})[context.path] = context
        record, ref = self._records.get(path), self._refs.get(path)
        generation = record.generation if record is not None else ref.generation if ref else 0
        if record is not None and record.state in ("running", "suspended"):
            _tell(context, Up(path, generation))
        else:
            state = record.state if record is not None else "absent"
            _tell(context, Down(path, generation, state))

    def unwatch(self, path: str, context: ActorContext) -> None:
        """Tell this life no more of the path; one that does not watch it is no mistake."""
        watchers = self._watchers.get(path, {})
        if watchers.get(context.path) is context:
            del watchers[context.path]
        if not watchers:
            self._watchers.pop(path, None)

    def refs(self) -> Iterator[ActorRef]:
        """Yield every reference of the run, removed actors' included."""
        yield from self._refs.values()

    def announce(self, notice: Up | Down) -> None:
        """Tell all watchers of the notice's path, those whose life is over excepted."""
        watchers = self._watchers.get(notice.path)
        if not watchers:
            return
        for name, context in tuple(watchers.items()):
            if context.ref.context is context:
                _tell(context, notice)
            elif watchers.get(name) is context:
                del watchers[name]


def _tell(context: ActorContext, notice: Up | Down) -> None:
    context.ref.tell_control(Stamped(context.generation, notice))
