"""Pure mathematics of markets: books, edges, statistics, limits.

Rules of this room: no I/O, no clock, no randomness; time and random numbers are arguments.
It imports `messages` only.

- `book`           the order book: dicts of amounts by price, the nearest prices in order
- `arbitrage`      edges of two books with depth, fees, lots and minimum notional
- `episodes`       how often and how long two prices crossed
- `opportunities`  the life of one opportunity
- `fees`           maker and taker fees with overrides
- `throttle`       weighted token bucket
- `breaker`        circuit breaker
- `freshness`      the three ages of a book and their limits
"""
