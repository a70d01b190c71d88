"""The dial seam: how a host and a port become a stream.

Whoever needs an outbound connection takes a `Dialer`.  `SocketDialer` opens real sockets; a
simulated world gives a dialer that returns memory streams, and nothing else changes.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable

import trio

from messages.errors import CertificateRefused, DialFailed

Dialer = Callable[[str, int, bool], Awaitable[trio.abc.Stream]]
"""Opens a stream to (host, port, TLS or not), or raises `DialFailed`."""

CONNECT_DEADLINE_S = 10.0
"""Name lookup and TCP together: three SYN retransmissions (1 + 2 + 4 s) fit in."""

TLS_DEADLINE_S = 10.0
"""Two round trips and a signature; a peer that needs longer would be useless for trading."""

CLOSE_DEADLINE_S = 1.0
"""A forceful close does not wait for the peer; this only bounds a stream that misbehaves."""


class _Shared:
    """The one TLS context of this process: building it reads the machine's certificates, 34 ms."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._made: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context, made by whoever comes first; blocks, so call it in a thread."""
        with self._making:
            if self._made is None:
                self._made = ssl.create_default_context()
            return self._made


_shared = _Shared()


class SocketDialer:
    """Opens TCP and TLS connections.

    All dialers of a process share one TLS context, made in a thread the first time it is needed,
    or by `prepare` before that.  TCP_NODELAY is set and addresses are raced ("happy eyeballs") by
    trio.

    Args:
        context: a TLS context to use instead of the shared one.
        connect_deadline_s: limit for name lookup and TCP connect together.
        tls_deadline_s: limit for the TLS handshake.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        *,
        connect_deadline_s: float = CONNECT_DEADLINE_S,
        tls_deadline_s: float = TLS_DEADLINE_S,
    ) -> None:
        self._context = context
        self._connect_deadline_s = connect_deadline_s
        self._tls_deadline_s = tls_deadline_s

    async def prepare(self) -> ssl.SSLContext:
        """Make the TLS context now, off the event loop, and return it."""
        if self._context is None:
            self._context = await trio.to_thread.run_sync(_shared.context)
        return self._context

    async def __call__(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        """Open a connection.

        Args:
            host: name or address.
            port: TCP port, 1 to 65535.
            tls: whether to speak TLS and prove the peer's certificate for `host`.

        Returns:
            The open stream, owned by the caller.

        Raises:
            DialFailed: naming host, port and cause; `CertificateRefused` when the peer answers
                but is not proven to be the host.
        """
        stream = await self._connect(host, port)
        return await self._encrypt(stream, host, port) if tls else stream

    async def _connect(self, host: str, port: int) -> trio.SocketStream:
        try:
            with trio.fail_after(self._connect_deadline_s):
                return await trio.open_tcp_stream(host, port)
        except trio.TooSlowError as error:
            text = f"no TCP connection within {self._connect_deadline_s:g} s"
            raise DialFailed(f"cannot connect to {host}:{port}: {text}") from error
        except (OSError, UnicodeError, ValueError) as error:
            # ValueError and UnicodeError: trio and the idna codec refuse impossible names.
            raise DialFailed(f"cannot connect to {host}:{port}: {connect_cause(error)}") from error

    async def _encrypt(self, stream: trio.SocketStream, host: str, port: int) -> trio.abc.Stream:
        done = False
        try:
            context = await self.prepare()
            # https_compatible: peers cut the TCP connection without the closing TLS message.
            encrypted = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
            with trio.fail_after(self._tls_deadline_s):
                await encrypted.do_handshake()
            done = True
            return encrypted
        except trio.TooSlowError as error:
            text = f"no TLS handshake within {self._tls_deadline_s:g} s"
            raise DialFailed(f"cannot connect to {host}:{port}: {text}") from error
        except (trio.BrokenResourceError, OSError, ValueError) as error:
            refused = isinstance(error.__cause__ or error, ssl.SSLCertVerificationError)
            kind = CertificateRefused if refused else DialFailed
            raise kind(f"cannot connect to {host}:{port}: {tls_cause(error)}") from error
        finally:
            if not done:
                with trio.move_on_after(CLOSE_DEADLINE_S, shield=True):
                    await trio.aclose_forcefully(stream)


def connect_cause(error: BaseException) -> str:
    """Say in a few words why a TCP connection did not come about.

    trio raises one error for all addresses it tried, with theirs in a group beneath it; the
    first one with words of its own is what a reader needs.
    """
    cause = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, OSError):
        error = cause
    if isinstance(error, OSError) and error.strerror:
        # trio adds the address, which we name already; a resolver's numbers are its own.
        if error.errno is None or isinstance(error, socket.gaierror):
            return error.strerror
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def tls_cause(error: BaseException) -> str:
    """Say in a few words why a TLS handshake failed."""
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or cause}"
    return f"closed during the TLS handshake ({cause})" if str(cause) else "closed during TLS"
