"""All that the stages and jobs of a run need to know, made once in each process.

The heavy parts (parsers, renderers, templates) are imported when they are needed first: a run that finds nothing
changed needs none of them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..errors import FileChangedError

if TYPE_CHECKING:
    from ..config import Config
    from ..corpus.context import SourceContext
    from ..feeds.rules import FeedRules
    from ..formats.content import Prepared
    from ..formats.html.pages import Pages
    from ..model import Entry, Site
    from ..outputs.base import Output
    from ..store.rows import OriginRow
    from .budget import Budget
    from .links import LinkAddresses


class Rendered(NamedTuple):
    """The title of an entry, and its fragments by format, as they are stored (packing.py)."""

    title: str
    fragments: tuple[tuple[str, bytes], ...]


class JobContext:
    """All that jobs need to know, for one configuration.

    `run` is a name of the run that workers of other machines know, which may outlive it: what they stage is its own.
    """

    def __init__(self, config: Config, run: str | None = None) -> None:
        self.config = config
        if run is None:
            run = secrets.token_hex(8) if config.executor.kind == "dask" else ""
        self.run = run

    def __reduce__(self) -> tuple[type[JobContext], tuple[Config, str]]:
        return JobContext, (self.config, self.run)  # everything else is made again where the context goes

    @cached_property
    def budget(self) -> Budget:
        """What each record may cost."""
        from .budget import Budget

        return Budget(self.config.limits)

    @cached_property
    def sources(self) -> list[SourceContext]:
        """The settings that parsing each source depends on."""
        from ..corpus.context import source_context

        return [source_context(self.config, source) for source in self.config.sources]

    @cached_property
    def rules(self) -> FeedRules:
        """The rules that choose an entry's feeds."""
        from ..feeds.rules import FeedRules

        return FeedRules(self.config.selection, self.config.site)

    @cached_property
    def output(self) -> Output:
        """The output that documents are staged in."""
        from ..outputs import open_output

        return open_output(self.config, self.run)

    @cached_property
    def renderers(self) -> list[tuple[str, Callable[[Prepared], bytes]]]:
        """The function that renders an entry, for each feed format that is configured."""
        from ..formats import get

        return [(name, get(name).load().render_entry) for name in self.config.selection.formats]

    @property
    def pages(self) -> Pages | None:
        """The HTML pages, if the site has any. Raises ConfigError when a template of the site cannot be used."""
        config = self.config
        if not config.site.pages:
            return None
        selection = config.selection
        return _pages(
            config.site, selection.formats, config.templates, config.scratch,
            are_topics=config.push.pages, has_opml=selection.opml is not None,
        )  # fmt: skip

    def import_parsers(self) -> None:
        """Imports all that parsing needs, before processes are forked that would each import it."""
        from . import jobs  # noqa: F401

        _ = self.sources

    def import_renderers(self) -> None:
        """Imports all that rendering needs, before processes are forked that would each import it."""
        _ = self.renderers, self.pages

    def compose(self, origins: Sequence[OriginRow], entry_id: str | None, links: LinkAddresses | None = None) -> Entry:
        """Returns the entry that records make together, under another id if one is given.

        With `links`, its body has the addresses of the records that it links to, else placeholders.
        Raises FileChangedError when a file is no longer what it was.
        """
        from ..feeds.merge import merge_entries

        entry = merge_entries([self._entry(origin) for origin in origins])
        if links is not None and entry.body:
            from ..corpus.bodies import resolve_links

            addresses = dict(links)
            resolved = resolve_links(entry.body, lambda link: addresses.get(f"{link.kind}/{link.reference}"))
            entry = entry._replace(body=resolved.html)
        return entry if entry_id in (None, entry.id) else entry._replace(id=entry_id)

    def render(self, entries: Sequence[tuple[Entry, bool]]) -> list[Rendered]:
        """Renders entries in all configured formats; those on pages as HTML, too."""
        from ..formats import HTML_PAGE
        from ..store.packing import pack

        prepared = [self._prepare(entry) for entry, _ in entries]
        columns = [[(name, render(one)) for one in prepared] for name, render in self.renderers]
        pages = self.pages
        rendered: list[Rendered] = []
        for row, (_, is_on_page) in enumerate(entries):
            fragments = tuple([column[row] for column in columns])
            if pages and is_on_page:
                fragments += ((HTML_PAGE.name, pages.render_entry(prepared[row])),)
            stored = tuple([(name, pack(fragment)) for name, fragment in fragments])
            rendered.append(Rendered(prepared[row].heading, stored))
        return rendered

    def _prepare(self, entry: Entry) -> Prepared:
        from ..formats import content

        body_html = summary = ""
        if entry.body:
            from ..corpus.bodies import first_paragraph

            body_html = entry.body
            summary = "" if entry.summary else first_paragraph(body_html)
        return content.prepare(entry, self.config.presentation, body_html, summary)

    def _entry(self, origin: OriginRow) -> Entry:
        from ..corpus.parse import parse_record
        from ..corpus.record import ParsedRecord
        from ..corpus.scan import display_path

        source = self.config.sources[origin.source]
        record = parse_record(source, origin.path, self.sources[origin.source])
        if not isinstance(record, ParsedRecord) or record.content_hash != origin.hash or record.entry is None:
            raise FileChangedError(display_path(source, origin.path))
        return record.entry


@lru_cache(maxsize=1)
def _pages(
    site: Site,
    formats: tuple[str, ...],
    templates: tuple[tuple[str, str], ...],
    folder: str,
    *,
    are_topics: bool,
    has_opml: bool,
) -> Pages:
    """Made once in each process."""
    from jinja2 import FileSystemBytecodeCache

    from ..formats.html.pages import Pages

    # Compiling the templates takes half as long as a run that finds one record changed.
    compiled = FileSystemBytecodeCache(folder, "%s.template") if os.path.isdir(folder) else None
    return Pages(site, formats, dict(templates), are_topics=are_topics, has_opml=has_opml, bytecode_cache=compiled)
