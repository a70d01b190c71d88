"""The configuration of one venue; see `config.settings` for how these annotations are used."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_SYMBOLS_PER_VENUE = 1000
"""Five times what is measured to fit into one process (200 books)."""
DAY_S = 86_400
"""Venues close a connection after 24 h at the latest; ours must be renewed before that."""

VenueName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,31}\Z",
        title='a venue such as "binance" (lower case, digits, _; at most 32 characters)',
        description="The venue, as `arbtree venues` lists it.",
    ),
]
SymbolText = Annotated[
    str, Meta(min_length=1, max_length=64, title="a symbol of at most 64 characters")
]


class VenueSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One venue: what is followed there and how; the table may stand many times."""

    name: VenueName
    symbols: Annotated[
        tuple[SymbolText, ...],
        Meta(
            min_length=1,
            max_length=MAX_SYMBOLS_PER_VENUE,
            description="Symbols to follow: `BTC/USDT` spot, `BTC/USDT:USDT` linear, "
            "`BTC/USD:BTC` inverse, `BTC/USD:BTC-260925` dated.",
        ),
    ]
    enabled: Annotated[bool, Meta(description="`false` keeps the entry and leaves it out.")] = True
    embedded: Annotated[
        bool, Meta(description="`true` simulates the venue inside the process.")
    ] = False
    rest_url: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="REST address instead of the venue's own (`https://`, or `http://` "
                "on loopback); together with `websocket_url`.",
            ),
        ]
        | None
    ) = None
    websocket_url: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="Websocket address instead of the venue's own (`wss://`, or `ws://` "
                "on loopback); together with `rest_url`.",
            ),
        ]
        | None
    ) = None
    maker_fee_bps: (
        Annotated[
            float,
            Meta(ge=-100, le=1000, description="Maker fee; the venue's base fee when left out."),
        ]
        | None
    ) = None
    taker_fee_bps: (
        Annotated[
            float,
            Meta(ge=-100, le=1000, description="Taker fee; the venue's base fee when left out."),
        ]
        | None
    ) = None
    max_levels: Annotated[
        int,
        Meta(ge=10, le=20_000, description="Levels a side a book keeps; what it drops is counted."),
    ] = 1000
    snapshot_levels: Annotated[
        int,
        Meta(
            ge=5,
            le=5000,
            description="Levels a side to ask a snapshot for; the venue may know a smaller or "
            "rounder number.",
        ),
    ] = 1000
    max_clock_offset_ms: Annotated[
        float,
        Meta(
            ge=1,
            le=60_000,
            description="How far our clock may be off the venue's before nothing is signed.",
        ),
    ] = 500.0
    depth_interval_ms: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=10_000,
                description="Pace of the depth stream, one of those the venue "
                "offers; its usual one when left out.",
            ),
        ]
        | None
    ) = None
    snapshots: (
        Annotated[
            Literal["stream", "rest"],
            Meta(
                description="Where a book's snapshots come from: `stream` where the depth stream "
                "brings its own, or `rest`; the venue's better way when left out.",
            ),
        ]
        | None
    ) = None
    acknowledged_within_s: Annotated[
        float,
        Meta(ge=0.1, le=600, description="Time the venue may take to confirm a subscription."),
    ] = 10.0
    first_data_within_s: Annotated[
        float,
        Meta(ge=0.1, le=3600, description="Time the first data of a subscription may take."),
    ] = 30.0
    ping_every_s: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=3600,
                description="How often we probe a quiet connection with a ping, 0: never; as "
                "far as the venue allows when left out.",
            ),
        ]
        | None
    ) = None
    silent_after_s: (
        Annotated[
            float,
            Meta(
                ge=1,
                le=3600,
                description="Time without any frame after which a connection is "
                "dead; the venue's rule when left out.",
            ),
        ]
        | None
    ) = None
    reconnect_every_s: (
        Annotated[
            float,
            Meta(
                ge=60,
                lt=DAY_S,
                description="Age at which a connection is renewed; a little before the venue's "
                "own limit when left out.",
            ),
        ]
        | None
    ) = None
