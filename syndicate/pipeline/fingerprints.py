"""Fingerprints of everything that a run depends on beside the corpus: a changed one determines the work to repeat.

`parsing`    how a file is parsed and its entry rendered
`rules`      which feeds an entry belongs to
`html`       how an entry is rendered on HTML pages, beside what `parsing` covers
`documents`  anything else that a document shows

Each covers the whole program, since any module may change what a run writes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from hashlib import sha256

from .. import __version__
from ..config import Api, BucketOptions, Config, ExecutorOptions, Guard, Serve, WorkerOptions
from ..config.bucket import is_bucket
from ..model import RENDERER
from ..values.keys import DIMENSIONS

# Packages whose release may change what we read or write, by the start of their metadata folders' names.
_PACKAGES = (
    "feedgen-",
    "linkify_it_py-",
    "lxml-",
    "markdown_it_py-",
    "mdit_py_plugins-",
    "nh3-",
    "pyyaml-",
    "python_frontmatter-",
    "tzdata-",
    "jinja2-",
    "markupsafe-",
    "brotli-",
)
_SOURCES = (".py", ".html", ".css", ".js", ".json")
_NOT_RENDERED = frozenset({"sample", "__pycache__"})  # the corpus that ships is read by `init` alone


def of(config: Config) -> dict[str, bytes]:
    """Returns the fingerprints of a configuration and this program, by name."""
    running = program()
    # Problems are reported, requests answered and builds refused, whatever documents show.
    sources = tuple(source._replace(bucket=BucketOptions()) for source in config.sources)
    config = config._replace(sources=sources)  # how a corpus is reached, changes nothing
    quiet = config._replace(
        problems=(), serve=Serve(), worker=WorkerOptions(), executor=ExecutorOptions(), guard=Guard()
    )
    shown = quiet._replace(api=config.api and Api(), bucket=BucketOptions(), cdns=(), output=_place(config))
    return {
        "parsing": _parsing(config, running),
        "rules": _rules(config),
        "html": _html(config),
        "documents": _digest(shown, running),
    }


def _place(config: Config) -> str:
    """Returns the output and, for a bucket, which stores the headers of its documents, all that decides these."""
    if not is_bucket(config.output):
        return config.output
    return f"{config.output} {config.serve.max_age_s} {config.serve.archive_max_age_s} {bool(config.cdns)}"


def _parsing(config: Config, running: object) -> bytes:
    extra = [name for name in config.selection.by if name not in DIMENSIONS]
    site = config.site
    return _digest(config.sources, site.authority, site.home, config.presentation, config.limits, extra, running)


def _rules(config: Config) -> bytes:
    selection = config.selection
    nested = selection.include_children
    topics = [(topic.name, topic.aliases, nested and topic.parent) for topic in selection.topics]
    return _digest(
        selection.by, selection.all, selection.where, selection.custom, topics, selection.min_entries, selection.slugs
    )


def _html(config: Config) -> bytes:
    own = [(name, text) for name, text in config.templates if name.endswith(".html")]
    return _digest(config.site.language, own, own and config.site)


def program() -> tuple[object, ...]:
    """Returns the release, all modules and templates by size and time, and the releases of packages that render.

    So a new version renders all entries again, without a version number to maintain.
    """
    root = os.path.dirname(os.path.dirname(__file__))
    files: list[tuple[str, int, int]] = []
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(_SOURCES):
                    status = entry.stat()
                    files.append((entry.path[len(root) :], status.st_size, status.st_mtime_ns))
                elif entry.name not in _NOT_RENDERED and entry.is_dir():
                    folders.append(entry.path)
    return __version__, RENDERER, sys.version_info[:2], sorted(files), _packages()


def releases() -> dict[str, str]:
    """Returns the releases of Python, of this program and of the packages that render, by name.

    Where they are the same on two machines, both make the same bytes.
    """
    python = ".".join(map(str, sys.version_info[:2]))
    packages = dict(name.removesuffix(".dist-info").rsplit("-", 1) for name in _packages() if "-" in name)
    return {"Python": python, "syndicate": f"{__version__} (renderer {RENDERER})", **packages}


def _packages() -> list[str]:
    folders = [folder for folder in sys.path if os.path.isdir(os.path.join(folder, "feedgen"))]
    names = os.listdir(folders[0]) if folders else []
    return sorted(name for name in names if name.lower().startswith(_PACKAGES) and name.endswith("-info"))


def _digest(*parts: object) -> bytes:
    return sha256(repr(_ordered(parts)).encode("utf-8", "surrogatepass")).digest()[:16]


def _ordered(value: object) -> object:
    """Returns a value with its sets as sorted lists: their order differs between processes (PYTHONHASHSEED)."""
    if isinstance(value, AbstractSet):
        return sorted(repr(_ordered(each)) for each in value)
    if isinstance(value, Mapping):
        return [(key, _ordered(each)) for key, each in value.items()]
    if isinstance(value, tuple | list):
        return [_ordered(each) for each in value]
    return value
