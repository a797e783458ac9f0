"""Makes deliveries due that were given up or that wait, at the request of a person."""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import unquote

from ..config import Config
from ..store.outbox_repository import Outbox
from .diagnosis import feeds_of
from .session import run_transaction


class UnknownError(Exception):
    """There is no such hub or feed; the text is one line, with the most similar one."""


def replay(config: Config, now: float, hub_url: str | None = None, feed: str | None = None) -> int:
    """Make the deliveries due that were given up, and those that wait for later; return their number.

    `hub_url` limits it to one hub; `feed` to the documents of a feed, which its folder, the path of a document or a
    topic URL names. The hubs' circuit breakers are half-open afterwards, so that a ping is sent at once as a probe.

    Raises UnknownError for a hub or feed that does not exist, StoreError if the outbox cannot be used.
    """
    hub_urls = [*(hub.url for hub in config.hubs), *(cdn.target for cdn in config.cdns)]
    if hub_url is not None and hub_url not in hub_urls:
        raise UnknownError(_unknown(f"--hub: no hub {hub_url!r} in {config.path}", hub_url, hub_urls))
    path = None if feed is None else unquote(feed.removeprefix(config.site.url)).strip("/")

    def work(outbox: Outbox) -> int:
        if path is not None:
            paths = outbox.paths()
            if not any(known == path or known.startswith(f"{path}/") for known in paths):
                names = [*feeds_of(paths), *paths]
                raise UnknownError(_unknown(f"--feed: no feed {feed!r} was built", path, names))
        unblocked = [
            row._replace(open_until=0.0, not_before=0.0)
            for row in outbox.hub_health([hub_url] if hub_url else hub_urls)
        ]
        outbox.put_hub_health(unblocked)
        return outbox.replay(now, hub_url, path)

    return run_transaction(config.state, work)


def _unknown(problem: str, name: str, known: list[str]) -> str:
    similar = get_close_matches(name, known, n=1)
    if similar:
        return f"{problem}; did you mean {similar[0]!r}?"
    return f"{problem}; known are {', '.join(known[:5])}{', …' if len(known) > 5 else ''}" if known else problem
