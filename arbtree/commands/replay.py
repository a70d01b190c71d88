"""`arbtree replay FILE...`: recordings through the real codecs, books and pairs."""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal, InvalidOperation

from actors.assets import asset_words
from actors.proven_book import ProvenBook
from actors.recordings.feeds import Track
from actors.recordings.pairs import DEFAULT_THRESHOLDS, PairSettings
from actors.recordings.records import Recording
from actors.recordings.replay import Replay
from actors.recordings.report import amount_text, books, pair_reports, plain, report
from actors.recordings.sources import open_recordings
from arbtree.commands.progress import Progress
from config.reader import load
from exchanges.registry import venues
from markets.assets import AssetRegistry
from messages.errors import UsageError

LINES_SHOWN = 20
"""Most opportunities and errors the text shows; `--json` has them all."""

MAX_THRESHOLDS = 64
"""Most thresholds at once: each costs memory and time in every pair."""

MAX_FEE_BPS = Decimal(10_000)
"""A fee must stay below the whole price."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="FILE",
        help="a capture, a cryptofeed, hftbacktest or best-bid/ask CSV file; VENUE=FILE or "
        "VENUE:SYMBOL=FILE names what the file does not say itself",
    )
    parser.add_argument(
        "--quotes",
        choices=("book", "ticker"),
        default="",
        help="where prices of pairs come from (default: the book where the venue sends depth)",
    )
    parser.add_argument(
        "--thresholds",
        type=_thresholds,
        default=DEFAULT_THRESHOLDS,
        metavar="BPS[,...]",
        help=f"gross edges to count episodes above (default: {','.join(DEFAULT_THRESHOLDS)})",
    )
    parser.add_argument(
        "--max-age-ms",
        type=_age_ms,
        metavar="N",
        help="do not evaluate while either quote's last message is older (default: off)",
    )
    parser.add_argument(
        "--fees",
        type=_fees,
        default={},
        metavar="VENUE=BPS[,...]",
        help="taker fee of each venue, for opportunities (default: 0)",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a configuration whose [[assets]] say which tickers are one asset",
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay the inputs; 1 when a frame or line could not be used."""
    recordings = open_recordings(arguments.inputs)
    _check_fee_venues(arguments.fees, recordings)
    settings = PairSettings(
        arguments.thresholds, arguments.max_age_ms, arguments.fees, _assets(arguments.config)
    )
    replay = Replay(recordings, settings, arguments.quotes)
    with Progress() as progress:
        replay.run(progress.told)
    if arguments.json:
        print(json.dumps(report(replay)))
    else:
        print("\n".join(_text(replay, arguments.inputs)))
    if replay.errors_total:
        print(f"arbtree: {_unusable(replay)}", file=sys.stderr)
        return 1
    return 0


def _assets(file: str | None) -> AssetRegistry:
    """The registry of a configuration; a recording is real, whatever is embedded there."""
    return AssetRegistry() if file is None else AssetRegistry(asset_words(load(file)))


def _unusable(replay: Replay) -> str:
    """Say how much could not be used, and where and why the first."""
    total, first = replay.errors_total, replay.errors[0]
    count = f"{total:,} record{'s' if total != 1 else ''} could not be used"
    unlisted = total - len(replay.errors)
    if unlisted:
        count += f" ({unlisted:,} of them are not listed)"
    place = "" if first.error.startswith(first.venue) else f"{first.venue} "
    return f"{count}, the first: {place}{first.error}"


# -- arguments ------------------------------------------------------------------------------------


def _number(text: str, what: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}")
    return number


def _thresholds(text: str) -> tuple[str, ...]:
    typed = tuple(part.strip() for part in text.split(","))
    for part in typed:
        _number(part, "number of basis points")
    if len(typed) > MAX_THRESHOLDS:
        raise argparse.ArgumentTypeError(f"more than {MAX_THRESHOLDS} thresholds")
    if len(set(typed)) < len(typed):
        raise argparse.ArgumentTypeError(f"{text!r} names a threshold twice")
    return typed


def _age_ms(text: str) -> float:
    number = _number(text, "number of milliseconds")
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return float(number)


