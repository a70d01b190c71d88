"""Virtual time for every test that asks for it, and one certificate authority."""

from __future__ import annotations

import ssl

import pytest
import trio.testing
import trustme


@pytest.fixture
def virtual_time() -> trio.testing.MockClock:
    """A clock that jumps to the next deadline as soon as every task waits."""
    return trio.testing.MockClock(autojump_threshold=0)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority nobody else knows."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's TLS context that accepts this authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context
