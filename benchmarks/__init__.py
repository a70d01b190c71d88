"""Benchmarks: what speed and memory the engine has, beside the bars it has to keep.

- `handler`  decode, sequence, book and quote compare of one frame beside its decode alone
- `decode`   a frame of every venue and kind, beside orjson, MessageToDict and ccxt.pro
- `replay`   replay of a recording beside the least that reading it can cost
- `receive`  websocket frames to batches
- `turn`     handing a message over in the sender's turn beside a bound-method call
- `live`     the whole engine at 6,000 messages a second over 200 books
- `memory`   resident memory with 200 books of 1,000 levels a side
- `start`    `arbtree --help`, and `arbtree run` to its first opportunity

`python -m benchmarks` runs them one after the other and makes one table; `RESULTS.md` holds the
committed one.  No test is timed: a busy machine is not a broken engine.
"""
