"""Assembles documents from fragments, and stages them in the output: in this process, or in a pool of others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ..formats import HTML_PAGE, get
from ..formats.html.page_data import FeedPageData
from ..model import Document, Feed
from .context import JobContext
from .plan import DocumentSet

if TYPE_CHECKING:
    from ..store.base import SharedFragments
    from ..store.repositories import Fragments


class StagedDocument(NamedTuple):
    """A document of this run. `version` is that of the published document with the same bytes; if there is none, the
    document is staged.
    """

    path: str
    feed_id: int
    period: str
    digest: bytes
    size_bytes: int
    version: str | None


class Part(NamedTuple):
    """The documents of some sets in some formats. The format of HTML pages stands alone; its sets have page data."""

    formats: Sequence[str]
    sets: Sequence[DocumentSet]


class PageTask(NamedTuple):
    """The parts of a feed's HTML page: the feed, its data, the title of its newest entry, its entries' fragments."""

    feed_id: int
    feed: Feed
    data: FeedPageData
    newest_title: str
    fragments: Sequence[bytes]


class SentFragments(NamedTuple):
    """The fragments that one part needs, by format and record id, and titles by record id."""

    contents_by_format: Mapping[str, Mapping[int, bytes]]
    titles_by_id: Mapping[int, str]

    def open(self) -> "SentFragments":
        """Returns the fragments; see `store.base.SharedFragments`."""
        return self

    def contents(self, record_ids: Sequence[int], formats: Sequence[str]) -> dict[str, dict[int, bytes]]:
        """Returns the fragments of entries by format and record id."""
        return {name: {each: self.contents_by_format[name][each] for each in record_ids} for name in formats}

    def titles(self, record_ids: Sequence[int]) -> dict[int, str]:
        """Returns the titles of rendered entries, by record id."""
        return {each: self.titles_by_id[each] for each in record_ids}


class Assembled(NamedTuple):
    """Documents, and the lines on the index page of the feeds whose HTML pages are among them, by feed id."""

    documents: list[StagedDocument]
    index_html: list[tuple[int, bytes]]


PartTask = tuple["SharedFragments | SentFragments", Part]
"""A part, with fragments that another process can read or that it is sent."""


def assemble_parts(context: JobContext, tasks: Sequence[PartTask]) -> list[Assembled]:
    """Assembles and stages documents of fragments that this process reads by itself, or was sent."""
    return [_assemble_part(context, part, fragments.open()) for fragments, part in tasks]


def assemble_pages(context: JobContext, tasks: Sequence[PageTask]) -> list[Assembled]:
    """Assembles and stages the HTML pages of feeds."""
    return [_assemble_page(context, task) for task in tasks]


def assemble_documents(context: JobContext, part: Part, fragments: "Fragments | SentFragments") -> list[StagedDocument]:
    """Assembles and stages documents of feeds."""
    record_ids = sorted({record_id for one in part.sets for record_id in one.record_ids})
    contents = fragments.contents(record_ids, part.formats)
    staged: list[StagedDocument] = []
    for name in part.formats:
        format_, content = get(name), contents[name]
        renderer = format_.load()
        for one in part.sets:
            entries = [content[record_id] for record_id in one.record_ids]
            document = renderer.render_document(one.feed, context.config.site, entries, one.links)
            path = format_.path(one.feed.path, one.links.period)
            staged += stage(context, [Document(path=path, content=document)], one.feed_id, one.links.period)
    return staged


def page_tasks(sets: Sequence[DocumentSet], fragments: "Fragments | SentFragments") -> Iterator[PageTask]:
    """Yields the tasks of the HTML pages of sets, and reads their fragments together."""
    record_ids = sorted({record_id for one in sets for record_id in one.record_ids})
    html = fragments.contents(record_ids, [HTML_PAGE.name])[HTML_PAGE.name]
    titles = fragments.titles([one.record_ids[0] for one in sets if one.record_ids])
    for one in sets:
        if one.page is not None:
            title = titles[one.record_ids[0]] if one.record_ids else ""
            yield PageTask(one.feed_id, one.feed, one.page, title, [html[record_id] for record_id in one.record_ids])


def send_fragments(part: Part, fragments: "Fragments") -> SentFragments:
    """Returns the fragments that a part needs."""
    record_ids = sorted({record_id for one in part.sets for record_id in one.record_ids})
    newest = [one.record_ids[0] for one in part.sets if one.page is not None and one.record_ids]
    return SentFragments(fragments.contents(record_ids, part.formats), fragments.titles(newest))


def probable_final_paths(tasks: Sequence[object], assembled: Sequence[object]) -> set[str]:
    """Returns the paths of archives that another one follows: nearly always of periods that are over.

    The tasks are those of any job; those of `assemble_parts` have such paths.
    """
    paths: set[str] = set()
    for task, result in zip(tasks, assembled, strict=True):
        if not (isinstance(result, Assembled) and isinstance(task, tuple) and isinstance(task[-1], Part)):
            continue
        followed = {(one.feed_id, one.links.period) for one in task[-1].sets if one.links.next_archive}
        paths |= {one.path for one in result.documents if (one.feed_id, one.period) in followed}
    return paths


def stage(context: JobContext, documents: Sequence[Document], feed_id: int, period: str = "") -> list[StagedDocument]:
    """Stages documents, and their compressed variants if the site has these."""
    if context.config.precompress:
        from ..outputs.compress import compressed_variants

        documents = [variant for one in documents for variant in (one, *compressed_variants(one))]
    versions = context.output.stage(documents)
    return [
        StagedDocument(path, feed_id, period, sha256(content).digest(), len(content), version)
        for (path, content), version in zip(documents, versions, strict=True)
    ]


def _assemble_part(context: JobContext, part: Part, fragments: "Fragments | SentFragments") -> Assembled:
    if part.formats != (HTML_PAGE.name,):
        return Assembled(assemble_documents(context, part, fragments), [])
    return _joined(_assemble_page(context, task) for task in page_tasks(part.sets, fragments))


def _assemble_page(context: JobContext, task: PageTask) -> Assembled:
    pages = context.pages
    assert pages is not None  # noqa: S101 - the plan has data of pages only if the site has pages
    page = pages.render_feed_page(task.feed, task.data, task.fragments)
    row = pages.render_row(task.feed, task.data, task.newest_title)
    staged = stage(context, [Document(path=HTML_PAGE.path(task.feed.path), content=page)], task.feed_id)
    return Assembled(staged, [(task.feed_id, row)])


def _joined(assembled: Iterable[Assembled]) -> Assembled:
    pages = list(assembled)
    return Assembled(
        [one for page in pages for one in page.documents], [row for page in pages for row in page.index_html]
    )
