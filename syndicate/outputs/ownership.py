"""Recognises the documents of a site among the files of an output: by their path, and by the address they state.

A run needs this only when its store cannot say which documents exist: after a killed run, or with a new store.
"""

import re
from collections.abc import Sequence
from functools import cache
from html import escape

from ..formats import SITE_FILES
from ..model import encode_path
from .paths import FEED_NAMES, plain_path

DEEPEST_FOLDERS = 4
"""No document lies deeper: `topics/ibm-ai/archive/2020-06/feed.rss`."""
_SLUG = r"[^\W_](?:[._-]|[^\x00-\x7f]|[a-z0-9])*"
_HEAD_BYTES = 8192  # a document states its address before its entries
MAX_HEAD_BYTES = 2 * _HEAD_BYTES
"""The bytes of a document in which its address is found; compression makes no text much longer."""
_GENERATOR = b'<meta name="generator" content="syndicate">'


@cache
def document_pattern(feed_names: Sequence[str] = FEED_NAMES) -> re.Pattern[str]:
    """Returns a pattern that matches, as a whole, the path of every document that a build may make.

    Feeds and their pages lie one folder deep (`all`) or two (`topics/ibm-ai`), archives two folders below their feed.
    """
    feed = "|".join(map(re.escape, feed_names))
    site_files = "|".join(re.escape(each.file_name) for each in SITE_FILES)
    return re.compile(
        rf"(?:{site_files}"
        rf"|[A-Za-z][\w.-]*(?:/{_SLUG})?(?:/archive/[0-9][\w-]*)?/(?:{feed})"
        rf"|(?:[A-Za-z][\w.-]*/(?:{_SLUG}/)?)?index\.html)(?:\.(?:gz|br))?"
    )


def states_address(path: str, content: bytes, site_url: str) -> bool:
    """Returns whether a document states the address that it has at `path` below `site_url`.

    A page states the address of its folder, as a page of the user's own may do, too; so it must also name syndicate as
    its generator.
    """
    plain = plain_path(path)
    if plain != path:
        from .compress import decompress_head

        content = decompress_head(path, content, _HEAD_BYTES)
    head = content[:_HEAD_BYTES]
    address = f"{site_url}{encode_path(plain)}"
    if plain.endswith("index.html"):
        if _GENERATOR not in head:
            return False
        address = address.removesuffix("index.html")
    return address.encode() in head or escape(address).encode() in head
