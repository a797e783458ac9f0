"""Composes the content of an entry: HTML that is complete by itself, the same in every format.

Feed readers differ in the elements that they display, but all of them display the content. So it contains the image,
the text, the source and the related stories.
"""

from html import escape
from typing import NamedTuple

from ..model import Entry, Image, Person, Presentation, Related
from ..values.languages import is_right_to_left
from ..values.text import shorten

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
    parts = [
        _image(entry.image) if entry.image and not _contains_image(body_html, entry.image) else "",
        body_html or (f"<p>{escape(summary, quote=False)}</p>" if summary else ""),
        _anchor(entry.video_url, "Watch the video", "<p>{}</p>") if entry.video_url else "",
        _source(entry, link, has_body=bool(body_html)),
        _related(entry.related),
    ]
    return Prepared(entry, link, summary, _with_direction("\n".join(filter(None, parts)), entry.language))


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


def _source(entry: Entry, link: str, *, has_body: bool) -> str:
    if entry.provider:
        return _anchor(link, entry.provider.name, "<p>Source: {}</p>")
    return "" if has_body else _anchor(link, entry.title or link, "<p>{}</p>")


def _related(stories: tuple[Related, ...]) -> str:
    if not stories:
        return ""
    items = "\n".join(
        _anchor(story.url, story.title, "<li>{}" + (f" ({_text(story.provider)})" if story.provider else "") + "</li>")
        for story in stories
    )
    return f"<p>Related stories:</p>\n<ul>\n{items}\n</ul>"


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
