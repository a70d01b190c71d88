"""One order of events for one seed: trio's two private sources of chance, switched off here.

trio shuffles the order in which tasks of one batch run, and breaks ties between deadlines by
memory address.  Both names below are private to trio (`_core/_run.py`); nothing else in this
repository touches them, and a test fails when trio renames them.
"""

from __future__ import annotations

import trio
import trio._core._run as scheduler


def make_deterministic(seed: int) -> None:
    """Make every later `trio.run` of this process a pure function of the program and this seed.

    Raises:
        RuntimeError: this version of trio has renamed what decides the order.
    """
    names = ("_ALLOW_DETERMINISTIC_SCHEDULING", "_r")
    missing = [name for name in names if not hasattr(scheduler, name)]
    if missing:
        raise RuntimeError(
            f"trio {trio.__version__} has no {', '.join(missing)}: order cannot be made fixed"
        )
    vars(scheduler)["_ALLOW_DETERMINISTIC_SCHEDULING"] = True
    vars(scheduler)["_r"].seed(seed)
