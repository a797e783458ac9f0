"""The news sites of the sample's shape: collections such as `_news`, topics in `_data/topics`.

Their records nearly always state an address. One that does not has that of a plain site: `_news/x.md` is at `/news/x/`.
"""

from .base import SiteFolder, SiteSettings
from .plain import date, derived_address, language, stated_address


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns settings that depend on nothing but the path."""
    return SiteSettings(kind="smartable")


__all__ = ["date", "derived_address", "language", "read", "stated_address"]
