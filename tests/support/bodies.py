"""Bodies rendered in a dialect, with the address and the path of an entry."""

from __future__ import annotations

from typing import Any

from syndicate.corpus.bodies import RenderedBody, render_body, resolve_links
from syndicate.values.dialects import UNKNOWN, Dialect

BASE = "https://www.test/blog/post/"
VARIABLES = {"site.url": "https://www.test", "site.baseurl": "/base", "page.title": "A <title>"}


def rendered(body: str, dialect: Dialect = UNKNOWN, path: str = "posts/a.md", **variables: Any) -> RenderedBody:
    """Render a body of a record with this path."""
    return render_body(body, base_url=BASE, dialect=dialect, path=path, variables={**VARIABLES, **variables})


def to_html(body: str, dialect: Dialect = UNKNOWN, path: str = "posts/a.md") -> str:
    """Render a body; links to other records lead where they do without knowledge of these."""
    return resolve_links(rendered(body, dialect, path).html, lambda _: None).html
