"""An entry as a person reads it in a feed reader: HTML that is useful by itself, the same in all formats.

Readers differ in which elements they show; all of them show the content. So it holds the picture, the text, where the
story comes from, and the related ones.
"""

from html import escape
from typing import NamedTuple

from ..model import Entry, Image, Person, Presentation, Related

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})


class Prepared(NamedTuple):
    """An entry ready to be written: its Markdown body is HTML now, and it has a summary if there is any text."""

    entry: Entry
    link: str
    summary: str
    html: str

    @property
    def authors(self) -> tuple[Person, ...]:
        """The authors, or the provider when there is none."""
        entry = self.entry
        return entry.authors or ((entry.provider,) if entry.provider else ())


def prepare(entry: Entry, presentation: Presentation, body_html: str = "", summary: str = "") -> Prepared:
    """Put an entry's content together. `body_html` is clean; `summary` serves an entry that states none."""
    link = main_link(entry, presentation)
    summary = entry.summary or summary
    parts = [
        _picture(entry.image) if entry.image and not _shows(body_html, entry.image) else "",
        body_html or (f"<p>{escape(summary, quote=False)}</p>" if summary else ""),
        _anchor(entry.video_url, "Watch the video", "<p>{}</p>") if entry.video_url else "",
        _source(entry, link, complete=bool(body_html)),
        _related(entry.related),
    ]
    return Prepared(entry, link, summary, _directed("\n".join(filter(None, parts)), entry.language))


def main_link(entry: Entry, presentation: Presentation) -> str:
    """The address that a feed's main link opens: the canonical one unless configured, and unless the other exists."""
    match presentation.link:
        case "amp":
            return entry.amp_url or entry.url
        case "cdn":
            return entry.cdn_url or entry.amp_url or entry.url
        case "canonical":
            return entry.url


def _shows(html: str, image: Image) -> bool:
    """Whether a body has the picture itself: a link to it is not enough, nor is a longer address."""
    return f'src="{_text(image.url)}"' in html


def _picture(image: Image) -> str:
    size = "".join(f' {name}="{n}"' for name, n in (("width", image.width), ("height", image.height)) if n)
    return f'<p><img src="{escape(image.url)}"{size} alt="{escape(image.title)}"></p>'


def _source(entry: Entry, link: str, *, complete: bool) -> str:
    if entry.provider:
        return _anchor(link, entry.provider.name, "<p>Source: {}</p>")
    return "" if complete else _anchor(link, entry.title, "<p>{}</p>")


def _related(stories: tuple[Related, ...]) -> str:
    if not stories:
        return ""
    items = "\n".join(
        _anchor(story.url, story.title, "<li>{}" + (f" ({_text(story.provider)})" if story.provider else "") + "</li>")
        for story in stories
    )
    return f"<p>Related stories:</p>\n<ul>\n{items}\n</ul>"


def _anchor(url: str, text: str, around: str) -> str:
    before, _, after = around.partition("{}")
    return f'{before}<a href="{escape(url)}">{_text(text)}</a>{after}'


def _text(text: str) -> str:
    return escape(text, quote=False)


def _directed(html: str, language: str) -> str:
    """Readers lay out by their own language: text written from right to left has to say so."""
    if language.partition("-")[0] not in RIGHT_TO_LEFT:
        return html
    return f'<div dir="rtl" lang="{escape(language)}">\n{html}\n</div>'
