"""Where syndicate differs from a generator on purpose: what is not compared, by site and file."""

from __future__ import annotations

from .generator_sites import GeneratorSite, Page

_DRAFTS = "a draft stays hidden, whatever the configuration of the site says"
_KIND_OF_FILE = "this kind of file is not read"
_ZONES = "a zone for each language is not read: corpus[].timezone states one"

DECISIONS: dict[str, tuple[str, str]] = {
    "eleventy/default: posts/excluded-from-one.md": ("listed", "a record that is left out of one collection is hidden"),
    "eleventy/default: posts/njk.njk": ("listed", _KIND_OF_FILE),
    "hugo/dates-by-name: src/pages/posts/2024-01-08-12-30-00-time.md": ("date", "the name of a file states a day"),
    "hugo/dates-by-name: src/pages/posts/shown.md": ("listed", "corpus[].fields states the site's own key of a date"),
    "hugo/default: content/posts/future-date.md": ("listed", "of several dates of beginning the latest counts"),
    "hugo/everything-shown: content/posts/draft.md": ("listed", _DRAFTS),
    "hugo/everything-shown: content/posts/expired.md": ("listed", "an expired entry stays hidden"),
    "hugo/languages-by-folder: content/english/posts/only.de.md": ("date", _ZONES),
    "hugo/languages-by-folder: content/german/posts/one.md": ("date", _ZONES),
    "hugo/languages-by-folder: content/german/posts/Über Uns.md": ("date", _ZONES),
    "hugo/languages-by-name: content/posts/lang-key.md": (
        "language",
        "`lang` states the language, for every generator",
    ),
    "jekyll/default: _posts/2024-01-20-categories-nested.md": ("url", "a list of lists names no categories"),
    "jekyll/shown: _posts/2024-01-05-unpublished.md": ("listed", _DRAFTS),
    "jekyll/timezone: _posts/2024-01-05-fold.md": ("date", "of a time that a clock shows twice, the first counts"),
    "jekyll/toml: _drafts/2024-01-07-dated-draft.md": ("listed", _DRAFTS),
    "jekyll/toml: _drafts/Draft One.md": ("listed", _DRAFTS),
    "pelican/by-name: content/folder/2024-01-07-hyphen.md": ("listed", "the day in a name counts in every spelling"),
    "pelican/default: content/.hidden.md": ("listed", "a file whose name begins with a dot is not read"),
    "pelican/default: content/page.html": ("listed", _KIND_OF_FILE),
}
"""What is not compared, and why."""


def compared(site: GeneratorSite, path: str, page: Page) -> Page:
    """Returns what the generator made of a file, without the part that syndicate decides otherwise."""
    ignored, _ = DECISIONS.get(f"{site.id}: {path}", ("", ""))
    return page._replace(**{ignored: None}) if ignored else page
