"""A first configuration for a folder that holds a site already, made of what its generator's own configuration says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from .. import sites
from ..sites import SiteSettings
from .models import Source
from .sites import find_settings

_PLACEHOLDER = "https://www.example.org/"
_MAX_FILES = 10_000  # the Markdown file of a site is found among these, or it is none

_TEXT = """\
# The configuration of `syndicate` for this site. Paths are relative to this file. `syndicate schema` prints its JSON
# Schema, for editors.

site:
  title: {title}
  url: {url}  # address where the folder `{output}` is served; all addresses in feeds begin with it
  id: {id}  # a host you own(ed) and a date (RFC 4151): entry ids use it. Never change it once readers subscribe
  home: {home}  # address of the site itself
  language: {language}  # language of entries that state none

corpus: {corpus}  # addresses, dates and the choice of posts follow {label}

feeds:
  by: [topics]  # one feed for each value of: topics category type author language provider, or any key of your records

# hubs: ["https://hub.example.org/"]  # WebSub hubs that `syndicate push` notifies of changes

output: {output}
"""


class Draft(NamedTuple):
    """A configuration for a site that was found: its text, and what was found or assumed, a sentence each."""

    text: str
    notes: tuple[str, ...]


def draft(folder: str, year: int) -> Draft | None:
    """Returns a configuration for the site in a folder; None if it holds neither a known site nor a Markdown file.

    `year` becomes part of `site.id`. Nothing is written.
    """
    site = find_settings(Source(path=".", root=folder), folder)
    if not site.evidence and not _has_markdown(folder):
        return None
    label = sites.get(site.kind).label if site.evidence else "front matter alone"
    home = site.base or _PLACEHOLDER
    output = _output(folder)
    url = f"{home}{output}/"
    values = {
        "title": json.dumps(site.title or os.path.basename(os.path.abspath(folder)), ensure_ascii=False),
        "url": json.dumps(url),
        "id": json.dumps(f"{_host(home)},{year}"),
        "home": json.dumps(home),
        "language": json.dumps(site.language or "en", ensure_ascii=False),
        "corpus": json.dumps(_corpus_path(site), ensure_ascii=False),
        "output": output,
        "label": label,
    }
    return Draft(_TEXT.format(**values), tuple(_notes(site, label, url)))


def _notes(site: SiteSettings, label: str, url: str) -> Iterator[str]:
    if site.evidence:
        found = {"title": site.title, "address": site.base, "language": site.language, "time zone": site.timezone}
        stated = ", ".join(f"{name} {value}" for name, value in found.items() if value)
        yield f"{label}, recognised by {site.evidence}" + (f": {stated}" if stated else "")
    else:
        yield "no known generator: every Markdown file with front matter is a record"
    if site.base:
        yield f"assumed: the feeds will be served at {url} (site.url)"
    else:
        yield "no file states the address of the site: replace www.example.org in site.url, site.id and site.home"
    if not site.language:
        yield "assumed: the language is English (site.language)"
    yield from site.notes


def _corpus_path(site: SiteSettings) -> str:
    """Returns the one folder of the site that all posts are in, if it holds nothing else; else that of the site."""
    folders = {pattern.partition("/")[0] for pattern in site.include}
    name = folders.pop() if len(folders) == 1 else ""
    return name if name == "content" else "."


def _output(folder: str) -> str:
    """Returns the name of an output folder that does not exist yet."""
    return next(name for name in ("feeds", "syndicated", "syndicate-output") if not os.path.lexists(f"{folder}/{name}"))


def _host(url: str) -> str:
    host = (urlsplit(url).hostname or "").encode("idna").decode("ascii")
    return host.removeprefix("www.")


def _has_markdown(folder: str) -> bool:
    seen = 0
    for _, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        if any(name.lower().endswith((".md", ".markdown")) for name in names):
            return True
        seen += len(names)
        if seen > _MAX_FILES:
            break
    return False
