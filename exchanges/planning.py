"""Which streams share a connection: venues bound how many one may carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from messages.instruments import SymbolInfo

Part = tuple[tuple[str, ...], tuple[str, ...]]
"""What one connection carries: its streams, and the symbols they are of."""


def fill_connections(streams: Mapping[str, SymbolInfo], limit: int) -> Iterator[Part]:
    """Fill connections in order, none above the limit: a venue refuses the stream above it.

    Args:
        streams: the symbol of each stream.
        limit: most streams a connection may carry, at least 1.

    Returns:
        One part a connection.  The streams of a symbol stay together; only a symbol with more
        streams than a connection carries is split.
    """
    groups: dict[str, list[str]] = {}
    for stream, info in streams.items():
        groups.setdefault(info.symbol, []).append(stream)
    names: list[str] = []
    symbols: list[str] = []
    for symbol, group in groups.items():
        if names and len(names) + len(group) > limit:
            yield tuple(names), tuple(symbols)
            names, symbols = [], []
        while len(group) > limit:
            yield tuple(group[:limit]), (symbol,)
            group = group[limit:]
        names += group
        symbols.append(symbol)
    if names:
        yield tuple(names), tuple(symbols)
