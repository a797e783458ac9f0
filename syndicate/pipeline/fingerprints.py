"""What the last run depended on, in short: what has changed since tells what is to be done anew."""

from __future__ import annotations

import os
import sys
from hashlib import sha256

from .. import __version__
from ..config import Api, Config, Serve
from ..model import RENDERER
from ..values.keys import DIMENSIONS

# Packages whose release may change what we read or write, by the start of their metadata folders' names.
_PACKAGES = (
    "feedgen-",
    "lxml-",
    "markdown_it_py-",
    "mdit_py_plugins-",
    "nh3-",
    "pyyaml-",
    "python_frontmatter-",
    "jinja2-",
    "markupsafe-",
    "brotli-",
)
_STAGES = ("corpus", "feeds", "formats", "formats/html", "formats/html/templates", "values")
_SOURCES = (".py", ".html", ".css", ".js")


def of(config: Config) -> dict[str, bytes]:
    """What a run depends on beside the corpus, each in short."""
    code = _code()
    # Problems are told, and answers are given of what is shown, to whomever: neither is shown.
    shown = config._replace(problems=(), serve=Serve(), api=config.api and Api())
    return {
        "reading": _reading(config, code),
        "filing": _filing(config),
        "cards": _cards(config),
        "showing": _digest(shown, code),
    }


def _reading(config: Config, code: object) -> bytes:
    """What decides how a file is read, and its entry rendered."""
    extra = [name for name in config.selection.by if name not in DIMENSIONS]
    site = config.site
    return _digest(config.sources, site.authority, site.home, config.presentation, extra, code)


def _filing(config: Config) -> bytes:
    """What decides under which feeds an entry is filed."""
    selection = config.selection
    nested = selection.include_children
    topics = [(topic.name, topic.aliases, nested and topic.parent) for topic in selection.topics]
    return _digest(selection.by, selection.all, selection.where, selection.custom, topics)


def _cards(config: Config) -> bytes:
    """What decides how an entry is shown on pages, beside what decides how it is rendered."""
    own = [(name, text) for name, text in config.templates if name.endswith(".html")]
    return _digest(config.site.language, own, own and config.site)


def _code() -> tuple[object, ...]:
    """This program: its release, its modules as they stand, and the packages that it renders with.

    So a new version renders anew by itself, whoever forgot to raise a number.
    """
    here = os.path.dirname(os.path.dirname(__file__))
    modules: list[tuple[str, int, int]] = []
    for stage in _STAGES:
        with os.scandir(os.path.join(here, stage)) as entries:
            modules += ((e.name, e.stat().st_size, e.stat().st_mtime_ns) for e in entries if e.name.endswith(_SOURCES))
    return __version__, RENDERER, sys.version_info[:2], sorted(modules), _packages()


def _packages() -> list[str]:
    folders = [folder for folder in sys.path if os.path.isdir(os.path.join(folder, "feedgen"))]
    names = os.listdir(folders[0]) if folders else []
    return sorted(name for name in names if name.lower().startswith(_PACKAGES) and name.endswith("-info"))


def _digest(*parts: object) -> bytes:
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()[:16]
