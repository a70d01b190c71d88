"""What no single key can say: duplicates, keys that exclude each other, orders of size."""

from __future__ import annotations

import ipaddress
import itertools
import json
from urllib.parse import SplitResult, urlsplit

from config.assets import check_asset_words
from config.faults import entry, fault, shown
from config.settings import DetectorSettings, Settings
from config.venues import VenueSettings
from messages.errors import ConfigError, UnknownSymbol
from messages.identifiers import parse_symbol

SYMBOL_FORMS = "a symbol such as BTC/USDT, BTC/USDT:USDT, BTC/USD:BTC or BTC/USD:BTC-260925"


def check_rules(settings: Settings, file: str) -> None:
    """Check the rules between keys.

    Args:
        settings: what was read; each key is within its own range.
        file: the name that errors give it.

    Raises:
        ConfigError: a rule is broken; the first one found.
    """
    _check_detector(settings.detector, file)
    _check_supervision(settings, file)
    check_asset_words(settings.assets, file)
    if not settings.active_venues:
        raise fault(
            file,
            "venues",
            "",
            expected="at least one [[venues]] entry that is enabled",
            found="none",
        )
    seen: dict[str, int] = {}
    for index, venue in enumerate(settings.venues):
        place = entry("venues", index)
        if venue.name in seen:
            raise fault(
                file,
                place,
                "name",
                expected="each venue once",
                found=f"{shown(venue.name)} again, first in {entry('venues', seen[venue.name])}",
            )
        seen[venue.name] = index
        _check_symbols(venue, file, place)
        _check_addresses(venue, file, place)
        _check_sizes(venue, settings.detector, file, place)
        _check_assets(venue, settings.simulator.assets, file, place)


def _check_detector(detector: DetectorSettings, file: str) -> None:
    if detector.proof_age_hard_ms < detector.proof_age_ms:
        raise fault(
            file,
            "detector",
            "proof_age_hard_ms",
            expected=f"at least proof_age_ms ({detector.proof_age_ms:g})",
            found=f"{detector.proof_age_hard_ms:g}",
        )
    delays = detector.alive_after_ms
    if any(late <= early for early, late in itertools.pairwise(delays)):
        raise fault(
            file,
            "detector",
            "alive_after_ms",
            expected="delays in ascending order, each once",
            found=json.dumps(delays),
        )


def _check_supervision(settings: Settings, file: str) -> None:
    rules = settings.supervision
    if rules.backoff_max_s < rules.backoff_min_s:
        raise fault(
            file,
            "supervision",
            "backoff_max_s",
            expected=f"at least backoff_min_s ({rules.backoff_min_s:g})",
            found=f"{rules.backoff_max_s:g}",
        )
    if settings.engine.stop_deadline_s < rules.stop_grace_s:
        raise fault(
            file,
            "engine",
            "stop_deadline_s",
            expected=f"at least the stop_grace_s of [supervision] ({rules.stop_grace_s:g})",
            found=f"{settings.engine.stop_deadline_s:g}",
        )


def _check_symbols(venue: VenueSettings, file: str, place: str) -> None:
    seen: set[str] = set()
    for number, symbol in enumerate(venue.symbols, start=1):
        found = f"{shown(symbol)} as entry {number}"
        try:
            parse_symbol(symbol)
        except UnknownSymbol:
            raise fault(file, place, "symbols", expected=SYMBOL_FORMS, found=found) from None
        if symbol.islower():
            expected = f"{SYMBOL_FORMS} (did you mean {json.dumps(symbol.upper())}?)"
            raise fault(file, place, "symbols", expected=expected, found=found)
        if symbol in seen:
            raise fault(file, place, "symbols", expected="each symbol once", found=f"{found} again")
        seen.add(symbol)


def _check_addresses(venue: VenueSettings, file: str, place: str) -> None:
    given = {"rest_url": venue.rest_url, "websocket_url": venue.websocket_url}
    present = [name for name, value in given.items() if value is not None]
    if venue.embedded and present:
        raise fault(
            file,
            place,
            present[0],
            expected="no address for an embedded venue",
            found="one; set embedded = false to use it",
        )
    if len(present) == 1:
        # A book is a snapshot of one server bridged by the stream of the other.
        missing = next(name for name, value in given.items() if value is None)
        raise fault(
            file,
            place,
            missing,
            expected=f"an address too, since {present[0]} is given",
            found="nothing",
        )
    if venue.rest_url is not None and venue.websocket_url is not None:
        _check_address(venue.rest_url, ("https", "http"), file, place, "rest_url")
        _check_address(venue.websocket_url, ("wss", "ws"), file, place, "websocket_url")


def _check_address(url: str, schemes: tuple[str, str], file: str, place: str, key: str) -> None:
    """Check one address; what is shown of it never holds a user name, password or query."""
    secure, plain = schemes

    def refuse(expected: str, found: str) -> ConfigError:
        return fault(file, place, key, expected=expected, found=found)

    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:  # a port that is no number, an unclosed bracket
        raise refuse(f"{secure}://HOST[:PORT][/PATH]", "a malformed address") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise refuse(
            f"{secure}://HOST[:PORT][/PATH]", "an address with a user name, query or fragment"
        )
    if parts.scheme not in schemes or not parts.hostname or not port_fits or " " in url:
        raise refuse(f"{secure}://HOST[:PORT][/PATH]", shown(url))
    if parts.scheme == plain and not _is_loopback(parts):
        # Prices that anyone on the way can change are not worth trading on.
        raise refuse(f"{secure}:// for a host that is not this machine", shown(url))


def _is_loopback(parts: SplitResult) -> bool:
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _check_sizes(venue: VenueSettings, detector: DetectorSettings, file: str, place: str) -> None:
    for key, levels in (
        ("max_levels", venue.max_levels),
        ("snapshot_levels", venue.snapshot_levels),
    ):
        if levels < detector.depth_levels:
            raise fault(
                file,
                place,
                key,
                expected=f"at least the depth_levels of [detector] ({detector.depth_levels})",
                found=str(levels),
            )
    if (
        venue.silent_after_s is not None
        and venue.ping_every_s is not None
        and venue.silent_after_s <= venue.ping_every_s
    ):
        raise fault(
            file,
            place,
            "silent_after_s",
            expected=f"more than ping_every_s ({venue.ping_every_s:g})",
            found=f"{venue.silent_after_s:g}",
        )


def _check_assets(venue: VenueSettings, assets: tuple[str, ...], file: str, place: str) -> None:
    if not (venue.embedded and assets):
        return
    for symbol in venue.symbols:
        base = parse_symbol(symbol).base
        if base not in assets:
            raise fault(
                file,
                place,
                "symbols",
                expected=f"base assets of [simulator] ({', '.join(assets)}), the venue is embedded",
                found=shown(symbol),
            )
