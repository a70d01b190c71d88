"""Floor 2: the actors, one kind per file, and the runtime they live in.

- `runtime/`     what an actor is: mailbox, reference, turn, timers; it knows nothing of trading
- `transport/`   the only outbound sockets
- `recordings/`  the only readers and writers of recordings

Everything else in this folder is one kind of actor.
"""
