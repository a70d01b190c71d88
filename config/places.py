"""Where things of a running engine lie on this machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def inspection_socket(name: str) -> Path:
    """Where the engine of that name is inspected.

    Args:
        name: the engine's name, from `[engine] name`.

    Returns:
        `$XDG_RUNTIME_DIR/arbtree/<name>.sock`; where the system gives its users no such folder,
        a folder of theirs alone in the temporary directory.
    """
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and Path(given).is_absolute():
        return Path(given) / "arbtree" / f"{name}.sock"
    return Path(tempfile.gettempdir()) / f"arbtree-{os.getuid()}" / f"{name}.sock"


def capsule_folder() -> Path:
    """Where crash capsules are kept unless the configuration names another folder.

    Returns:
        `$XDG_STATE_HOME/arbtree/capsules`, or the same below `~/.local/state`; for a user without
        a home, a folder of theirs alone in the temporary directory.
    """
    given = os.environ.get("XDG_STATE_HOME", "")
    if given and Path(given).is_absolute():
        return Path(given) / "arbtree" / "capsules"
    try:
        return Path.home() / ".local/state" / "arbtree" / "capsules"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"arbtree-{os.getuid()}" / "capsules"