def _fees(text: str) -> dict[str, float]:
    fees: dict[str, float] = {}
    for part in text.split(","):
        venue, equals, bps = part.strip().partition("=")
        if not venue or not equals:
            raise argparse.ArgumentTypeError(f"{part!r} is not VENUE=BPS")
        number = _number(bps, "number of basis points")
        if not 0 <= number < MAX_FEE_BPS:
            raise argparse.ArgumentTypeError(f"a fee of {bps} bps is not between 0 and 10000")
        fees[venue.lower()] = float(number)
    return fees


def _check_fee_venues(fees: dict[str, float], recordings: tuple[Recording, ...]) -> None:
    """Refuse a fee for a venue that is nowhere: it is a misspelt one."""
    known = set(venues()).union(*(recording.venues for recording in recordings))
    for venue in fees:
        if venue not in known:
            raise UsageError(f"--fees names {venue!r}, which is no venue of this replay")


# -- text -----------------------------------------------------------------------------------------


def _text(replay: Replay, inputs: list[str]) -> list[str]:
    """Lay the result out for people."""
    files = f"{len(inputs)} file" + ("s" if len(inputs) != 1 else "")
    lines = [f"{replay.frames:,} frames of {files}, {replay.errors_total:,} errors"]
    rows = [_book_row(track, book) for track, book in books(replay)]
    if rows:
        head = ["book", "", "state", "updates", "gaps", "resyncs", "bid", "ask", "levels", "proof"]
        lines += ["", *_table([head, *rows])]
    found = _pair_rows(replay)
    if found:
        lines += ["", *_table([_pair_head(replay), *found])]
    lives = replay.opportunities
    if lives:
        shown = [_life_row(index, replay) for index in range(min(len(lives), LINES_SHOWN))]
        head = ["opportunity", "", "net bps", "gross bps", "amount", "lasted ms"]
        lines += ["", *_table([head, *shown])]
        lines += [f"and {len(lives) - LINES_SHOWN:,} more"] if len(lives) > LINES_SHOWN else []
    elif found:
        lines += ["", "no opportunity between comparable instruments"]
    for error in replay.errors[:LINES_SHOWN]:
        lines.append(f"error: {error.connection} at {error.at_ns}: {error.error}")
    return lines


def _table(rows: list[list[str]]) -> list[str]:
    """Align columns: the first two to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _book_row(track: Track, book: ProvenBook) -> list[str]:
    bid, ask = book.best_bid, book.best_ask
    bids, asks = book.levels()
    return [
        track.info.venue,
        track.info.symbol,
        book.state.value,
        f"{book.updates:,}",
        f"{book.gaps:,}",
        f"{book.resyncs:,}",
        plain(bid[0]) if bid else "-",
        plain(ask[0]) if ask else "-",
        f"{bids:,}/{asks:,}",
        f"{book.quotes_equal:,}/{book.quotes_compared:,}",
    ]


def _pair_head(replay: Replay) -> list[str]:
    above = [f">{typed} bps" for typed in replay.pairs.settings.thresholds]
    return ["buy at", "sell at", "max bps", "evaluations", *above, "comparable"]


def _pair_rows(replay: Replay) -> list[list[str]]:
    """One row a pair: episodes are shown as count and total milliseconds."""
    rows = []
    for pair in pair_reports(replay):
        edge = pair["max_gross_bps"]
        rows.append(
            [
                f"{pair['buy']['venue']} {pair['buy']['symbol']}",
                f"{pair['sell']['venue']} {pair['sell']['symbol']}",
                "-" if edge is None else f"{edge:.4f}",
                f"{pair['evaluations']:,}",
                *(
                    f"{each['count']}: {each['total_ms']:,.0f} ms"
                    for each in pair["episodes"].values()
                ),
                "yes" if pair["comparable"] else f"no: {pair['reason']}",
            ]
        )
    return rows


def _life_row(index: int, replay: Replay) -> list[str]:
    lived = replay.opportunities[index]
    edge = lived.life.edge
    return [
        f"{lived.buy.venue} {lived.buy.symbol}",
        f"{lived.sell.venue} {lived.sell.symbol}",
        f"{edge.best_net_bps:.4f}",
        f"{edge.gross_bps:.4f}",
        amount_text(edge.amount),
        f"{(lived.closed_ns - lived.life.opened_ns) / 1e6:,.3f}",
    ]
