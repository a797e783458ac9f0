"""`SourceContext`: the settings that parsing the records of one source depends on."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..config import Config, Source
from ..model import Presentation
from ..values.dialects import UNKNOWN, Dialect
from .keys import KeyTable


class SourceContext:
    """The settings of one source.

    `authority` is the `tag:` authority of ids (RFC 4151); `home` is the base of relative addresses; `prefix`
    distinguishes the paths of this source from those of others. `aliases` maps a field to keys that take precedence
    over its known keys; `dimensions` are the fields that feeds are cut by. `dialect` is what the bodies hold, and
    `variables` what their tags may show (`site.url`): by default those of a site whose generator is not known.
    """

    def __init__(
        self,
        *,
        authority: str,
        home: str,
        prefix: str = "",
        aliases: Mapping[str, tuple[str, ...]] | None = None,
        dimensions: tuple[str, ...] = (),
        presentation: Presentation | None = None,
    ) -> None:
        self.authority = authority
        self.home = home
        self.prefix = prefix
        self.dimensions = dimensions
        self.presentation = presentation or Presentation()
        self.dialect: Dialect = UNKNOWN
        self.variables = _variables(home)
        self.keys = KeyTable(aliases or {}, dimensions)


def source_context(config: Config, source: Source) -> SourceContext:
    """Return the context of one source of a configuration."""
    return SourceContext(
        authority=config.site.authority,
        home=config.site.home,
        prefix=source.prefix,
        aliases=source.aliases,
        dimensions=config.selection.by,
        presentation=config.presentation,
    )


def _variables(home: str) -> Mapping[str, str]:
    """Return the variables of a site with this home page: `url` has no path, `baseurl` no slash at its end (Jekyll)."""
    parts = urlsplit(home)
    return {"site.url": f"{parts.scheme}://{parts.netloc}", "site.baseurl": parts.path.rstrip("/")}
