"""Floor 2: embedded exchanges that speak the real wire protocols of the Binance families.

The simulator has its own codec, written from the venues' documents, and never imports
`exchanges`: if both sides shared one, a misread document would pass every test.  It works over
any trio stream, so the same venues serve loopback sockets and in-memory tests under a virtual
clock.  What it sends depends only on the seed, the clock and what clients ask.

- `instruments`  what the venues list: assets, ticks, lots, contract sizes
- `market`       one seeded true price per asset, one quoted mid per venue that strays from it
- `book`         an order book that lives on a tick grid and numbers its changes
- `candles`      klines and 24 h statistics, a made-up past included
- `payloads`     the JSON of streams, per family
- `answers`      the JSON of REST answers, per family
- `topics`       stream names, routes, who listens, tampering
- `limits`       request weights, bans and the meter tests read
- `listing`      one listed symbol alive: book, trades, candles and its streams
- `venue`        one venue: its listings, REST table, connections and faults
- `rest`         parameters, errors and endpoints of the public REST side
- `commands`     SUBSCRIBE and its sisters, acknowledgements, errors
- `websocket`    one client's websocket connection
- `server`       HTTP/1.1 and the upgrade, on one stream
- `pipes`        bounded in-memory streams
- `world`        the venues together, driven by one ticker; dial, listen, faults
"""
