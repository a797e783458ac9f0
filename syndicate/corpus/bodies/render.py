"""Render the body of a record: template tags, Markdown, sanitizing, in this order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, unquote

from ...values import addresses
from ...values.dialects import UNKNOWN, Dialect
from ...values.text import strip_forbidden
from .embeds import replace_scripts
from .losses import Loss, LossCounter
from .markdown_in_html import separate_markdown
from .parser import markdown_html
from .references import RecordReference, ReferenceTable, path_reference
from .sanitize import OTHER_SCHEMES, TooLargeError, sanitize_html
from .templates import TagContext, read_template_tags
from .templates.tag import LEFT_OUT

MAX_HTML = 2_000_000
_MAX_GROWTH = 20
_MIN_LIMIT = 64_000  # the markup of a short body may be many times as long

_MARKDOWN_FILE = re.compile(r"[^?#]+\.(?:md|mdx|markdown|mkd)(?=[?#]|\Z)", re.IGNORECASE)
_PELICAN_LINK = re.compile(
    r"(?:\{|%7B)(filename|static|attach)(?:\}|%7D)|(?:\||%7C)(filename)(?:\||%7C)", re.IGNORECASE
)
_MAX_ADDRESS = 8000
_SAFE_IN_ADDRESS = ":/?#[]@!$&'()*+,;=%-._~"
_ENCODED_LEFT_OUT = quote(LEFT_OUT)
_SCRIPTED = re.compile(r"<(script|svg|canvas|form|applet)[\s>]", re.IGNORECASE)
_OTHER_SCHEME = re.compile(
    r"<(a|img)\s[^<>]*?\b(?:href|src)\s{0,9}=\s{0,9}[\"']?\s{0,9}"
    rf"((?!https?:|(?:{'|'.join(sorted(OTHER_SCHEMES))}):)[a-z][a-z0-9+.-]{{0,30}}:[^\"'\s<>]*)[^<>]*",
    re.IGNORECASE,
)
_TOO_LONG = "its HTML is too long"
_EMPTY_PARAGRAPH = re.compile(r"<p>\s{0,9}</p>\n?")


class RenderedBody(NamedTuple):
    """A body as HTML that is complete by itself.

    Links to other records are placeholders: `resolve_links` replaces them. `links` are the records they refer to, each
    once; `losses` is what was left out.
    """

    html: str
    losses: tuple[Loss, ...] = ()
    links: tuple[RecordReference, ...] = ()


def render_body(
    body: str,
    *,
    base_url: str,
    dialect: Dialect = UNKNOWN,
    variables: Mapping[str, str] | None = None,
    path: str = "",
    max_html: int = MAX_HTML,
) -> RenderedBody:
    """Render a body in the dialect of its site generator.

    `base_url` is the address of the entry, against which relative addresses are resolved; `path` is that of the record
    in its corpus folder, whose suffix tells MDX and HTML from Markdown; `variables` are what tags may show: `site.url`,
    `page.title`. A body whose HTML is longer than `max_html` or 20 times its length (64 KB for a short one), or
    nests too deep, becomes empty, with one loss that says so.
    """
    text = strip_forbidden(body)
    if not text.strip():
        return RenderedBody("")
    return _BodyRenderer(text, base_url, dialect, variables or {}, path, max_html).render()


class _BodyRenderer:
    """The rendering of one body."""

    def __init__(
        self, text: str, base_url: str, dialect: Dialect, variables: Mapping[str, str], path: str, max_html: int
    ) -> None:
        self._text = text
        self._base_url = base_url
        self._dialect = dialect
        self._folder = posixpath.dirname(path)
        suffix = posixpath.splitext(path)[1].lower()
        self._is_mdx = dialect.is_mdx(suffix)
        self._is_html = suffix in {".html", ".htm"}
        self._references = ReferenceTable()
        self._context = TagContext(variables, self._references)
        self._losses = LossCounter(text)
        self._links: dict[RecordReference, None] = {}
        self._max_length = min(max_html, max(_MAX_GROWTH * len(text), _MIN_LIMIT))

    def render(self) -> RenderedBody:
        try:
            html = self._render()
        except TooLargeError as error:
            return RenderedBody("", (Loss(str(error), 1, 1, is_whole=True),))
        return RenderedBody(html, self._losses.losses(), tuple(self._links))

    def _render(self) -> str:
        text = read_template_tags(self._text, self._dialect, self._context, self._losses, is_mdx=self._is_mdx)
        self._check_length(text)
        html = text if self._is_html else self._markdown_html(text)
        self._check_length(html)
        html = replace_scripts(html)
        self._count_elements(html)
        html = self._references.strip_marks(sanitize_html(html, self._resolve, self._max_length))
        self._check_length(html)
        stripped = strip_forbidden(html)
        if len(stripped) != len(html):
            stripped = _EMPTY_PARAGRAPH.sub("", stripped)
        return stripped.strip()

    def _markdown_html(self, text: str) -> str:
        if self._dialect.markdown_in_html:
            text = separate_markdown(text)
        html = markdown_html(text, self._dialect, is_mdx=self._is_mdx, max_length=self._max_length)
        if html is None:
            raise TooLargeError(_TOO_LONG)
        return html

    def _check_length(self, text: str) -> None:
        if len(text) > self._max_length:
            raise TooLargeError(_TOO_LONG)

    # ------------------------------------------------------------------------------------------------------- addresses

    def _resolve(self, tag: str, value: str) -> str | None:
        """Return the address to publish for one of the body: absolute, or the placeholder of a record."""
        if tag == "a":
            if value.partition(":")[0].lower() in OTHER_SCHEMES:
                return quote(value[:_MAX_ADDRESS], safe=_SAFE_IN_ADDRESS, errors="ignore")
            if reference := self._record_reference(value):
                self._links[reference] = None
                return reference.placeholder()
        if "pelican" in self._dialect.record_links and (stated := _PELICAN_LINK.match(value)):
            value = self._static_file(value[stated.end() :])
        if LEFT_OUT in value or _ENCODED_LEFT_OUT in value or self._references.is_marked(value):
            return None  # a tag was left out, which is a loss already; or a record stands in the place of a picture
        try:
            return addresses.normalize(value, self._base_url)
        except ValueError:
            if value.strip():
                kind = "link" if tag == "a" else "picture" if tag == "img" else "media file"
                self._losses.add(f"{kind} with an unusable address", value, self._text.find(value))
            return None

    def _record_reference(self, value: str) -> RecordReference | None:
        if reference := self._references.find(value):
            return reference
        if "pelican" in self._dialect.record_links and (stated := _PELICAN_LINK.match(value)):
            is_record = (stated[1] or stated[2]).lower() == "filename"
            return path_reference(value[stated.end() :], self._folder) if is_record else None
        if "zola" in self._dialect.record_links and value.startswith("@/"):
            return path_reference(value[2:], "")
        if not _MARKDOWN_FILE.match(value) or addresses.has_scheme(value) or value.startswith("//"):
            return None
        try:
            fallback = addresses.normalize(value, self._base_url)
        except ValueError:
            return None
        return path_reference(value, self._folder, fallback)

    def _static_file(self, path: str) -> str:
        """Return the address of a file that Pelican copies: its path from the root of the site."""
        if path.startswith("/"):
            return self._context.relative_url(path)
        joined = posixpath.normpath(posixpath.join("/", self._folder, unquote(path)))
        return self._context.relative_url(quote(joined))

    # ---------------------------------------------------------------------------------------------------------- losses

    def _count_elements(self, html: str) -> None:
        """Count the elements that sanitizing will remove with what they show."""
        for match in _SCRIPTED.finditer(html):
            self._losses.add(f"<{match[1].lower()}> element", "", self._position(match[0]))
        for match in _OTHER_SCHEME.finditer(html):
            if match[1].lower() == "img" and ("data-" in match[0] or "srcset" in match[0]):
                continue  # a placeholder until a script loads the picture
            kind = "link" if match[1].lower() == "a" else "picture"
            address = unescape(match[2])
            self._losses.add(f"{kind} with an unusable address", address, self._position(address))

    def _position(self, text: str) -> int:
        found = self._text.find(text)
        return found if found >= 0 else self._text.lower().find(text.lower())


_TOO_LONG = "its HTML is too long"
