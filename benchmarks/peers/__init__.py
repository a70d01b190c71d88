"""Other people's libraries beside ours, each in an environment of its own; none is a dependency.

- `decoders`  their decoders, asked round by round by `benchmarks.decode`
- `torture`   damaged frames to our book and to theirs, counted against the truth
- `books`     their books, driven frame by frame by `torture`
"""
