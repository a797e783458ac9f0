"""The page that the preview shows where there is no document: why, and which documents there are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of the page."""

_MAX_LINKS = 500


def render_notice(title: str, paths: Sequence[str]) -> bytes:
    """Return a page with a title, and links to the documents at these paths, relative to the root of the preview."""
    links = "".join(f'<li><a href="/{escape(quote(path))}">{escape(path)}</a>' for path in paths[:_MAX_LINKS])
    more = len(paths) - _MAX_LINKS
    rest = f"<p>… and {more} more." if more > 0 else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;"
        "margin:12vh auto;padding:0 1rem;color-scheme:light dark}</style>"
        f"<body><h1>{escape(title)}</h1><ul>{links}</ul>{rest}</body></html>\n"
    ).encode()
