"""Recordings: read them, write them, replay them.  Nothing else touches a recording's file.

- `records`       what a recording consists of, whoever wrote it
- `files`         lines of plain and gzip files
- `cryptofeed`    one of the formats of other tools
- `hftbacktest`   another
- `quotes_csv`    best-bid/ask files
- `capture`       our own format
- `sources`       what the command line names, recognised by content
- `names`         what a native name means
- `feeds`         venues, connections and instruments of one replay
- `pairs`         prices of different venues against each other
- `lives`         opportunities and the evidence of their peaks
- `replay`        the engine
- `report`        its JSON
- `convert`       any recordings into one capture
- `tape`          a capture that is written while it happens
- `recorder`      a dialect that keeps what passes through it

No trio here but in `tape`: a replay is a plain loop and gives the same result every time.
"""
