"""`python -m arbtree` is the `arbtree` command."""

from __future__ import annotations

import sys

from arbtree.cli import main

if __name__ == "__main__":
    sys.exit(main())
