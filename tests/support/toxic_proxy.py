"""A TCP proxy in front of a Unix socket: it delays what clients send, counts round trips, and cuts connections."""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Fault = Callable[[bytes], str]
"""Returns what happens to bytes that a client sends: `""` they pass; `cut` the connection ends before they arrive;
`lose` they arrive, and the connection ends before the answer does."""


class ToxicProxy:
    """The proxy. `latency_s` is the time of a round trip."""

    def __init__(self, behind: Path) -> None:
        self._behind = behind
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.latency_s = 0.0
        self.round_trips = 0
        self.fault: Fault = lambda data: ""
        self.is_down = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections."""
        with self._lock:
            for one in self._open:
                _reset(one)
            self._open.clear()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Ends all connections, and refuses others within the block."""
        self.is_down = True
        self.cut()
        try:
            yield
        finally:
            self.is_down = False

    def close(self) -> None:
        """Ends the proxy."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_down:
                _reset(client)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._behind))
            with self._lock:
                self._open |= {client, server}
            _Connection(self, client, server)

    def end(self, *sockets: socket.socket) -> None:
        """Ends one connection."""
        with self._lock:
            for one in sockets:
                self._open.discard(one)
                _reset(one)


class _Connection:
    def __init__(self, proxy: ToxicProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._is_answered = True
        self._loses_answer = False
        self._sent: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        for target in (self._read_client, self._forward, self._read_server):
            threading.Thread(target=target, daemon=True).start()

    def _read_client(self) -> None:
        with suppress(OSError):
            while data := self._client.recv(1 << 18):
                if self._is_answered:
                    self._proxy.round_trips += 1
                    self._is_answered = False
                self._sent.put((time.perf_counter() + self._proxy.latency_s, data))
        self._sent.put((0.0, b""))

    def _forward(self) -> None:
        with suppress(OSError):
            while True:
                due, data = self._sent.get()
                if not data:
                    break
                time.sleep(max(0.0, due - time.perf_counter()))
                fault = self._proxy.fault(data)
                if fault == "cut":
                    break
                self._loses_answer = self._loses_answer or fault == "lose"
                self._server.sendall(data)
        if not self._loses_answer:
            self._proxy.end(self._client, self._server)

    def _read_server(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(1 << 18):
                if self._loses_answer:
                    break
                self._is_answered = True
                self._client.sendall(data)
        self._proxy.end(self._client, self._server)


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        if one.family == socket.AF_INET:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def toxic_proxy(behind: Path) -> Iterator[ToxicProxy]:
    """Runs a proxy in front of a socket."""
    proxy = ToxicProxy(behind)
    try:
        yield proxy
    finally:
        proxy.close()
