"""The style of the slugs of a site whose configuration states none: that of what it has published.

The first release made slugs of a-z and 0-9 alone. A slug is an address that readers have subscribed to, so a site that
has published one of these keeps the style, whether or not its state is still there. The catalogue tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..feeds.slugs import slug
from ..formats import CATALOG_FILE
from .base import Output

if TYPE_CHECKING:
    from ..config import Config
    from ..model import SlugStyle

_MARK = b"_"  # only slugs with a hash have one, so most catalogues need not be parsed


def with_slug_style(config: Config, output: Output) -> Config:
    """Returns the configuration with the style of slugs that it states, else with that of the published catalogue."""
    if config.selection.slugs is not None:
        return config
    return config._replace(selection=config.selection._replace(slugs=_published_style(output)))


def _published_style(output: Output) -> SlugStyle:
    catalog = output.read(CATALOG_FILE.file_name)
    if catalog is None or _MARK not in catalog.content:
        return "unicode"
    import orjson  # a run that finds nothing changed does not need it

    try:
        feeds = orjson.loads(catalog.content)
    except orjson.JSONDecodeError:
        return "unicode"
    is_ascii = any(
        feed["slug"] == slug(feed["name"], "ascii") != slug(feed["name"])
        for feed in (feeds if isinstance(feeds, list) else ())
        if isinstance(feed, dict) and isinstance(feed.get("name"), str) and "slug" in feed
    )
    return "ascii" if is_ascii else "unicode"
