"""The body of an entry, as HTML in which links to other records are placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .reader import FieldReader

if TYPE_CHECKING:
    from ..bodies import RenderedBody


def body_of(reader: FieldReader, *, url: str, title: str, summary: str) -> RenderedBody:
    """Return the rendered body of an entry with this address; what it lost is reported, a line for each kind."""
    from ..bodies import render_body

    context = reader.context
    # Of the page's variables those that feeds show anyway: a tag must not publish what no feed shows.
    page = {"page.title": title, "page.url": url, "page.excerpt": summary, "page.description": summary}
    rendered = render_body(
        reader.body,
        base_url=url,
        dialect=context.dialect,
        variables={**context.variables, **page},
        path=reader.path,
        max_html=context.limits.html_bytes,
    )
    for loss in rendered.losses:
        reader.warn_in_body(loss.line, str(loss))
    return rendered
