"""Damaged frames against the codecs: refused by name, or the book an independent reader makes.

- `corpus`     real frames and answers of every venue, and the symbols they speak of
- `mutating`   what is done to them, drawn from a seed
- `protobuf`   a small reader of protobuf's wire
- `reading`    what a frame says, read without `exchanges`: `json` with Decimals, or `protobuf`
- `judging`    one frame through the codec and the book, beside the reader's Decimal book
- `guided`     the same judge behind atheris, where it is installed

`python -m tests.fuzz --frames 1000000` is the long run; RESULTS.md has one.
"""
