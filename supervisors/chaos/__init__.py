"""Breaking a running tree on purpose: what is generic about it, whatever the tree is for.

- `schedule`  a schedule of faults as data, and drawing one from a seed
- `nemesis`   carries a schedule out beside a run, and keeps what was struck
- `faults`    faults of any actor: crash, failing start, hanging clean-up, pressure
- `shrink`    the fewest faults of a schedule that still fail

Nothing here knows what the tree does; faults of a venue lie in the simulator.
"""
