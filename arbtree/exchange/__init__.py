"""The venues as a library: handles on the same actors that the engine runs.

- `contract`   `Exchange`, `PublicExchange` and `PrivateExchange`: what a handle promises
- `opening`    `open_exchange`, the one factory, and `open_world`, a simulated market
- `public`     the handle behind `PublicExchange`
- `following`  which connections and books the handle runs, and adding and removing them
- `livebook`   `LiveBook`, a book that answers only while it is proven
- `listening`  `Messages` and `Callbacks`: what users iterate over and what calls them
- `rest`       `PublicRest`: fresh requests, never a price to trade at
"""
