"""The sections `feeds` and `amp` -> Selection and Presentation: which feeds there are, and how they show entries."""

import re

from ..feeds.slugs import SLUG_RULE, is_safe_slug
from ..formats import SITE_FILES
from ..formats import names as format_names
from ..model import ContentWords, CustomFeed, Presentation, Selection, TopicSettings, Where
from ..values.keys import DIMENSIONS, is_private
from ..values.languages import language_tag
from .models import AmpOptions, CustomFeedOptions, FeedsOptions, FilterOptions, WordsOptions
from .sections import ConfigSection

_DIMENSION = re.compile(r"[A-Za-z][\w.-]{0,62}", re.ASCII)
_RESERVED_DIMENSIONS = frozenset({"all", "custom", *(file.file_name for file in SITE_FILES)})
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def read_presentation(
    feeds: FeedsOptions, feeds_section: ConfigSection, amp: AmpOptions, amp_section: ConfigSection, language: str
) -> Presentation:
    """Returns how entries are shown; `language` is that of entries that state none."""
    if not _HOST.fullmatch(amp.cache):
        amp_section.report("cache", f"expected a host such as 'cdn.ampproject.org', got {amp.cache!r}")
    if feeds.link == "cdn" and not amp.links:
        feeds_section.report("link", "cdn needs amp.links")
    return Presentation(
        link=feeds.link,
        related_limit=feeds.related,
        content=tuple(dict.fromkeys(feeds.content)),
        language=language,
        words=tuple(_words(name, words, feeds_section.section("words")) for name, words in feeds.words.items()),
        amp_cache=amp.cache,
        amp_links=amp.links,
    )


def read_selection(options: FeedsOptions, section: ConfigSection, topics: tuple[TopicSettings, ...]) -> Selection:
    """Returns which feeds there are, and which entries each shows."""
    dimensions = tuple(dict.fromkeys(options.by))
    _check_dimensions(dimensions, section)
    formats = tuple(name for name in format_names() if name in options.formats)
    return Selection(
        limit=options.limit,
        by=dimensions,
        all=options.all,
        formats=formats,
        archive=options.archive,
        deleted_days=options.deleted_days,
        where=_filter(options.where),
        custom=tuple(
            _custom_feed(slug, custom, section.section("custom").section(slug))
            for slug, custom in options.custom.items()
        ),
        topics=topics,
        include_children=options.include_children,
        opml=_opml_format(options, section, formats),
        slugs=options.slugs,
        min_entries=options.min_entries,
    )


def _words(name: str, options: WordsOptions, section: ConfigSection) -> ContentWords:
    language = language_tag(name)
    if not language:
        section.report(name, f"expected a language tag such as 'en' or 'pt-BR', got {name!r}")
    if options.source and options.source.count("{name}") != 1:
        section.section(name).report("source", "needs {name} once, in the place of the provider's name")
    return ContentWords(language, **options._asdict())


def _check_dimensions(names: tuple[str, ...], section: ConfigSection) -> None:
    """Report dimensions that are private, cannot name a folder, or differ from another in case only."""
    for index, name in enumerate(names):
        if is_private(name):
            section.report("by", f"{name!r} is private and never published", name)
        elif not _DIMENSION.fullmatch(name) or not is_safe_slug(name.lower()) or name.lower() in _RESERVED_DIMENSIONS:
            section.report("by", f"{name!r} cannot name a folder of feeds", name)
        elif name not in DIMENSIONS and name.lower() in DIMENSIONS:
            section.report("by", f"{name!r} is written {name.lower()!r}", name)
        elif name.lower() in {other.lower() for other in names[:index]}:
            section.report("by", f"{name!r} differs from a name before it in case only", name)


def _opml_format(options: FeedsOptions, section: ConfigSection, formats: tuple[str, ...]) -> str | None:
    """Returns the format that feeds.opml refers to; None when there is to be no such file."""
    if options.opml is None:
        return formats[0] if formats else None
    if options.opml == "none":
        return None
    if options.opml not in formats:
        section.report("opml", f"expected one of the formats ({', '.join(formats)}) or none, got {options.opml!r}")
    return options.opml


def _filter(options: FilterOptions) -> Where:
    return Where(**options._asdict())


def _custom_feed(slug: str, options: CustomFeedOptions, section: ConfigSection) -> CustomFeed:
    if not is_safe_slug(slug):
        section.report("", f"{slug!r} cannot name a folder: {SLUG_RULE}")
    return CustomFeed(
        slug=slug, title=options.title, description=options.description or None, where=_filter(options.where)
    )
