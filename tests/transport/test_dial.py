"""The dialer: real sockets on loopback, every way a dial fails."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trustme

from actors.transport import dial
from actors.transport.dial import SocketDialer
from messages.errors import CertificateRefused, DialFailed, RetryKind
from tests.transport.worlds import loopback


async def echo(stream: trio.abc.Stream) -> None:
    async for data in stream:
        await stream.send_all(data)


async def test_plain_connection_carries_bytes_without_delay() -> None:
    """A plain dial gives a stream with TCP_NODELAY that carries bytes both ways."""
    async with loopback(echo) as port:
        stream = await SocketDialer()("127.0.0.1", port, False)
        assert isinstance(stream, trio.SocketStream)
        assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"
        await stream.aclose()


async def test_tls_connection_proves_the_name(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """A TLS dial with a trusted certificate for the name gives an encrypted stream."""
    async with loopback(echo, certificate=authority.issue_cert("localhost")) as port:
        stream = await SocketDialer(trusting)("localhost", port, True)
        assert isinstance(stream, trio.SSLStream)
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"
        await trio.aclose_forcefully(stream)


async def test_wrong_name_in_the_certificate_is_refused(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """A certificate for another name fails the dial and says so."""
    async with loopback(silent_tls, certificate=authority.issue_cert("other.example")) as port:
        text = r"^cannot connect to localhost:\d+: certificate not accepted: Hostname"
        with pytest.raises(CertificateRefused, match=text) as caught:
            await SocketDialer(trusting)("localhost", port, True)
    assert caught.value.outage
    assert (caught.value.retry.kind, caught.value.retry.after_s) == (RetryKind.AFTER, 60.0)


async def test_unknown_authority_is_refused(authority: trustme.CA) -> None:
    """A certificate nobody vouches for fails the dial against the machine's own roots."""
    async with loopback(silent_tls, certificate=authority.issue_cert("localhost")) as port:
        with pytest.raises(DialFailed, match="certificate not accepted: ") as caught:
            await SocketDialer()("localhost", port, True)
        assert isinstance(caught.value.__cause__, trio.BrokenResourceError)
        assert caught.value.outage


async def silent_tls(stream: trio.abc.Stream) -> None:
    await stream.receive_some()


async def test_plain_text_peer_fails_the_handshake(trusting: ssl.SSLContext) -> None:
    """A peer that does not speak TLS fails the dial with one sentence."""

    async def http(stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with loopback(http) as port:
        with pytest.raises(DialFailed, match="TLS failed: WRONG_VERSION_NUMBER"):
            await SocketDialer(trusting)("localhost", port, True)


async def test_peer_that_hangs_up_in_the_handshake(trusting: ssl.SSLContext) -> None:
    """A peer that closes during the TLS handshake fails the dial."""

    async def rude(stream: trio.abc.Stream) -> None:
        await stream.aclose()

    async with loopback(rude) as port:
        with pytest.raises(DialFailed, match=f"cannot connect to localhost:{port}: .*TLS"):
            await SocketDialer(trusting)("localhost", port, True)


async def test_silent_peer_meets_the_tls_deadline(trusting: ssl.SSLContext) -> None:
    """A peer that never answers the TLS hello is given up after the deadline, socket closed."""
    closed = trio.Event()

    async def wait_for_the_end(stream: trio.abc.Stream) -> None:
        while await stream.receive_some():
            pass
        closed.set()

    async with loopback(wait_for_the_end) as port:
        dialer = SocketDialer(trusting, tls_deadline_s=0.02)
        with pytest.raises(DialFailed, match=r"no TLS handshake within 0\.02 s"):
            await dialer("localhost", port, True)
        with trio.fail_after(5):
            await closed.wait()


async def test_connection_refused() -> None:
    """A port nobody listens on fails with host, port and cause."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        text = f"cannot connect to 127.0.0.1:{port}: Connection refused"
        with pytest.raises(DialFailed, match=text):
            await SocketDialer()("127.0.0.1", port, False)


class Resolver(trio.abc.HostnameResolver):
    """A resolver that does this instead of looking a name up."""

    def __init__(self, act: Callable[[], Awaitable[None]]) -> None:
        self.act = act

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        await self.act()

    async def getnameinfo(self, *_: Any, **__: Any) -> Any:
        await self.act()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "Temporary failure"),
    ],
)
async def test_name_that_does_not_resolve(error: OSError, text: str) -> None:
    """A name without an address fails with the resolver's own words."""

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise error

    trio.socket.set_custom_hostname_resolver(Resolver(fail))
    with pytest.raises(DialFailed, match=rf"cannot connect to nowhere\.example:443: {text}"):
        await SocketDialer()("nowhere.example", 443, True)


async def test_impossible_names_are_refused() -> None:
    """A label longer than a name may have fails like any other dial."""
    with pytest.raises(DialFailed, match=r"cannot connect to x+:443: "):
        await SocketDialer()("x" * 64, 443, True)


async def test_connect_deadline(virtual_time: trio.testing.MockClock) -> None:
    """A lookup that never ends is given up after the deadline, in virtual time."""

    trio.socket.set_custom_hostname_resolver(Resolver(trio.sleep_forever))
    started_s = trio.current_time()
    with pytest.raises(DialFailed, match="no TCP connection within 10 s"):
        await SocketDialer()("slow.example", 443, False)
    assert trio.current_time() - started_s == pytest.approx(10)


async def test_one_tls_context_for_all_dials(monkeypatch: pytest.MonkeyPatch) -> None:
    """First dials of many dialers make one TLS context, in a thread, and later ones reuse it."""
    made: list[ssl.SSLContext] = []
    loop_thread = trio.lowlevel.current_trio_token()

    def create() -> ssl.SSLContext:
        with pytest.raises(RuntimeError):
            trio.lowlevel.current_trio_token()  # not on the loop's own thread
        made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", create)
    monkeypatch.setattr(dial, "_shared", type(dial._shared)())
    dialers = [SocketDialer() for _ in range(5)]
    async with trio.open_nursery() as nursery:
        for dialer in dialers:
            nursery.start_soon(dialer.prepare)
    assert [await dialer.prepare() for dialer in dialers] == made * 5
    assert len(made) == 1
    assert loop_thread is trio.lowlevel.current_trio_token()
