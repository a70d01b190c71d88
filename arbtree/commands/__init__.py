"""The sub-commands of `arbtree`: one module each, imported only when its command runs.

A module has two functions: `add_arguments(parser)` adds what the command understands, and
`run(arguments) -> int` does it and returns the exit code.  `--json` and `--debug` are added to
every command by `arbtree.cli`.  Errors are raised as `messages.errors`; the face turns them into
one sentence and the exit code.
"""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("arbtree.commands.run", "run the supervised engine"),
    "check": ("arbtree.commands.check", "check a configuration file and say what it would run"),
    "tree": (
        "arbtree.commands.tree",
        "print the actor tree of a configuration, or of a running engine",
    ),
    "inspect": ("arbtree.commands.inspect", "read a running engine from another terminal"),
    "restart": ("arbtree.commands.steer", "stop and start an actor of a running engine anew"),
    "stop": ("arbtree.commands.steer", "stop an actor of a running engine"),
    "suspend": ("arbtree.commands.steer", "let an actor of a running engine take no messages"),
    "resume": ("arbtree.commands.steer", "let a suspended actor go on"),
    "chaos": (
        "arbtree.commands.chaos",
        "break an engine, virtual or running, and time its recovery",
    ),
    "venues": ("arbtree.commands.venues", "list the venues, what they offer and their limits"),
    "certify": ("arbtree.commands.certify", "play the certification cards on a venue"),
    "import": ("arbtree.commands.import_", "turn other tools' recordings into captures"),
    "record": ("arbtree.commands.record", "record what a venue sends, to replay it later"),
    "decode": ("arbtree.commands.decode", "show what a venue's frames say"),
    "replay": ("arbtree.commands.replay", "run recordings through books and detector"),
}
"""Every command: its module and its line of help."""
