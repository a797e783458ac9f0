"""Composes the content of an entry: HTML that is complete by itself, the same in every format.

Feed readers differ in the elements that they display, but all of them display the content. So it contains the image,
the text, the source and the related stories.
"""

from functools import lru_cache
from html import escape
from typing import NamedTuple

from ..model import ContentWords, Entry, Image, Person, Presentation, Related
from ..values.languages import is_right_to_left
from ..values.text import shorten
from ..words import words_in

_MAX_HEADING = 80


class Prepared(NamedTuple):
    """An entry ready for rendering: with its main link, its summary (empty without any text), and its content."""

    entry: Entry
    link: str
    summary: str
    html: str

    @property
    def heading(self) -> str:
        """The title, or the beginning of the summary if there is none, or the link."""
        return self.entry.title or shorten(self.summary, _MAX_HEADING) or self.link

    @property
    def authors(self) -> tuple[Person, ...]:
        """The authors, or the provider if there is none."""
        entry = self.entry
        return entry.authors or ((entry.provider,) if entry.provider else ())


def prepare(entry: Entry, presentation: Presentation, body_html: str = "", summary: str = "") -> Prepared:
    """Returns an entry ready for rendering.

    `body_html` is the sanitized HTML of the body. `summary` is used for an entry that states none.
    """
    link = main_link(entry, presentation)
    summary = entry.summary or summary
    language = entry.language or presentation.language
    markup = _markup(language, presentation)
    image = entry.image if markup.has_image else None
    parts = [
        _image(image) if image and not _contains_image(body_html, image) else "",
        body_html or (f"<p>{escape(summary, quote=False)}</p>" if summary else ""),
        _anchor(entry.video_url, markup.video_label, "<p>{}</p>") if entry.video_url and markup.video_label else "",
        _source(entry, link, markup.source, has_body=bool(body_html)),
        _related(entry.related, markup.related) if entry.related and markup.related else "",
    ]
    return Prepared(entry, link, summary, _with_direction("\n".join(filter(None, parts)), language))


class _Markup(NamedTuple):
    """The words of the content in one language, as HTML with `{}` for a link; empty for parts that are off."""

    has_image: bool
    video_label: str
    source: str
    related: str


@lru_cache(maxsize=64)
def _markup(language: str, presentation: Presentation) -> _Markup:
    """Returns the words of entries in a language: the site's own, else those of the catalogue."""
    words = words_in(language, presentation.language)
    own = _own_words(language, presentation) or _own_words(words.language, presentation) or ContentWords("")
    shown = presentation.content
    source = own.source or words.gettext("Source: {name}")
    related = own.related or words.gettext("Related stories:")
    return _Markup(
        "image" in shown,
        (own.video or words.gettext("Watch the video")) if "video" in shown else "",
        f"<p>{_text(source).replace('{name}', '{}')}</p>" if "source" in shown else "",
        f"<p>{_text(related)}</p>" if "related" in shown else "",
    )


def _own_words(language: str, presentation: Presentation) -> ContentWords | None:
    """Returns the site's own words in a language, or in the language that it is a regional variant of."""
    named = {words.language: words for words in presentation.words}
    return named.get(language) or named.get(language.partition("-")[0])


def main_link(entry: Entry, presentation: Presentation) -> str:
    """Returns the address that the title of an entry links to, falling back to the canonical one."""
    match presentation.link:
        case "amp":
            return entry.amp_url or entry.url
        case "cdn":
            return entry.cdn_url or entry.amp_url or entry.url
        case "canonical":
            return entry.url


def _contains_image(html: str, image: Image) -> bool:
    """Returns whether a body displays the image: neither a link to it nor a longer address counts."""
    return f'src="{_text(image.url)}"' in html


def _image(image: Image) -> str:
    size = "".join(f' {name}="{n}"' for name, n in (("width", image.width), ("height", image.height)) if n)
    return f'<p><img src="{escape(image.url)}"{size} alt="{escape(image.title)}"></p>'


def _source(entry: Entry, link: str, markup: str, *, has_body: bool) -> str:
    if entry.provider and markup:
        return _anchor(link, entry.provider.name, markup)
    return "" if has_body else _anchor(link, entry.title or link, "<p>{}</p>")


def _related(stories: tuple[Related, ...], heading: str) -> str:
    items = "\n".join(
        _anchor(story.url, story.title, "<li>{}" + (f" ({_text(story.provider)})" if story.provider else "") + "</li>")
        for story in stories
    )
    return f"{heading}\n<ul>\n{items}\n</ul>"


def _anchor(url: str, text: str, markup: str) -> str:
    """Returns markup with a link in the place of its braces."""
    before, _, after = markup.partition("{}")
    return f'{before}<a href="{escape(url)}">{_text(text)}</a>{after}'


def _text(text: str) -> str:
    return escape(text, quote=False)


def _with_direction(html: str, language: str) -> str:
    """Marks right-to-left text: readers lay out entries in the direction of their own language."""
    if not is_right_to_left(language):
        return html
    return f'<div dir="rtl" lang="{escape(language)}">\n{html}\n</div>'
