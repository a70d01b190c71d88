"""`arbtree run`: the supervised engine, on embedded exchanges or on a configuration's venues."""

from __future__ import annotations

import argparse
import gc
import random
import sys
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import IO, cast

import trio
from msgspec import to_builtins
from msgspec.structs import replace

from actors.transport.dial import SocketDialer
from actors.transport.faulty import FaultyDialer
from arbtree.capsules import open_store
from arbtree.commands.tree import settings_of, tree_of
from arbtree.durations import parse_duration
from arbtree.engine import Engine, Seams, embedded_world
from arbtree.lines import JsonLines, TextLines, is_restart
from arbtree.log import LEVELS, Log
from arbtree.metrics import Metrics
from arbtree.rest_watch import RestWatch
from arbtree.status import Tally, books
from arbtree.verbs import EngineVerbs
from arbtree.writer import Writer, WriterFile
from config.places import inspection_socket
from config.settings import Settings
from messages.errors import NotAvailable, UsageError
from messages.opportunities import (
    OpportunityClosed,
    OpportunityOpened,
    PairQuarantined,
    PairReleased,
)
from simulator.world import Address, World
from supervisors.events import LifecycleEvent
from supervisors.inspector import Inspector
from supervisors.metrics import MetricsListener
from supervisors.picture import draw
from supervisors.runtime import ExitReport, Options
from supervisors.watchdog import WatchdogSpec

SCREEN_EVERY_S = 0.5
"""How often a terminal's picture is redrawn: readable, and under 2 % of a core."""

LINES_EVERY_S = 1.0
"""How often books are written as lines unless `--every` says otherwise."""

FREEZE_AFTER_S = (5.0, 60.0)
"""By then most of the engine's lasting objects exist (a large tree fills its books for a minute);
freezing them spares every later collection."""

