"""What an actor is: a mailbox, a reference that outlives it, and turns in which it works.

This package and the supervisors could be lifted out as a library: nothing here knows what an
exchange or a book is.  The supervisor that starts, ends and restarts actors is on the floor above.

- `actor`      `Actor`, which one derives from, and `ActorContext`, which a life is given
- `mailbox`    bounded, counted, outlives every life of its actor
- `reference`  `ActorRef`: how one actor is spoken to, valid for ever
- `turn`       running an actor's handlers, one open turn at a time in the whole run
- `timers`     messages to oneself at a later time
- `messages`   `Up` and `Down`, what a watcher hears
- `requests`   asking a supervisor for something
- `recorder`, `capsule`, `state_copy`   what a life took in, kept for when it crashes
- `clock`      the one seam for time
- `faults`     the errors of the runtime itself
"""
