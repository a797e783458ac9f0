"""`SourceContext`: the settings that parsing the records of one source depends on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import cached_property
from urllib.parse import urlsplit

from ..config import Config, Limits, Source
from ..model import Presentation
from ..sites import Generator, SiteSettings, get
from ..values.dialects import Dialect
from .keys import KeyTable


class SourceContext:
    """The settings of one source.

    `authority` is the `tag:` authority of ids (RFC 4151); `home` is the base of relative addresses; `prefix`
    distinguishes the paths of this source from those of others. `site` is what the site's own configuration says, and
    which dialect its bodies are in. `aliases` maps a field to keys that take precedence over its known keys;
    `dimensions` are the fields that feeds are cut by. Dates without a zone are in `timezone`; with
    `zoneless_yaml_times_are_utc`, times that YAML reads as timestamps without a zone are UTC all the same, as in
    Jekyll. `limits` bound what one record may hold.
    """

    def __init__(  # noqa: PLR0913 - each argument is one setting
        self,
        *,
        authority: str,
        home: str,
        prefix: str = "",
        aliases: Mapping[str, tuple[str, ...]] | None = None,
        dimensions: tuple[str, ...] = (),
        presentation: Presentation | None = None,
        site: SiteSettings | None = None,
        timezone: tzinfo = UTC,
        zoneless_yaml_times_are_utc: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self.authority = authority
        self.home = home
        self.prefix = prefix
        self.dimensions = dimensions
        self.presentation = presentation or Presentation()
        self.site = site or SiteSettings()
        self.timezone = timezone
        self.zoneless_yaml_times_are_utc = zoneless_yaml_times_are_utc
        self.limits = limits or Limits()
        self.keys = KeyTable(aliases or {}, dimensions)

    @property
    def dialect(self) -> Dialect:
        """What the bodies hold."""
        return self.site.dialect

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What template tags may show: `site.url` has no path, `site.baseurl` no slash at its end (Jekyll)."""
        parts = urlsplit(self.base)
        address = {"site.url": f"{parts.scheme}://{parts.netloc}", "site.baseurl": parts.path.rstrip("/")}
        return {**self.site.variables, **address}

    @cached_property
    def generator(self) -> Generator:
        """The rules of the site's generator."""
        return get(self.site.kind).load()

    @cached_property
    def base(self) -> str:
        """The address that those of the site's records begin with: the home page, or the folder of its host that the
        site's own configuration states."""
        home, base = self.home, self.site.base
        return base if base.startswith(home) else home


def source_context(config: Config, source: Source) -> SourceContext:
    """Return the context of one source of a configuration."""
    return SourceContext(
        authority=config.site.authority,
        home=config.site.home,
        prefix=source.prefix,
        aliases=source.aliases,
        dimensions=config.selection.by,
        presentation=config.presentation,
        site=source.site,
        timezone=_timezone(source.timezone or source.site.timezone),
        zoneless_yaml_times_are_utc=source.site.zoneless_times_are_utc,
        limits=config.limits,
    )


def _timezone(name: str) -> tzinfo:
    if not name:
        return UTC
    from zoneinfo import ZoneInfo  # few sites need it, and it is slow to import

    return ZoneInfo(name)
