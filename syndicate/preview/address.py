"""Where the preview listens, and the address that its documents state."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from ipaddress import ip_address

from ..errors import SyndicateError

FIRST_PORT = 8080
_PORTS = 100
_ELSEWHERE = ("192.0.2.1", 9)  # RFC 5737: connecting a UDP socket chooses a local address, and sends nothing


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens on a port, or on the first free one from 8080 on. Port 0 is any free one.

    Raises SyndicateError when the address is not available.
    """
    ports = range(FIRST_PORT, FIRST_PORT + _PORTS) if port is None else [port]
    for number in ports:
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, number), family=family)
        except socket.gaierror as error:
            raise SyndicateError(f"{host}: cannot listen: {error.strerror}") from None
        except OSError as error:
            reason = os.strerror(error.errno or 0)
    where = f"{host}:{port}" if port is not None else f"{host}, ports {ports[0]} to {ports[-1]}"
    raise SyndicateError(f"{where}: cannot listen: {reason}")


def local_url(listener: socket.socket) -> str:
    """Return the URL by which a browser reaches a listener: with one for all addresses, that of this machine."""
    host, port = listener.getsockname()[:2]
    address = ip_address(host.partition("%")[0])
    if address.is_unspecified:
        address = ip_address(_own_address())
    return f"http://[{address}]:{port}/" if address.version == 6 else f"http://{address}:{port}/"


def _own_address() -> str:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
