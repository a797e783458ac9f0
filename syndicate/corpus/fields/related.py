"""Related stories, and the AMP cache addresses of entries and stories."""

from __future__ import annotations

from ...model import Presentation, Related
from ...values import amp
from ...values.text import plain_text, shorten
from ..scalars import date_or_none, describe, text_of
from .people import plain_name
from .reader import FieldReader, Keys


def cdn_url_of(reader: FieldReader, amp_url: str | None) -> str | None:
    """Return the stated AMP cache address, else the computed one; report a difference between the two."""
    stated = reader.address("cdn")
    presentation = reader.context.presentation
    if not presentation.amp_links:
        return None
    if amp_url is None:
        return stated
    computed = _cache_url_or_none(amp_url, presentation)
    if stated and computed and stated != computed:
        key = next(key for key, _ in reader.values("cdn"))
        reader.warn((key,), f"differs from the computed {computed}")
    return stated or computed


def related_of(reader: FieldReader) -> tuple[Related, ...]:
    """Return at most `Presentation.related_limit` stories that have a title and a valid address."""
    limit = reader.context.presentation.related_limit
    stories: list[Related] = []
    for key, value in reader.values("related"):
        if limit and not isinstance(value, list):
            reader.warn((key,), f"expected a list of stories, got {describe(value)}")
            continue
        for index, item in enumerate(value if limit else ()):
            if len(stories) >= limit:
                break
            if story := _story(reader, (key, index), item):
                stories.append(story)
        if stories:
            break
    return tuple(stories)


def _story(reader: FieldReader, keys: Keys, item: object) -> Related | None:
    if not isinstance(item, dict):
        reader.warn(keys, f"expected a story, got {describe(item)}")
        return None
    title = plain_text(text_of(item.get("title") or item.get("name")))
    name = "webUrl" if item.get("webUrl") else "originalUrl" if item.get("originalUrl") else "url"
    address = item.get(name)
    if not title or not address:
        reader.warn(keys, "a related story needs a title and an address")
        return None
    title = shorten(title, reader.context.limits.title)
    url = reader.normalize((*keys, name), address)
    if url is None:
        return None
    amp_url = _optional_address(reader, (*keys, "ampWebUrl"), item.get("ampWebUrl"))
    stated_cdn_url = _optional_address(reader, (*keys, "cdnAmpWebUrl"), item.get("cdnAmpWebUrl"))
    provider = item.get("provider")
    provider = provider.get("name") if isinstance(provider, dict) else provider
    published = date_or_none(item.get("publishedDateTime"), reader.context.timezone)
    cdn_url = _story_cdn_url(reader.context.presentation, amp_url, stated_cdn_url)
    return Related(title, url, published, plain_name(provider), amp_url, cdn_url)


def _optional_address(reader: FieldReader, keys: Keys, value: object) -> str | None:
    return None if value is None or value == "" else reader.normalize(keys, value)


def _story_cdn_url(presentation: Presentation, amp_url: str | None, stated: str | None) -> str | None:
    if not presentation.amp_links:
        return None
    return stated or (_cache_url_or_none(amp_url, presentation) if amp_url else None)


def _cache_url_or_none(amp_url: str, presentation: Presentation) -> str | None:
    try:
        return amp.cache_url(amp_url, presentation.amp_cache)
    except ValueError:
        return None  # caches refuse an address with a port; the AMP link itself stays
