"""Streams are shared out to connections: all of them, in order, none above the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exchanges.planning import fill_connections
from exchanges.registry import dialect
from messages.instruments import SymbolInfo


def info(base: str) -> SymbolInfo:
    """A symbol of a base asset; only its name matters here."""
    return dialect("binance").symbol_from_native(f"{base}USDT")


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 12))
def test_every_stream_has_one_place(counts: list[int], limit: int) -> None:
    """A symbol's streams stay together unless they are more than a connection carries."""
    symbols = {f"A{number}": count for number, count in enumerate(counts)}
    streams = {
        f"{name}@{number}": info(name) for name, count in symbols.items() for number in range(count)
    }
    parts = list(fill_connections(streams, limit))
    assert [name for names, _ in parts for name in names] == list(streams)
    for names, said in parts:
        assert 0 < len(names) <= limit
        assert said == tuple(dict.fromkeys(streams[name].symbol for name in names))
    for name, count in symbols.items():
        homes = sum(1 for _, said in parts if info(name).symbol in said)
        assert homes == 1 if count <= limit else homes == -(-count // limit)
