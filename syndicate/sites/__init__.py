"""The registry of site generators: what each does with a folder of posts.

One module declares one generator (`base.Generator`): where its posts are, how it dates them, which address it gives
them, which languages they are in. Everything else that handles sites takes it from here. The registry imports no
module: a run that finds no changes needs only the one of its own site.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, cast

from ..values import dialects
from ..values.dialects import Dialect
from .base import Generator, Page, SiteFolder, SiteSettings

__all__ = ["Generator", "Kind", "Page", "SiteFolder", "SiteSettings", "detect", "get", "names"]


class Kind(NamedTuple):
    """A generator: its name in the configuration, its own name, the files that tell that a site is of its kind, and
    what its bodies hold."""

    name: str
    label: str
    files: tuple[str, ...] = ()
    dialect: Dialect = dialects.PLAIN

    def load(self) -> Generator:
        """Imports and returns the module."""
        return cast("Generator", import_module(f"{__name__}.{self.name}"))


def _program(name: str) -> tuple[str, ...]:
    return tuple(f"{name}.config.{ending}" for ending in ("js", "ts", "mjs", "cjs", "mts", "cts"))


def _hugo_files() -> tuple[str, ...]:
    stems = ("hugo", "config/_default/hugo", "config/_default/config", "config")
    return tuple(f"{stem}.{ending}" for stem in stems for ending in ("toml", "yaml", "yml", "json"))


KINDS = (
    Kind("docusaurus", "Docusaurus", _program("docusaurus"), dialects.DOCUSAURUS),
    Kind("astro", "Astro", _program("astro"), dialects.ASTRO),
    Kind("eleventy", "Eleventy", (".eleventy.js", *_program("eleventy")), dialects.ELEVENTY),
    Kind("pelican", "Pelican", ("pelicanconf.py",), dialects.PELICAN),
    Kind("hugo", "Hugo", _hugo_files(), dialects.HUGO),
    Kind("zola", "Zola", ("zola.toml", "config.toml"), dialects.ZOLA),
    Kind("jekyll", "Jekyll", ("_config.yml", "_config.yaml", "_config.toml"), dialects.JEKYLL),
    Kind("hexo", "Hexo", ("_config.yml", "_config.yaml"), dialects.HEXO),
    Kind("smartable", "news site", dialect=dialects.SMARTABLE),
    Kind("plain", "no known generator"),
)
"""All generators. Those whose files have the same names follow each other; each leaves the others' files alone."""


def names() -> tuple[str, ...]:
    """Returns the names of all kinds."""
    return tuple([kind.name for kind in KINDS])


def get(name: str) -> Kind:
    """Returns the kind of a name. Raises KeyError for an unknown name."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise KeyError(name)


def detect(files: Sequence[str]) -> list[tuple[Kind, str]]:
    """Returns the kinds that the names of a folder's files may tell of, with the file that does."""
    return [(kind, name) for kind in KINDS for name in kind.files if name in files][:8]
