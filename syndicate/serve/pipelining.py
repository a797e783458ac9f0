"""Requests behind a request for an upgrade (`Upgrade: h2c`), which this server declines (RFC 9110 §7.8).

aiohttp's parser stops after such a request, and drops what the same read of the connection holds behind it. So it is
given one request at a time.
"""

from __future__ import annotations

from typing import Any

from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE

_HEAD_END = b"\r\n\r\n"


def parse_one_by_one(parser: Any) -> Any:
    """Return a parser for a connection that feeds this one request by request."""
    return RequestByRequestParser(parser)


class RequestByRequestParser:
    """Stands between a connection and its parser, and feeds the parser up to the end of one head at a time.

    It stops where the queue of the connection is full, as the parser does: nothing is in the parser then but what is
    incomplete.
    """

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._waiting = 0
        self._tail = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def message_consumed(self) -> None:
        """Note that the connection took a request from its queue."""
        self._waiting -= 1
        self._parser.message_consumed()

    def feed_data(self, data: bytes) -> tuple[list[Any], bool, bytes]:
        """Return the requests that are complete, whether the connection is upgraded, and the rest of an upgraded one.

        Raises HttpProcessingError, as the parser does. The requests before the malformed one are not answered then.
        """
        data, self._tail = self._tail + data, b""
        found: list[Any] = []
        start = 0
        while True:
            end = data.find(_HEAD_END, start)
            stop = len(data) if end < 0 else end + len(_HEAD_END)
            messages, is_upgraded, rest = self._parser.feed_data(data[start:stop])
            found += messages
            self._waiting += len(messages)
            start = stop
            if is_upgraded:
                return found, True, rest + data[start:]
            if start >= len(data):
                return found, False, b""
            if self._waiting >= MAX_MSG_QUEUE_SIZE:
                self._tail = data[start:]
                return found, False, b""
