"""Floor 2: embedded exchanges that speak the real wire protocols of their venues.

The simulator has its own codecs, written from the venues' documents, and never imports
`exchanges`: if both sides shared one, a misread document would pass every test.  It works over
any trio stream, so the same venues serve loopback sockets and in-memory tests under a virtual
clock.  What it sends depends only on the seed, the clock and what clients ask.

What all venues share:

- `instruments`  assets, and what a listing is
- `market`       one seeded true price per asset, one quoted mid per venue that strays from it
- `book`         an order book that lives on a tick grid and numbers its changes
- `candles`      klines and 24 h statistics, a made-up past included
- `topics`       streams, who listens, tampering; `feeds` those served at intervals
- `listing`      one listed symbol alive: book, trades, candles and its streams
- `limits`       request weights, bans and the meter tests read
- `venue`        one venue: its listings, connections and faults
- `websocket`    one client's websocket connection; `frames` its bytes
- `server`       HTTP/1.1 and the upgrade, on one stream; `rest` its faults
- `pipes`        bounded in-memory streams
- `world`        the venues together, driven by one ticker; dial, listen, faults
- `line`         how the bytes of one connection reach its client
- `breaking`     the faults of the catalogue that a venue can have
- `schedule`     one order of events for one seed

What makes one venue itself lies behind `protocol` and `writers`, in a folder each: `binance`,
`gateio`, `mexc`.  `venues` names them all.
"""
