"""`python -m supervisors` is the same as `arbtree run`."""

from __future__ import annotations

import sys

from arbtree.cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
