"""Floor 3: supervisors, and the tree that the engine is.

All but `tree` and `__main__` is a library that knows nothing of trading: give it a spec, it starts
actors in order, restarts what crashes, waits for what is out, and stops in reverse order.

- `spec`        a tree as data, and the check of it
- `runtime`     `Runtime`, `run_tree`, `open_tree`, `run`: a tree that runs
- `supervisor`  judging ends; `group` drives children to what is wanted
- `operations`  what may be asked of a running tree
- `child`       what is kept of each child; `life` is one life of it
- `failures`    what an end was; `restarts` is the arithmetic of budgets and backoff
- `registry`    paths and watchers; `events` the log; `rows` the tree for readers
- `deadletters`, `waits`   what nobody handles; who waits for whose answer
- `capsules`, `capsule_replay`   crashes kept as files, and acted out again
- `watchdog`   a thread that names who blocks the loop, and ends a stop that has no end
- `signals`, `frames`   SIGINT and SIGTERM as requests; where a task waits
"""
