"""The site generator of each source: the configured one, else the one whose configuration file is there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator

from .. import sites
from ..sites import Kind, SiteSettings
from ..sites.patterns import PLACEHOLDERS, unknown_placeholders
from .bucket import is_bucket
from .models import Source
from .sections import ConfigSection
from .site_folder import LocalSiteFolder

_MAX_FOLDERS_ABOVE = 6


def read_site(source: Source, section: ConfigSection, folder: str) -> Source:
    """Returns a source, whose `root` is known, with the settings of its site. `folder` is that of the configuration.

    Files are searched in the folder of the source, then in those above it, up to that of the configuration.
    """
    site = _with_valid_timezone(find_settings(source, folder))
    if source.url:
        _check_pattern(source.url, section)
    include = source.include or site.include
    exclude = source.exclude if source.include else (*source.exclude, *site.exclude)
    site = site._replace(url=source.url, names="" if source.include else site.names)
    return source._replace(kind=site.kind, site=site, include=include, exclude=exclude)


def _with_valid_timezone(site: SiteSettings) -> SiteSettings:
    """Returns settings whose time zone exists in the IANA database; a note tells of another one."""
    if not site.timezone:
        return site
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(site.timezone)
    except (ValueError, OSError, KeyError):
        note = f"{site.evidence} states the unknown time zone {site.timezone!r}: set corpus[].timezone"
        return site._replace(timezone="", notes=(*site.notes, note))
    return site


def find_settings(source: Source, folder: str) -> SiteSettings:
    """Returns the settings of the site that a source, whose `root` is known, belongs to; see `read_site`."""
    for root in _folders(source.root, folder) if not is_bucket(source.root) else ():
        local = LocalSiteFolder(root)
        for kind, file in _candidates(source.kind, local):
            relative = os.path.relpath(source.root, root)
            settings = kind.load().read(local, "" if relative == "." else relative)
            if settings is not None:
                path = os.path.join(source.path, os.path.relpath(os.path.join(root, file), source.root))
                return settings._replace(evidence=os.path.normpath(path), dialect=kind.dialect)
    if not source.kind:
        return SiteSettings()
    kind = sites.get(source.kind)
    # Without its configuration a generator has its defaults; the source is then the folder of the site.
    settings = kind.load().read(LocalSiteFolder(os.devnull), "") or SiteSettings(kind=kind.name)
    return settings._replace(dialect=kind.dialect)


def _candidates(kind_name: str, local: LocalSiteFolder) -> Iterator[tuple[Kind, str]]:
    names = local.names("")
    if "config" in names:
        names += [f"config/_default/{name}" for name in local.names("config/_default")]
    for kind, file in sites.detect(names):
        if kind_name in {"", kind.name}:
            yield kind, file


def _folders(root: str, folder: str) -> Iterator[str]:
    """Yields the folder of a source and those above it, up to that of the configuration, else of a repository."""
    current = os.path.normpath(root)
    last = os.path.normpath(folder)
    is_inside = os.path.join(current, "").startswith(os.path.join(last, ""))
    for _ in range(_MAX_FOLDERS_ABOVE):
        yield current
        above = os.path.dirname(current)
        if current == (last if is_inside else above) or (not is_inside and os.path.exists(f"{current}/.git")):
            return
        current = above


def _check_pattern(pattern: str, section: ConfigSection) -> None:
    for name in unknown_placeholders(pattern):
        close = difflib.get_close_matches(name, PLACEHOLDERS, 1)
        hint = f"did you mean {{{close[0]}}}?" if close else f"known are {', '.join(PLACEHOLDERS)}"
        section.report("url", f"unknown placeholder {{{name}}}: {hint}")
    if not pattern.startswith("/"):
        section.report("url", f"expected a pattern that begins with '/', got {pattern!r}")
