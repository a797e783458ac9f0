"""The documents that exist once a site: the lists of all feeds for machines, feed readers and people, and the style."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from ..errors import Problem
from ..formats import CATALOG_FILE, HTML_PAGE, OPML_FILE, STYLESHEET_FILE, catalog, opml
from ..formats.html.chart import first_month_of_lists
from ..formats.html.page_data import ListedEntries, group_feeds
from ..model import Document
from ..store.rows import NO_RECORD, WRITING
from ..words import words_in
from .context import JobContext

if TYPE_CHECKING:
    from ..store.base import Transaction

_INDEX = HTML_PAGE.file_name


class SiteLists:
    """The lists of one site."""

    def __init__(self, transaction: Transaction, context: JobContext) -> None:
        self._transaction = transaction
        self._context = context

    def wanted(self, published: Collection[str]) -> set[str]:
        """Returns the paths of the lists that the site has.

        A file of the user's own in place of a page is kept, and reported.
        """
        config = self._context.config
        wanted = {CATALOG_FILE.file_name}
        if config.selection.opml is not None:
            wanted.add(OPML_FILE.file_name)
        problems: list[Problem] = []
        if config.site.pages:
            wanted.add(STYLESHEET_FILE.file_name)
            for path in (_INDEX, *self._dimension_pages().values()):
                if path not in published and self._context.output.holds_foreign(path):
                    problems.append(self._foreign_page(path))
                else:
                    wanted.add(path)
        self._transaction.corpus.put_problems(WRITING, {NO_RECORD: problems})
        return wanted

    def render(self) -> Iterator[Document]:
        """Yields all lists, from the feeds in the store."""
        config, rules = self._context.config, self._context.rules
        feeds = [(orjson.loads(item), item, html or b"") for item, html in self._transaction.feeds.listed()]
        feeds.sort(key=lambda feed: rules.sort_key(feed[0]["dimension"], feed[0]["slug"]))
        yield Document(path=CATALOG_FILE.file_name, content=catalog.render([item for _, item, _ in feeds]))
        if config.selection.opml is not None:
            outlines = [opml.outline(item, config.selection.opml, config.site) for item, *_ in feeds]
            yield Document(path=OPML_FILE.file_name, content=opml.render(config.site, outlines))
        if (pages := self._context.pages) is not None:
            from ..formats.html.environment import stylesheet

            groups = group_feeds([(item, html) for item, _, html in feeds], words_in(config.site.language))
            entries = self._entries()
            yield Document(path=_INDEX, content=pages.render_index(groups, entries))
            for dimension, path in self._dimension_pages().items():
                yield Document(path=path, content=pages.render_dimension(dimension, groups, entries))
            style = stylesheet(config.site, dict(config.templates))
            yield Document(path=STYLESHEET_FILE.file_name, content=style)

    def _dimension_pages(self) -> dict[str, str]:
        """Returns the paths of the lists of one dimension each: in the folder that holds the folders of its feeds."""
        selection = self._context.config.selection
        dimensions = (*selection.by, "custom") if selection.custom else selection.by
        return {dimension: HTML_PAGE.path(dimension) for dimension in dimensions}

    def _entries(self) -> ListedEntries:
        feeds = self._transaction.feeds
        count, newest_s = feeds.count_members()
        if newest_s is None:
            return ListedEntries(count, None, 0)
        newest = datetime.fromtimestamp(newest_s, UTC)
        return ListedEntries(count, newest, feeds.most_in_a_month(first_month_of_lists(f"{newest:%Y-%m}")))

    def _foreign_page(self, path: str) -> Problem:
        shown = f"{os.path.basename(self._context.config.output)}/{path}"
        return Problem(shown, 1, 1, "pages", "is a file of your own: the list of feeds is not written", "warning")
