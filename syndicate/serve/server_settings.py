"""What the configurations of other servers contain: values of the site, and what they have in common."""

import os
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

from ..config import API_PREFIX, Config, Serve
from ..errors import StoreError
from ..formats import FEED_FORMATS, file_name_pattern, get, is_feed_document
from ..http.media_types import JSON_FEED, OPML, media_type
from ..store import open_store
from ..store.rows import DocumentRow
from .redirects import moved_folders

CERTIFICATE = "/etc/letsencrypt/live/{host}/fullchain.pem"
PRIVATE_KEY = "/etc/letsencrypt/live/{host}/privkey.pem"
_DEFAULT_PORT = Serve().port
FOLDERS = "(?:[A-Za-z0-9._~%-]+/)+"  # as in the line of a request
FEED_NAMES = file_name_pattern()
# Feed formats whose extension names them alone; `json` is the extension of other documents, too.
BY_EXTENSION = tuple((each.extension, each.media_type) for each in FEED_FORMATS if each.extension != "json")
JSON_NAME = get("json").file_name
EXPLICIT_TYPES = {f".{extension}": media_type(f"x.{extension}").content_type for extension, _ in BY_EXTENSION} | {
    ".opml": OPML.content_type,
    f"/{JSON_NAME}": JSON_FEED.content_type,
}
"""Media types that servers do not know by themselves."""


class ServerSettings(NamedTuple):
    """The values that the configurations contain.

    `origin` and `prefix` are the site's URL before and from its path, `hubs` the hub part of `Link` fields,
    `past_years` the years of archives with the long cache time, and `moved` pairs of old and new folders. `api_path` is
    the path of the partner API, and empty without one; `server_address` is where `syndicate serve` answers it.
    """

    origin: str
    host: str
    prefix: str
    output: str
    hubs: str
    max_age_s: int
    archive_max_age_s: int
    past_years: tuple[str, ...]
    feeds: tuple[DocumentRow, ...]
    moved: tuple[tuple[str, str], ...]
    precompress: bool
    api_path: str = ""
    server_address: str = ""


def server_settings(config: Config) -> ServerSettings:
    """Return the values of a site."""
    parts = urlsplit(config.site.url)
    feeds = _feed_documents(config)
    years = {feed.period[:4] for feed in feeds if feed.period}
    return ServerSettings(
        origin=f"{parts.scheme}://{parts.netloc}",
        host=parts.hostname or "",
        prefix=parts.path or "/",
        output=os.path.abspath(config.output),
        hubs="".join(f'<{hub}>; rel="hub", ' for hub in config.site.hubs).replace("'", "%27"),
        max_age_s=config.serve.max_age_s,
        archive_max_age_s=config.serve.archive_max_age_s,
        past_years=tuple(sorted(years - {max(years, default="")})),
        feeds=feeds,
        moved=tuple(sorted(moved_folders(config).items())),
        precompress=config.precompress,
        api_path=f"{parts.path.rstrip('/')}{API_PREFIX}/" if config.api is not None else "",
        server_address=_local_address(config.serve.host, config.serve.port or _DEFAULT_PORT),
    )


def _local_address(host: str, port: int) -> str:
    """Return the host and port at which another server of the machine reaches `syndicate serve`."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # nosec B104 - what is replaced
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _feed_documents(config: Config) -> tuple[DocumentRow, ...]:
    """Return the documents of all feeds; none when nothing was built."""
    try:
        with closing(open_store(config.state)) as store, store.read() as snapshot:
            rows = [row for row in snapshot.documents.all() if is_feed_document(row.path)]
    except StoreError:
        return ()
    return tuple(sorted(rows))


def quoted(path: str) -> str:
    """Return a text between quotation marks."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
