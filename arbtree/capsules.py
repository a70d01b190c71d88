"""Crash capsules of this engine: where they are kept, what they must not hold, which actors."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path

import msgspec

from actors.runtime.actor import Actor
from actors.runtime.capsule import BadCapsule, Capsule
from arbtree import __version__
from config.places import capsule_folder
from config.secrets import every_secret
from config.settings import CapsuleSettings, Settings
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore

ROOM = "actors"
"""Where the actors of an engine are; a capsule that names another place is none of ours."""

LEAST_SECRET = 8
"""Characters of what is looked for; a shorter text is no key, and stands in many messages."""


def folder_of(rules: CapsuleSettings) -> Path:
    """Where the capsules of a configuration lie."""
    return Path(rules.folder).expanduser() if rules.folder else capsule_folder()


def open_store(settings: Settings) -> CapsuleStore | None:
    """The store of a run; None where the configuration wants none."""
    rules = settings.capsules
    if not rules.enabled:
        return None
    tags = {
        "name": settings.engine.name,
        "arbtree": __version__,
        "configuration": hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:16],
    }
    lines = [line.strip() for secret in every_secret() for line in secret.reveal().splitlines()]
    secrets = {line for line in lines if len(line) >= LEAST_SECRET}
    return CapsuleStore(folder_of(rules), keep=rules.keep, tags=tags, secrets=secrets)


def actor_named(name: str) -> type[Actor]:
    """Find the class of an actor by `module:name`.

    Raises:
        BadCapsule: there is no such actor in this engine.
    """
    module, _, words = name.partition(":")
    found = None
    if module.split(".")[0] == ROOM and importlib.util.find_spec(module) is not None:
        found = getattr(importlib.import_module(module), words, None)
    if not (isinstance(found, type) and issubclass(found, Actor)):
        raise BadCapsule(f"this engine has no actor {name!r}")
    return found


def replayed(capsule: Capsule) -> Outcome:
    """Act a crash out with the actor that this engine has; inside a running loop.

    Raises:
        BadCapsule: it cannot be acted out; the text says why.
    """
    if not capsule.actor:
        raise BadCapsule(f"{capsule.path} cannot be acted out: {capsule.missing}")
    kind = actor_named(capsule.actor)
    return act_out(capsule, kind, types_near(kind))
