"""The order in which documents are published: a document after those that it links to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

from ..formats import CATALOG_FILE, HTML_PAGE, OPML_FILE, STYLESHEET_FILE

_LISTS = frozenset({CATALOG_FILE.file_name, OPML_FILE.file_name, HTML_PAGE.file_name})


def publish_order(paths: Iterable[str], existing: Collection[str]) -> list[list[str]]:
    """Returns the paths in groups, to be published one after the other; `existing` are published already.

    New documents come first, since no published document names them, then changed archives, the newest documents, the
    pages, and last the lists of all feeds. Documents of one group may name each other, as those of a new feed do.
    """
    ranked = sorted(paths, key=lambda path: _rank(path, is_new=path not in existing))
    return [list(group) for _, group in groupby(ranked, key=lambda path: _rank(path, is_new=path not in existing))]


def _rank(path: str, *, is_new: bool) -> int:
    if path in _LISTS:
        return 4
    if is_new or path == STYLESHEET_FILE.file_name:
        return 0
    if path.endswith(f"/{HTML_PAGE.file_name}"):
        return 3
    return 1 if "/archive/" in path else 2
