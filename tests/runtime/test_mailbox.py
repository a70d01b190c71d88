"""The mailbox: policies, order and the law of conservation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.runtime.mailbox import CONTROL_CAPACITY, Mailbox, MailboxSpec, Slot
from actors.runtime.reference import ActorRef
from actors.runtime.timers import Timers
from actors.runtime.turn import Turn
from tests.supervisors.trees import accounted


def taken(mailbox: Mailbox) -> list[object]:
    """Take everything out, as a turn would, and count it as handled."""
    found: list[object] = []
    while mailbox.accepted != mailbox.taken:
        message = mailbox.control.popleft() if mailbox.control else mailbox.receive()
        mailbox.taken += 1
        found.append(mailbox.unslot(message) if type(message) is Slot else message)
        mailbox.handled += 1
    return found


def opened(**fields: Any) -> Mailbox:
    """A mailbox of a running life."""
    mailbox = Mailbox("top/a", MailboxSpec(**fields))
    mailbox.set_open(True)
    return mailbox


@pytest.mark.parametrize("overflow", ["block", "reject"])
def test_a_full_mailbox_refuses(overflow: str) -> None:
    """What does not fit is not accepted, and counted."""
    mailbox = opened(capacity=2, overflow=overflow)
    assert [mailbox.put(number) for number in range(4)] == [True, True, False, False]
    assert mailbox.statistics().refused == {"full": 2}
    assert taken(mailbox) == [0, 1]


def test_drop_oldest_makes_room_for_the_newest() -> None:
    """The queue always holds the latest messages, in order, and the lost ones are counted."""
    mailbox = opened(capacity=2, overflow="drop_oldest")
    assert all(mailbox.put(number) for number in range(5))
    assert mailbox.statistics().lost == {"drop_oldest": 3}
    assert mailbox.statistics().conserved
    assert taken(mailbox) == [3, 4]


def test_drop_newest_keeps_what_came_first() -> None:
    """The sender is not bothered; the loss is counted."""
    mailbox = opened(capacity=2, overflow="drop_newest")
    assert all(mailbox.put(number) for number in range(5))
    assert mailbox.statistics().lost == {"drop_newest": 3}
    assert mailbox.statistics().conserved
    assert taken(mailbox) == [0, 1]


def test_conflation_keeps_the_latest_per_key_in_the_first_ones_place() -> None:
    """Three updates of one key are one message; a key too many is refused."""
    mailbox = opened(capacity=2, overflow="conflate", key=lambda message: str(message)[0])
    assert [mailbox.put(text) for text in ("a1", "b1", "a2", "c1", "a3")] == [
        True, True, True, False, True,
    ]  # fmt: skip
    assert mailbox.statistics().lost == {"conflated": 2}
    assert mailbox.statistics().refused == {"full": 1}
    assert taken(mailbox) == ["a3", "b1"]
    assert mailbox.put("a4")
    assert taken(mailbox) == ["a4"]
    assert mailbox.statistics().conserved


def test_control_overtakes_data() -> None:
    """Whatever is on the control lane is taken first, in its own order."""
    mailbox = opened()
    mailbox.put("data")
    mailbox.put_control("first")
    mailbox.put_control("second")
    assert taken(mailbox) == ["first", "second", "data"]


def test_the_control_lane_has_an_end() -> None:
    """A flood on it is refused and counted."""
    mailbox = opened()
    assert all(mailbox.put_control(number) for number in range(CONTROL_CAPACITY))
    assert not mailbox.put_control("one more")
    assert mailbox.statistics().refused == {"control_full": 1}


def test_a_purging_mailbox_loses_its_queue_and_refuses_while_down() -> None:
    """Nothing of a dead life reaches the next one."""
    mailbox = opened(at_restart="purge")
    mailbox.put("old")
    mailbox.put_control("old command")
    mailbox.set_open(False)
    assert not mailbox.put("between")
    assert not mailbox.put_control("between")
    mailbox.set_open(True)
    assert mailbox.put("new")
    assert taken(mailbox) == ["new"]
    assert mailbox.statistics().lost == {"purged": 2}
    assert mailbox.statistics().refused == {"down": 2}


def test_a_keeping_mailbox_hands_its_queue_to_the_next_life() -> None:
    """What was queued, and what came in between, is handled later, in order."""
    mailbox = opened()
    mailbox.put(1)
    mailbox.set_open(False)
    assert mailbox.put(2)
    mailbox.set_open(True)
    assert taken(mailbox) == [1, 2]


def test_dead_letters_are_handed_over_one_by_one() -> None:
    """A dead-letter mailbox loses its queue into the dead letters and refuses into them too."""
    letters: list[tuple[str, object, str]] = []
    mailbox = Mailbox(
        "top/a", MailboxSpec(at_restart="dead_letter"), lambda *row: letters.append(row)
    )
    mailbox.set_open(True)
    mailbox.put(1)
    mailbox.set_open(False)
    assert not mailbox.put(2)
    assert letters == [("top/a", 1, "dead_letter"), ("top/a", 2, "down")]
    assert mailbox.statistics().conserved


def test_a_removed_mailbox_refuses_until_it_is_restored() -> None:
    """What is queued at the removal is lost, counted; the next child of that path starts empty."""
    mailbox = opened()
    mailbox.put(1)
    mailbox.set_open(False)
    mailbox.remove()
    assert not mailbox.put(2)
    assert not mailbox.put_control(3)
    assert mailbox.statistics().lost == {"removed": 1}
    assert mailbox.statistics().refused == {"removed": 2}
    mailbox.restore()
    assert mailbox.put(4)
    assert taken(mailbox) == [4]


def reference(mailbox: Mailbox) -> ActorRef:
    """A reference to an actor that is not running."""
    return ActorRef("top/a", mailbox, Turn(), Timers())


async def test_offer_waits_for_room(autojump_clock: MockClock) -> None:
    """A blocked sender gets its place when a turn has made room, in the order of coming."""
    mailbox = opened(capacity=1)
    ref = reference(mailbox)
    ref.tell(0)
    results: list[tuple[float, int, bool]] = []

    async def offer(number: int) -> None:
        accepted = await ref.offer(number, 10)
        results.append((trio.current_time(), number, accepted))

    async with trio.open_nursery() as nursery:
        for number in (1, 2):
            nursery.start_soon(offer, number)
            await trio.testing.wait_all_tasks_blocked()
        assert mailbox.statistics().blocked_senders == 2
        for at_s in (1, 2):
            await trio.sleep_until(at_s)
            taken(mailbox)
            mailbox.make_room()
    assert results == [(1.0, 1, True), (2.0, 2, True)]


async def test_offer_gives_up_after_its_time(autojump_clock: MockClock) -> None:
    """No room within the time limit is a refusal, counted; a rejecting mailbox waits for nobody."""
    mailbox = opened(capacity=1)
    ref = reference(mailbox)
    ref.tell(0)
    assert not await ref.offer(1, 3)
    assert trio.current_time() == 3
    assert mailbox.statistics().refused == {"full": 1}
    other = opened(capacity=1, overflow="reject")
    assert await reference(other).offer(0, 3)
    assert not await reference(other).offer(1, 3)
    assert trio.current_time() == 3


OPERATIONS: dict[str, Callable[[Mailbox], object]] = {
    "put": lambda mailbox: mailbox.put("x"),
    "other": lambda mailbox: mailbox.put("y"),
    "batch": lambda mailbox: mailbox.put_all(("d", "e")),
    "control": lambda mailbox: mailbox.put_control("c"),
    "take": taken,
    "close": lambda mailbox: mailbox.set_open(False),
    "open": lambda mailbox: mailbox.set_open(True),
    "remove": lambda mailbox: None if mailbox.open else mailbox.remove(),
    "restore": lambda mailbox: mailbox.restore(),
}


@given(
    st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=60),
    st.sampled_from(["block", "reject", "drop_oldest", "drop_newest", "conflate"]),
    st.sampled_from(["keep", "purge", "dead_letter"]),
)
def test_messages_are_conserved(operations: list[str], overflow: Any, at_restart: Any) -> None:
    """Under any policy and any order of events every accepted message is accounted for."""
    key = str if overflow == "conflate" else None
    mailbox = Mailbox("a", MailboxSpec(3, overflow, at_restart, key), lambda *row: None)
    for name in operations:
        OPERATIONS[name](mailbox)
        assert accounted(mailbox), mailbox.statistics()
