"""The body of an entry, as HTML in which links to other records are placeholders."""

from __future__ import annotations

from .reader import FieldReader


def body_of(reader: FieldReader, *, url: str, title: str, summary: str) -> str:
    """Return the rendered body of an entry with this address; what it lost is reported, a line for each kind."""
    from ..bodies import render_body
    from ..bodies.losses import LossCounter

    context = reader.context
    # Of the page's variables those that feeds show anyway: a tag must not publish what no feed shows.
    page = {"page.title": title, "page.url": url, "page.excerpt": summary, "page.description": summary}
    rendered = render_body(
        reader.body, base_url=url, dialect=context.dialect, variables={**context.variables, **page}, path=reader.path
    )
    links = LossCounter(reader.body)
    for link in rendered.links:
        if not link.fallback:  # the addresses of other records are not known, so only the text of the link is shown
            links.add("link to another record", link.reference, reader.body.find(link.reference))
    for loss in (*rendered.losses, *links.losses()):
        reader.warn_in_body(loss.line, str(loss))
    return rendered.html
