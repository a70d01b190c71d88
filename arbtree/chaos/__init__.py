"""`arbtree chaos run`: the whole engine in a virtual world, broken from a seed, and judged.

- `report`     what a run came to, as structs: JSON, text and HTML are made of them
- `page`       the report as one HTML page, with a `timeline` of each seed that kept one
- `virtual`    one engine and its simulated venues on memory streams and a virtual clock
- `swarm`      what a seed draws: topology, market, rates, schedule
- `history`    everything an observer saw; `checkers` judge it
- `seeds`      one seed, from its first dial to its verdicts
"""
