"""Text frames: what the venue answers to commands, yes and no with one code."""

from __future__ import annotations

import json

import pytest

from exchanges.mexc.frames_pb2 import PushDataWrapper
from messages.errors import DecodeError
from messages.market import Ack, Heartbeat, PublicMessage, Refused
from tests.exchanges.mexc.samples import DEPTH_TOPIC, make

NOT = "Not Subscribed successfully!"
OLD = "spot@public.aggre.bookTicker.v3.api.pb@BTCUSDT"


def answer(words: str, request_id: object = 7, code: int = 0) -> PublicMessage:
    """The message of one text frame."""
    (message,) = make().decode(
        json.dumps({"id": request_id, "code": code, "msg": words}).encode(), 5
    )
    return message


def test_an_ack_names_its_topics() -> None:
    """Success is the topics asked for, joined by commas."""
    topics = (DEPTH_TOPIC, "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT")
    assert answer(",".join(topics)) == Ack("mexc", 7, 5, topics)
    assert answer(topics[0], "12") == Ack("mexc", 12, 5, topics[:1])


def test_a_pong_is_a_heartbeat() -> None:
    """The answer to our ping asks for no answer."""
    assert answer("PONG", 0) == Heartbeat("mexc", 5)


@pytest.mark.parametrize(
    ("words", "topics"),
    [
        (
            f"{NOT} [spot@public.miniTicker.v3.api@BTCUSDT@UTC+0].  Reason\uff1a Blocked!",
            ("spot@public.miniTicker.v3.api@BTCUSDT@UTC+0",),
        ),
        (
            f"{NOT} [spot@public.increase.depth.v3.api@BTCUSDT,{OLD}].  Reason\uff1a Blocked! ",
            ("spot@public.increase.depth.v3.api@BTCUSDT", OLD),
        ),
        (NOT, ()),
        ("msg format invalid", ()),
        (f"{DEPTH_TOPIC},something else", ()),
        ("", ()),
    ],
)
def test_a_refusal_that_says_code_0_is_a_refusal(words: str, topics: tuple[str, ...]) -> None:
    """Words decide, not the code; id 0 names no command of ours."""
    assert answer(words, 0) == Refused(
        "mexc", -1, 5, "0", words.strip(), topics, final=NOT in words
    )
    assert answer(words, 3) == Refused("mexc", 3, 5, "0", words.strip(), topics, final=NOT in words)


def test_topics_with_another_code_are_refused() -> None:
    """A code that is not 0 is never success."""
    assert answer(DEPTH_TOPIC, code=500) == Refused("mexc", 7, 5, "500", DEPTH_TOPIC)


def test_the_text_that_is_no_json_and_well_formed_protobuf() -> None:
    """`Invalid listen key` is 18 bytes that parse as two unknown fields: it is a refusal."""
    text = b"Invalid listen key"
    assert PushDataWrapper.FromString(text).channel == ""
    assert make().decode(text, 5) == (Refused("mexc", -1, 5, "", "Invalid listen key"),)


def test_several_answers_in_one_frame() -> None:
    """A line each, in order; a line that is no answer spoils the frame."""
    lines = b'{"id":0,"code":0,"msg":"PONG"}\n{"id":3,"code":0,"msg":"no"}\n'
    assert make().decode(lines, 5) == (
        Heartbeat("mexc", 5),
        Refused("mexc", 3, 5, "0", "no"),
    )
    with pytest.raises(DecodeError):
        make().decode(lines + b"PONG", 5)
    with pytest.raises(DecodeError):
        make().decode(lines * 100, 5)
