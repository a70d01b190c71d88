"""Floor 0: what the rooms say to each other.

Every message is a frozen msgspec struct: facts in the past tense or as nouns, commands in the
imperative.  A class whose `volatile` is True describes the market of this instant and must
never be cached.  This room imports nothing of the other rooms, never reads a clock and never
draws a random number.

- `identifiers`    venues, unified symbols, instruments as (venue, symbol)
- `instruments`    static facts of a symbol: tick, lot, notional, status, fees
- `market`         what a venue says in public: books, quotes, trades, klines, tickers, acks
- `books`          what a book actor says: BookTop, BookDark, and what it asks for
- `opportunities`  what the detector says
- `requests`       a REST request or a websocket command as plain data
- `faults`         the fault catalogue: every way in which we break an engine on purpose
- `errors`         the one exception hierarchy
"""
