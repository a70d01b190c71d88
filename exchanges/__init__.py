"""Floor 1: venue dialects as pure functions; bytes in, messages out, intent in, request out.

Nothing here does I/O, reads a clock or draws a random number.  Every venue has one folder with
the same files (`wire`, `codec`, `rest`, `auth`, `limits`, `symbols`, and the assembly in
`__init__`) and one line in `registry`; `_template` is the folder to copy.

- `contract`    what every dialect offers
- `planning`    which streams share a connection
- `reading`     one typed decode of an answer, and what is quoted of a bad one
- `refusals`    what the error maps have in common
- `sequencing`  whether a book may be believed: the state machine over snapshot and event ids
- `registry`    the dialects by venue name
"""
