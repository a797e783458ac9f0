"""What is purged, and the requests that purge it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..config import Cdn
from ..outputs.cache_tags import cache_tag

_INDEX = "index.html"


class PurgeRequest(NamedTuple):
    """One HTTP request."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Purge(NamedTuple):
    """Changed documents of a site, and what a request about them needs: the token and a time in seconds since 1970."""

    cdn: Cdn
    site_url: str
    document_urls: tuple[str, ...]
    token: str
    now_s: float

    @property
    def urls(self) -> list[str]:
        """The addresses under which caches keep the documents: a page has that of its folder, too."""
        urls = [
            address
            for url in self.document_urls
            for address in (
                (url, f"{url}{_INDEX}")
                if url.endswith("/")
                else (url.removesuffix(_INDEX), url)
                if url.endswith(f"/{_INDEX}")
                else (url,)
            )
        ]
        return list(dict.fromkeys(urls))

    @property
    def tags(self) -> list[str]:
        """The tags of the documents' feeds."""
        return list(dict.fromkeys(cache_tag(url.removeprefix(self.site_url)) for url in self.document_urls))


class Kind(NamedTuple):
    """A kind of cache.

    `build` returns the requests that purge documents. `batch_by_url` and `batch_by_tag` are the largest numbers of
    documents in one call of it, so that its requests keep the vendor's limits; a document has at most two addresses and
    one tag. `status_of` returns the status that stands for an answer, where the vendor uses one with another meaning.
    """

    name: str
    build: Callable[[Purge], list[PurgeRequest]]
    batch_by_url: int
    batch_by_tag: int
    requests_per_minute: int = 0
    concurrency: int = 1
    is_signed_by_aws: bool = False
    status_of: Callable[[int, bytes], int] = lambda status, body: status  # noqa: ARG005
