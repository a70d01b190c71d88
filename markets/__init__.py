"""Pure mathematics of markets: books, edges, statistics, limits.

Rules of this room: no I/O, no clock, no randomness; time and random numbers are arguments.
It imports `messages` only.

- `depth`          what every book offers
- `ladder`         one side of the ladder book, a list indexed by tick
- `book`           the ladder book, and the choice between it and its twin
- `sorted_book`    its twin for unknown or too wide ticks
- `grid`           the tick of a set of prices
- `arbitrage`      edges of two books with depth, fees, lots and minimum notional
- `episodes`       how often and how long two prices crossed
- `opportunities`  the life of one opportunity
- `fees`           maker and taker fees with overrides
- `throttle`       weighted token bucket
- `breaker`        circuit breaker
- `freshness`      the three ages of a book and their limits
"""
