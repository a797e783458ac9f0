"""The access log: a line for each response, in the combined format of web servers or as JSON, to standard output.

A thread writes the lines, because a pipe that nobody reads blocks its writer. If more than a limit wait, further lines
are dropped and counted in the program's own log.

Everything that a client chooses is escaped: each line is printable ASCII.
"""

from __future__ import annotations

import json
import queue
import re
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, NamedTuple

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from ..http.client_address import TrustedProxies

log: structlog.stdlib.BoundLogger = structlog.get_logger("syndicate.serve")

_MAX_WAITING = 10_000  # lines
_STOP_WAIT_S = 5.0
_UNSAFE = re.compile(r"[^ !#-\[\]-~]")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Response(NamedTuple):
    """What a line says. `path` includes the query; `body_bytes` counts the bytes of the body that were sent."""

    at_s: float
    address: str
    method: str
    path: str
    protocol: str
    status: int
    body_bytes: int
    duration_s: float
    referer: str
    user_agent: str


def format_combined(response: Response) -> str:
    """Return a line of the combined log format, with the escapes of Apache: backslashes and `\\xhh`."""
    at = datetime.fromtimestamp(response.at_s, UTC)
    # Names of months do not depend on the locale.
    day = f"{at.day:02}/{_MONTHS[at.month - 1]}/{at.year}:{at:%H:%M:%S} +0000"
    request = f"{response.method} {response.path} {response.protocol}"
    return (
        f'{_escape(response.address) or "-"} - - [{day}] "{_escape(request)}" {response.status} '
        f'{response.body_bytes or "-"} "{_escape(response.referer) or "-"}" "{_escape(response.user_agent) or "-"}"'
    )


def format_json(response: Response) -> str:
    """Return a JSON object in one line."""
    at = datetime.fromtimestamp(response.at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    members = {
        "time": at,
        "address": response.address,
        "method": response.method,
        "path": response.path,
        "protocol": response.protocol,
        "status": response.status,
        "body_bytes": response.body_bytes,
        "duration_ms": round(response.duration_s * 1000, 1),
        "referer": response.referer,
        "user_agent": response.user_agent,
    }
    return json.dumps(members, ensure_ascii=True).replace("\x7f", "\\u007f")


_FORMATTERS: dict[str, Callable[[Response], str]] = {"combined": format_combined, "json": format_json}


class AccessLog:
    """Writes a line for each response to a file, in a thread of its own."""

    def __init__(self, format_name: str, file: IO[str] | None = None, max_waiting: int = _MAX_WAITING) -> None:
        self._format = _FORMATTERS[format_name]
        self._file = sys.stdout if file is None else file
        self._lines: queue.Queue[str | None] = queue.Queue(max_waiting)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="access-log", daemon=True)
        self._thread.start()

    def add(self, response: Response) -> None:
        """Add the line of a response. Never waits."""
        try:
            self._lines.put_nowait(self._format(response) + "\n")
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, if somebody reads it."""
        try:
            self._lines.put(None, timeout=_STOP_WAIT_S)
        except queue.Full:
            return
        self._thread.join(_STOP_WAIT_S)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._file.write(line)
                if self._lines.empty():
                    self._file.flush()
            except (OSError, ValueError) as error:
                log.error("the access log ends", error=str(error))
                return
            if self._dropped and self._lines.empty():
                dropped, self._dropped = self._dropped, 0
                log.warning("lines of the access log were dropped", lines=dropped)


def logger_class(access_log: AccessLog, proxies: TrustedProxies) -> type[AbstractAccessLogger]:
    """Return the class that aiohttp makes for each connection, and calls after each response."""

    class _Logger(AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            access_log.add(_response(request, response, time, proxies))

    return _Logger


def _response(
    request: web.BaseRequest, response: web.StreamResponse, duration_s: float, proxies: TrustedProxies
) -> Response:
    fields = request.headers
    return Response(
        at_s=time.time() - duration_s,
        address=proxies.client(request.remote or "", fields.getall("X-Forwarded-For", [])),
        method=request.method,
        path=request.raw_path,
        protocol=f"HTTP/{request.version.major}.{request.version.minor}",
        status=response.status,
        body_bytes=response.body_length,
        duration_s=duration_s,
        referer=fields.get("Referer", ""),
        user_agent=fields.get("User-Agent", ""),
    )


def _escape(text: str) -> str:
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in '"\\':
        return f"\\{character}"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
