"""What the bodies of each site generator hold: template tags, MDX, admonitions, links to other records.

A dialect is plain data: `corpus.bodies` reads bodies by it, and the declaration of a site generator names it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Template = Literal["none", "liquid", "hugo", "tera", "any"]
Attributes = Literal["none", "heading", "kramdown"]
RecordLinks = Literal["pelican", "zola"]


class Dialect(NamedTuple):
    """The syntax of the bodies of one site generator, beside GitHub Flavored Markdown.

    `template`            the language of template tags: `liquid` includes Nunjucks, `any` takes what has the shape of a
                          tag in one of them, `none` leaves all text as it is
    `mdx_suffixes`        the files whose bodies are MDX
    `attributes`          `heading`: `{#id}` at the end of headings; `kramdown`: also `{: .class}` anywhere
    `python_admonitions`  `!!! note` of Python-Markdown, beside `:::note` and `> [!NOTE]`
    `markdown_in_html`    elements with `markdown="1"` hold Markdown
    `abbreviations`       `*[HTML]: HyperText Markup Language`
    `record_links`        prefixes of links to other records: `{filename}` and `|filename|`, or `@/`
    `footnote_id`         the id of a footnote on the page; `{label}` and `{number}` are filled in
    """

    template: Template = "none"
    mdx_suffixes: frozenset[str] = frozenset()
    attributes: Attributes = "heading"
    python_admonitions: bool = False
    markdown_in_html: bool = False
    abbreviations: bool = False
    record_links: frozenset[RecordLinks] = frozenset()
    footnote_id: str = "fn{number}"

    def is_mdx(self, suffix: str) -> bool:
        """Return whether the bodies of files with this suffix (`.md`) are MDX."""
        return suffix in self.mdx_suffixes


_MDX = frozenset({".mdx"})

JEKYLL = Dialect(
    template="liquid", attributes="kramdown", markdown_in_html=True, abbreviations=True, footnote_id="fn:{label}"
)
HUGO = Dialect(template="hugo", footnote_id="fn:{number}")
ZOLA = Dialect(template="tera", record_links=frozenset({"zola"}), footnote_id="fn-{label}")
ELEVENTY = Dialect(template="liquid")
PELICAN = Dialect(
    attributes="kramdown", python_admonitions=True, markdown_in_html=True, abbreviations=True, footnote_id="fn:{label}",
    record_links=frozenset({"pelican"}),
)  # fmt: skip
DOCUSAURUS = Dialect(mdx_suffixes=frozenset({".md", ".mdx"}), footnote_id="user-content-fn-{label}")
ASTRO = Dialect(mdx_suffixes=_MDX, attributes="none", footnote_id="user-content-fn-{label}")
HEXO = Dialect(template="liquid", attributes="none")
SMARTABLE = Dialect(attributes="none")
PLAIN = Dialect(attributes="none")
UNKNOWN = Dialect(
    template="any", mdx_suffixes=_MDX, attributes="kramdown", markdown_in_html=True, abbreviations=True,
    record_links=frozenset({"pelican", "zola"}),
)  # fmt: skip
"""A site whose generator is not known: what has the shape of a tag in any template language is read as one."""
