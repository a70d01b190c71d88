"""Certification: a numbered battery of cards that every venue has to pass.

A card plays the venue's real dialect and the real actors against the simulated venue, in virtual
time on memory streams, does one thing to them and says in one sentence what was seen.  Throughout,
every price the engine publishes is compared with the book the simulated venue really had.

- `stage`    one engine, one simulated venue, one virtual clock, and the witness of its books
- `streams`  cards 1 to 9: what comes by websocket
- `requests` cards 10 to 13: heartbeat, limits, bans, clocks
- `battery`  the cards by number, and how they are run

Numbers never change their meaning; those from 20 on are kept for orders.
"""
