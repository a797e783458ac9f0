"""Stand-ins for hubs that exist, each with the peculiarities that were seen when real ones were run.

They differ in the fields that they read, in what they do with several topic URLs in one POST, and in their answer when
nobody subscribes to a topic.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web
from support.hubs import ReceivedRequest


class Peculiarities(NamedTuple):
    """How a hub reads pings.

    `fields` are the names that it reads a topic URL from, `several` the URLs of one POST that it keeps, `unknown` its
    answer for a topic without a subscriber, `fetches` whether it fetches the topic within the request.
    """

    fields: tuple[str, ...] = ("hub.url", "hub.topic")
    several: Literal["first", "last", "ten", "refused"] = "first"
    accepted: int = 202
    text: str = ""
    unknown: tuple[int, str] | None = None


FOREIGN_HUBS = {
    "flask-websub": Peculiarities(fields=("hub.topic",)),
    "tystuyfzand": Peculiarities(fields=("hub.topic",), unknown=(400, "no subscriptions")),
    "switchboard": Peculiarities(several="last", accepted=200, text="Error: the feed was not changed"),
    "rsscloud": Peculiarities(several="refused"),
    "appspot": Peculiarities(fields=("hub.url",), several="ten", accepted=204),
    "superfeedr": Peculiarities(fields=("hub.url",), accepted=204),
    "websubhub": Peculiarities(unknown=(500, "Topic not found")),
}


class ForeignHub:
    """A responder that behaves like one of these hubs. `known` counts the pings that it understood."""

    def __init__(self, name: str) -> None:
        self.peculiarities = FOREIGN_HUBS[name]
        self.has_subscribers = True
        self.known: Counter[str] = Counter()

    def __call__(self, request: ReceivedRequest) -> web.Response:
        ours = self.peculiarities
        fields = parse_qsl(request.body.decode())
        topics = list(dict.fromkeys(value for name, value in fields if name in ours.fields))
        if request.method != "POST" or ("hub.mode", "publish") not in fields or not topics:
            return web.Response(status=400, text="not a ping")
        if len(topics) > 1 and ours.several == "refused":
            return web.Response(status=400, text="one topic, please")
        if ours.unknown and not self.has_subscribers:
            return web.Response(status=ours.unknown[0], text=ours.unknown[1])
        kept = {"first": topics[:1], "last": topics[-1:], "ten": topics[:10], "refused": topics}[ours.several]
        self.known.update(kept)
        return web.Response(status=ours.accepted, text=ours.text or None)


class RateLimitedHub:
    """A responder that allows a number of pings per second, and answers 429 with `Retry-After` to others."""

    def __init__(self, rate: float, burst: float, retry_after_s: int = 1) -> None:
        self.accepted: list[float] = []
        self.refused = 0
        self._rate, self._burst, self._retry_after_s = rate, burst, retry_after_s
        self._tokens, self._at = burst, time.monotonic()

    def __call__(self, _: ReceivedRequest) -> web.Response:
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            self.refused += 1
            return web.Response(status=429, headers={"Retry-After": str(self._retry_after_s)})
        self._tokens -= 1
        self.accepted.append(now)
        return web.Response(status=202)
