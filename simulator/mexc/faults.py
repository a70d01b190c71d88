"""What may happen to a frame of MEXC beyond the faults of `topics`: see `World.tamper`."""

from __future__ import annotations

from simulator.mexc.push_pb2 import PushDataV3ApiWrapper

UNKNOWN_FIELD = b"\xb2\x3f\x02hi"
"""Field 1014 of the wrapper, text: nothing knows it."""


def _read(payload: bytes) -> PushDataV3ApiWrapper:
    wrapper = PushDataV3ApiWrapper()
    wrapper.ParseFromString(payload)
    return wrapper


def bodiless(payload: bytes) -> tuple[bytes, ...]:
    """Only the wrapper arrives."""
    wrapper = _read(payload)
    wrapper.ClearField("body")
    return (bytes(wrapper.SerializeToString()),)


def without_bids(payload: bytes) -> tuple[bytes, ...]:
    """The side of the bids is missing, or empty text in a quote; a book loses what it told."""
    wrapper = _read(payload)
    for field in ("publicAggreDepths", "publicLimitDepths"):
        if wrapper.HasField(field):
            getattr(wrapper, field).ClearField("bids")
    if wrapper.HasField("publicAggreBookTicker"):
        wrapper.publicAggreBookTicker.bidPrice = ""
        wrapper.publicAggreBookTicker.bidQuantity = ""
    return (bytes(wrapper.SerializeToString()),)


def with_unknown_field(payload: bytes) -> tuple[bytes, ...]:
    """A member nobody knows comes along; readers must pass over it."""
    return (payload + UNKNOWN_FIELD,)
