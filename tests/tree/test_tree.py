"""The tree is one function: pinned here, embedded in README, and what really runs."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from trio.testing import MockClock

from arbtree.commands.tree import tree_of
from config.defaults import default_settings
from config.settings import Settings, SupervisionSettings, VenueSettings
from supervisors.picture import draw, facts
from supervisors.spec import ChildSpec, SupervisorSpec, check, walk
from tests.actors.virtual import small_settings, virtual_engine

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("default_tree.txt")


def test_the_default_tree_is_the_golden_one() -> None:
    """What `arbtree tree` prints without a file is pinned, line by line."""
    assert draw(tree_of(default_settings())) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_readme_shows_the_golden_tree() -> None:
    """The picture in README is this very text."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- tree:start -->", 1)[1].split("<!-- tree:end -->", 1)[0]
    assert block.strip() == f"```text\n{GOLDEN.read_text(encoding='utf-8').strip()}\n```"


async def test_what_runs_is_what_is_drawn(autojump_clock: MockClock) -> None:
    """The rows of a running engine have the paths of its spec, in the same order."""
    settings = small_settings()
    drawn = [path for path, _ in walk(tree_of(settings))]
    async with virtual_engine(settings) as virtual:
        assert [row.path for row in virtual.engine.runtime.rows()] == drawn


def test_symbols_are_split_over_connections_by_the_venues_limit() -> None:
    """Two streams a symbol, 200 a connection: 250 symbols need three connections."""
    symbols = tuple(f"X{number:03d}/USDT:USDT" for number in range(250))
    settings = Settings(venues=(VenueSettings(name="binance_usdm", symbols=symbols),))
    paths = [path for path, _ in walk(tree_of(settings)) if "/connections/" in path]
    assert [path.rpartition("/")[2] for path in paths] == ["0", "1", "2"]


def test_a_disabled_venue_is_not_in_the_tree() -> None:
    """`enabled = false` keeps the entry in the file and leaves it out of the tree."""
    settings = small_settings()
    first = replace(settings.venues[0], enabled=False)
    tree = tree_of(replace(settings, venues=(first, *settings.venues[1:])))
    assert not any("venues/binance/" in path for path, _ in walk(tree))


def test_settings_reach_every_actor() -> None:
    """Budgets, backoff and grace of the configuration stand in every spec of the tree."""
    rules = SupervisionSettings(
        child_crashes=7, backoff_max_s=33.0, stop_grace_s=2.5, supervisor_causes=9
    )
    tree = tree_of(replace(small_settings(), supervision=rules))
    check(tree)
    for path, spec in walk(tree):
        if isinstance(spec, ChildSpec):
            assert (spec.budget.count, spec.backoff.max_s, spec.stop.grace_s) == (7, 33.0, 2.5), (
                path
            )
        else:
            assert spec.budget.count == 9, path


def test_the_worst_product_of_restarts_is_bounded() -> None:
    """Budgets multiply along a path: one bad actor cannot restart more than this in a minute."""

    def worst(spec: SupervisorSpec | ChildSpec) -> int:
        if isinstance(spec, ChildSpec):
            return spec.budget.count + 1
        children = [worst(child) for child in spec.children]
        return max(children, default=0) + spec.budget.count

    assert worst(tree_of(default_settings())) <= 20


def test_the_json_form_holds_every_actor() -> None:
    """`arbtree tree --json` names each path once, with its mailbox."""
    fact = facts(tree_of(default_settings()))
    paths: list[str] = []

    def collect(node: dict[str, object]) -> None:
        paths.append(str(node["path"]))
        children = node.get("children", [])
        assert isinstance(children, list)
        for child in children:
            collect(child)

    collect(fact)
    assert len(paths) == len(set(paths)) == 75
    assert "engine/venues/binance/books/BTC-USDT" in paths