EXIT_NOTHING_LIVE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration; without one, embedded exchanges"
    )
    parser.add_argument(
        "--mode", default=None, metavar="MODE", help="watch (send no orders); the only one so far"
    )
    parser.add_argument(
        "--for", dest="duration", metavar="TIME", help="end by itself after 20s, 10m or 1.5h"
    )
    parser.add_argument(
        "--every", metavar="TIME", help="how often lines tell of every book (default 1s)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed of jitter, for a repeatable run"
    )
    parser.add_argument("--socket", metavar="PATH", help="where other terminals reach the engine")
    parser.add_argument(
        "--control", action="store_true", help="let other terminals steer it (see restart, chaos)"
    )
    parser.add_argument(
        "--log-level", choices=LEVELS, help="least important line of the log; over the file's"
    )
    parser.add_argument(
        "--log-format", choices=("text", "json"), help="form of the log; over the file's"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the engine until its time is over or a signal stops it."""
    if arguments.mode not in (None, "watch"):
        raise NotAvailable(
            f"mode {arguments.mode!r} is not available before trading exists: this version watches"
        )
    duration_s = parse_duration(arguments.duration) if arguments.duration else None
    every_s = parse_duration(arguments.every) if arguments.every else LINES_EVERY_S
    if arguments.seed is not None and arguments.seed < 0:
        raise UsageError(f"--seed must be at least 0, not {arguments.seed}")
    settings = settings_of(arguments.config)
    if arguments.control:
        settings = replace(settings, inspection=replace(settings.inspection, control=True))
    asked = {"level": arguments.log_level, "format": arguments.log_format}
    log = replace(settings.log, **{key: value for key, value in asked.items() if value})
    settings = replace(settings, log=log)
    seed = arguments.seed if arguments.seed is not None else settings.engine.seed
    session = _Session(
        settings,
        seed if seed is not None else random.SystemRandom().getrandbits(63),
        duration_s,
        every_s,
        Path(arguments.socket) if arguments.socket else inspection_socket(settings.engine.name),
        json=arguments.json,
    )
    store = session.capsules
    with store or nullcontext():
        code = trio.run(session.run, restrict_keyboard_interrupt_to_checkpoints=True)
    if store is not None and store.lost:
        why = f": {store.last_error}" if store.last_error else ""
        print(f"arbtree: {store.lost} crash capsules were not kept{why}", file=sys.stderr)
    return code


class _Session:
    """One run of the command: world, engine and whatever shows them."""

    def __init__(
        self,
        settings: Settings,
        seed: int,
        duration_s: float | None,
        every_s: float,
        socket: Path,
        *,
        json: bool,
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._duration_s = duration_s
        self._every_s = every_s
        self._socket = socket
        self._json = json
        self._terminal = not json and sys.stdout.isatty()
        self._tally = Tally()
        self._events: list[LifecycleEvent] = []
        self._writer = Writer(sys.stdout, self._on_unwritable)
        self._lines = JsonLines(self._writer) if json else TextLines(self._writer)
        self._unwritable: OSError | None = None
        self.capsules = open_store(settings)

    async def run(self) -> int:
        """Start the embedded venues, then the engine; stop in the reverse order."""
        self._began_s = trio.current_time()
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            addresses = await self._embed(nursery)
            rules = self._settings.engine
            control = self._settings.inspection.control
            self._engine = engine = Engine(
                self._settings,
                Seams(dialer=FaultyDialer(SocketDialer())) if control else Seams(),
                addresses,
                Options(
                    seed=self._seed,
                    signals=True,
                    stop_within_s=rules.stop_deadline_s,
                    watchdog=WatchdogSpec(),
                    capsules=self.capsules,
                ),
            )
            await self._open_inspector(nursery, engine)
            self._facts = engine.outlet.subscribe()
            engine.runtime.subscribe(self._events.append)
            complaints = Writer(sys.stderr)
            log = Log(self._settings.log, complaints.text)
            if not self._terminal:
                engine.runtime.subscribe(log.event)
                nursery.start_soon(self._tell_rest, log)
            port = self._settings.metrics.port
            if port is not None:
                listener = MetricsListener(Metrics(engine).text)
                heard = await nursery.start(listener.serve, port)
                log.line("info", "engine", "metrics", f"http://127.0.0.1:{heard}/metrics")
            if self._duration_s is not None:
                nursery.start_soon(self._end_later, self._duration_s)
            nursery.start_soon(self._freeze)
            started = trio.Event()
            nursery.start_soon(self._show, started)
            report = await engine.run(started)
            nursery.cancel_scope.cancel(reason="the engine has stopped")
        log.close()
        complaints.close()
        return self._finish(report)

    async def _tell_rest(self, log: Log) -> None:
        """Log bans as they begin and end, and repeats that were held back."""
        watch = RestWatch(self._engine.venues, log)
        while True:
            await trio.sleep(SCREEN_EVERY_S)
            watch.look()
            log.tell_repeats()

    async def _embed(self, nursery: trio.Nursery) -> dict[str, Address]:
        world = embedded_world(self._settings, Seams().clock)
        if world is None:
            return {}
        await nursery.start(World.run, world)
        found: tuple[Address, ...] = await nursery.start(World.listen, world)
        return {address.venue: address for address in found}

    async def _open_inspector(self, nursery: trio.Nursery, engine: Engine) -> None:
        """Listen before the tree starts, so that its start can be watched too."""
        rules = self._settings.inspection
        if not rules.enabled:
            return
        verbs = EngineVerbs(engine)
        inspector = Inspector(
            engine.runtime,
            self._settings.engine.name,
            reads=verbs.reads,
            controls=verbs.controls,
            control=rules.control,
        )
        await nursery.start(inspector.run, self._socket)

    async def _end_later(self, duration_s: float) -> None:
        await trio.sleep(duration_s)
        self._engine.runtime.request_stop("the time asked for is over")

    async def _freeze(self) -> None:
        for delay_s in FREEZE_AFTER_S:
            await trio.sleep(delay_s)
            gc.collect()
            gc.freeze()

    # -- showing --------------------------------------------------------------------------------

    async def _show(self, started: trio.Event) -> None:
        """Show the engine once it runs; when nobody can read it any more, stop it in order."""
        await started.wait()
        try:
            await (self._show_screen() if self._terminal else self._show_lines())
        except OSError as error:
            self._stop_unwritable(error)

    def _on_unwritable(self, error: OSError) -> None:
        """Called in the writer's thread."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._stop_unwritable, error)

    def _stop_unwritable(self, error: OSError) -> None:
        self._unwritable = error
        self._engine.runtime.request_stop("standard output cannot be written")

    async def _show_screen(self) -> None:
        from rich.console import Console

        from arbtree.screen import Screen

        screen = Screen(Console(file=cast(IO[str], WriterFile(self._writer, terminal=True))))
        with ExitStack() as leaving:
            screen.start()
            leaving.callback(screen.stop)
            while True:
                for fact in self._new_facts():
                    screen.opportunity(fact)
                for event in self._new_restarts():
                    screen.restart(event)
                seen = list(books(self._engine))
                self._tally.saw_books(seen, self._elapsed_s())
                if self._writer.idle:  # a terminal stopped by Ctrl-S gets no pile of pictures
                    screen.draw(self._engine.runtime.rows(), seen, self._totals())
                await trio.sleep(SCREEN_EVERY_S)

    async def _show_lines(self) -> None:
        lines, wall_ns = self._lines, self._engine.seams.clock.wall_ns
        picture = draw(tree_of(self._settings))
        lines.tree(wall_ns(), [to_builtins(row) for row in self._engine.runtime.rows()], picture)
        next_s = trio.current_time()
        while True:
            self._write_news()
            if self._tally.first_live_s is None:
                self._tally.saw_books(list(books(self._engine)), self._elapsed_s())
            if trio.current_time() >= next_s:
                next_s += self._every_s
                if not self._engine.runtime.stopping:
                    self._write_books()
            wake_s = next_s
            if self._tally.first_live_s is None:
                wake_s = min(next_s, trio.current_time() + SCREEN_EVERY_S / 2)
            with trio.move_on_at(wake_s):
                self._write_facts(await self._facts.take())

    def _write_books(self) -> None:
        wall_ns = self._engine.seams.clock.wall_ns()
        seen = list(books(self._engine))
        self._tally.saw_books(seen, self._elapsed_s())
        for book in seen:
            self._lines.book(wall_ns, book)

    def _write_news(self) -> None:
        wall_ns = self._engine.seams.clock.wall_ns()
        self._write_facts(self._facts.take_nowait())
        for event in self._new_restarts():
            self._lines.restart(wall_ns, event)

    def _write_facts(self, facts: list[object]) -> None:
        wall_ns = self._engine.seams.clock.wall_ns()
        for fact in facts:
            self._tally.saw_fact(fact, self._elapsed_s())
            if isinstance(fact, OpportunityOpened | OpportunityClosed):
                self._lines.opportunity(wall_ns, fact)
            elif isinstance(fact, PairQuarantined | PairReleased):
                self._lines.quarantine(wall_ns, fact)

    def _new_facts(self) -> list[OpportunityOpened | OpportunityClosed]:
        found = []
        for fact in self._facts.take_nowait():
            self._tally.saw_fact(fact, self._elapsed_s())
            if isinstance(fact, OpportunityOpened | OpportunityClosed):
                found.append(fact)
        return found

    def _new_restarts(self) -> list[LifecycleEvent]:
        found = [event for event in self._events if is_restart(event)]
        self._tally.ends.update(event.kind for event in found)
        self._events.clear()
        return found

    def _totals(self) -> str:
        tally = self._tally
        return (
            f"arbtree {self._settings.engine.name}, mode {self._settings.engine.mode}, seed"
            f" {self._seed}, {self._elapsed_s():.0f} s; books once live {len(tally.ever_live)};"
            f" opportunities {tally.opened}; outages {tally.ends['outage']},"
            f" crashes {tally.ends['crash']}   (Ctrl-C stops in order)"
        )

    def _elapsed_s(self) -> float:
        return trio.current_time() - self._began_s

    # -- ending ---------------------------------------------------------------------------------

    def _finish(self, report: ExitReport) -> int:
        if self._unwritable is not None:
            raise self._unwritable
        self._write_rest()
        tally = self._tally
        never = report.code == 0 and not tally.ever_live and tally.ends["outage"] > 0
        code = EXIT_NOTHING_LIVE if never else report.code
        body = {
            "reason": report.reason,
            "code": code,
            "seed": self._seed,
            "books": sum(len(venue.symbols) for venue in self._settings.active_venues),
            "books_ever_live": len(tally.ever_live),
            "first_live_s": tally.first_live_s,
            "opportunities": tally.opened,
            "first_opportunity_s": tally.first_opportunity_s,
            "best_net_bps": tally.best_net_bps,
            "restarts": report.restarts,
            "outages": tally.ends["outage"],
            "crashes": tally.ends["crash"],
        }
        wall_ns = self._engine.seams.clock.wall_ns()
        self._lines.summary(wall_ns, body)
        if lost := self._writer.close():
            print(f"arbtree: {lost} lines were lost: nobody read them in time", file=sys.stderr)
        if self._writer.failure is not None:
            raise self._writer.failure
        if never:
            failure = next(
                (row.last_failure for row in self._engine.runtime.rows() if row.last_failure), ""
            )
            print(f"arbtree: no book was ever live: {failure}", file=sys.stderr)
        return code

    def _write_rest(self) -> None:
        """What happened after the last look; a terminal only gets the totals."""
        if self._terminal:
            self._new_facts()
            self._new_restarts()
        else:
            self._write_news()
