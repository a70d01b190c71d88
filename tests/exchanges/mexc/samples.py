"""Frames made from the venue sheet, and the codec that the tests of frames share."""

from __future__ import annotations

from exchanges.contract import PublicCodec
from exchanges.mexc import PUBLIC
from exchanges.mexc.frames_pb2 import PushDataWrapper
from messages.market import PublicMessage

# Samples and tables are laid out by hand, one case a line.
# fmt: off
DEPTH = (
    "0a2f73706f74407075626c69632e61676772652e64657074682e76332e6170692e7062403130306d7340425443"
    "555344541a074254435553445430a8e3eef58833ca136c0a0e0a093131373134352e343912013012170a093131"
    "373035332e3431120a312e38363833373237311a2773706f74407075626c69632e61676772652e64657074682e"
    "76332e6170692e7062403130306d73220b34333239363336333233362a0b3433323936333633323535"
)
TOP = (
    "0a2b73706f74407075626c69632e6c696d69742e64657074682e76332e6170692e7062404254435553445440351a"
    "0742544355534454308af2d7d1c432fa12600a160a0839333138302e3138120a302e323139373634323412160a08"
    "39333137392e3938120a322e38323635313030301a2173706f74407075626c69632e6c696d69742e64657074682e"
    "76332e6170692e7062220b3336393133353635343633"
)
QUOTE = (
    "0a3473706f74407075626c69632e61676772652e626f6f6b5469636b65722e76332e6170692e7062403130306d73"
    "40425443555344541a07425443555344543091b0e7d1c432da13270a0839333338372e32381207332e3733343835"
    "1a0839333338372e32392208372e363639383735"
)
DEALS = (
    "0a2f73706f74407075626c69632e61676772652e6465616c732e76332e6170692e7062403130306d734042544355"
    "5344541a074254435553445430bca9d9d0c432d2134a0a1f0a0839333232302e3030120a302e3034343338323433"
    "180220bba9d9d0c432122773706f74407075626c69632e61676772652e6465616c732e76332e6170692e70624031"
    "30306d73"
)
DEPTH_TOPIC = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"
SENT_MS = 1754741322152
# fmt: on


def make() -> PublicCodec:
    """A codec of connection life 7 that knows two symbols."""
    return PUBLIC.codec([PUBLIC.symbol_from_native(each) for each in ("BTCUSDT", "MXUSDT")], 7)


def decode(frame: str | bytes | PushDataWrapper) -> PublicMessage:
    """Decode a frame twice with one codec, which must not matter, and return its one message."""
    if isinstance(frame, PushDataWrapper):
        payload = bytes(frame.SerializeToString())
    else:
        payload = bytes.fromhex(frame) if isinstance(frame, str) else frame
    codec = make()
    (first,) = codec.decode(payload, 5)
    assert codec.decode(payload, 5) == (first,)
    return first


def wrapper(topic: str = DEPTH_TOPIC, symbol: str = "BTCUSDT") -> PushDataWrapper:
    """A frame without a body."""
    return PushDataWrapper(channel=topic, symbol=symbol or None, send_time=SENT_MS)


def depth(first: str = "10", last: str = "12", price: str = "2", amount: str = "3") -> bytes:
    """An increment of one bid."""
    frame = wrapper()
    frame.public_aggre_depths.bids.add(price=price, quantity=amount)
    frame.public_aggre_depths.from_version = first
    frame.public_aggre_depths.to_version = last
    return bytes(frame.SerializeToString())
