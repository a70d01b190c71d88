"""A tenth of what `make chaos` plays: sequences against the model, and races without one."""

from __future__ import annotations

import pytest

from tests.supervisors.batches import SEQUENCES
from tests.supervisors.model import Child, Model
from tests.supervisors.sequences import play
from tests.supervisors.test_random_operations import race_number

PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
def test_the_runtime_does_what_the_model_says(part: int) -> None:
    """After every operation: same states, same lives in the same order, same budgets."""
    tenth = SEQUENCES // 10
    for number in range(part * tenth // PARTS, (part + 1) * tenth // PARTS):
        play(number)


@pytest.mark.parametrize("part", range(PARTS))
def test_operations_at_any_instant_leave_nothing_behind(part: int) -> None:
    """Nobody waits for what an operation leads to before the next one comes."""
    tenth = SEQUENCES // 10
    for number in range(part * tenth // PARTS, (part + 1) * tenth // PARTS):
        race_number(number)


def test_a_model_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: a model that forgets a rule diverges from the runtime."""
    monkeypatch.setattr(Model, "restart_child", lambda model, name: False)
    with pytest.RaisesGroup(AssertionError, allow_unwrapped=True, flatten_subgroups=True):
        for number in range(200):
            play(number)
    assert Child("a", "permanent").running
