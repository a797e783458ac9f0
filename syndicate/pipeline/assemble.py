"""Assembles documents from fragments, and stages them in the output: in this process, or in a pool of others."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from ..formats import HTML_PAGE, get
from ..formats.html.page_data import FeedPageData
from ..model import ArchiveLinks, Document, Feed
from .context import JobContext


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


class Page(NamedTuple):
    """The parts of a feed's HTML page: its data, the title of its newest entry, its entries' fragments."""

    data: FeedPageData
    newest_title: str
    fragments: Sequence[bytes]


class AssembleTask(NamedTuple):
    """A document set, and the fragments of its entries by format."""

    feed_id: int
    feed: Feed
    links: ArchiveLinks
    fragments: Mapping[str, Sequence[bytes]]
    page: Page | None


class Assembled(NamedTuple):
    """The documents of a set, and the feed's line on the index page, if the set has an HTML page."""

    documents: list[StagedDocument]
    index_html: bytes | None


def assemble_sets(context: JobContext, tasks: Sequence[AssembleTask]) -> list[Assembled]:
    """Assembles and stages the documents of sets."""
    return [_assemble(context, task) for task in tasks]


def probable_final_paths(tasks: Sequence[object], assembled: Sequence[object]) -> set[str]:
    """Returns the paths of archives that another one follows: nearly always of periods that are over."""
    return {
        document.path
        for task, result in zip(tasks, assembled, strict=True)
        if isinstance(task, AssembleTask) and isinstance(result, Assembled) and task.links.next_archive
        for document in result.documents
    }


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


def _assemble(context: JobContext, task: AssembleTask) -> Assembled:
    documents = list(_feed_documents(context, task))
    pages = context.pages
    index_html = None
    if task.page is not None and pages is not None:
        page = pages.render_feed_page(task.feed, task.page.data, task.page.fragments)
        documents.append(Document(path=HTML_PAGE.path(task.feed.path), content=page))
        index_html = pages.render_row(task.feed, task.page.data, task.page.newest_title)
    return Assembled(stage(context, documents, task.feed_id, task.links.period), index_html)


def _feed_documents(context: JobContext, task: AssembleTask) -> Iterator[Document]:
    config = context.config
    for name in config.selection.formats:
        format_ = get(name)
        content = format_.load().render_document(task.feed, config.site, task.fragments[name], task.links)
        yield Document(path=format_.path(task.feed.path, task.links.period), content=content)
