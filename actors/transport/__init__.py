"""The transports: the only place that opens outbound sockets.

- `dial`        the seam: how a host and port become a stream (sockets, or memory in tests)
- `websocket`   what a websocket connection is to the rest of the engine
- `opening`     how to open one
- `reference`   the engine that stands behind it: trio-websocket, read in batches
- `http`        an httpx transport on trio and h11 whose pool survives cancellation
- `rest`        one venue's REST client: deadline, budget, ban clock, decoded errors

Everything a peer or a network can do ends here as an error of `messages.errors`.  Nothing in
this room knows what a venue's bytes mean, and nothing reconnects: a lost socket is news for the
actor that owns it.
"""
