"""Which record a reference in a body means: a path, the name of a Jekyll post, or what Hugo's `ref` takes.

A reference is `KIND/TEXT` (corpus/bodies/references.py): `path/posts/a.md`, `post/2026-01-31-a`, `ref/posts/a`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .base import SiteSettings

ENDINGS = (".md", ".markdown", ".mkd", ".mdx", ".html")


def name_of(path: str) -> str:
    """Returns the name by which references and files are matched: that of the file, or of the folder of an `index`.

    The path is that of a file, or the text of a reference; extensions and the case of letters do not matter.
    """
    folder, _, name = path.rstrip("/").rpartition("/")
    stem = _stem(name)
    if stem in {"index", "_index"} and folder:
        stem = folder.rpartition("/")[2]
    return stem.lower()


def paths_of(reference: str, site: SiteSettings) -> list[str]:
    """Returns the paths within the source that a reference may mean as it is written, the most likely first."""
    kind, _, text = reference.partition("/")
    text = text.strip("/")
    if kind == "post" or not text:
        return []
    content = str(site.options.get("content", "content"))
    inside = [path for path in (text, f"{content}/{text}") if path.startswith(site.folder)]
    paths = dict.fromkeys((text, *(path.removeprefix(site.folder) for path in inside)))
    return [file for path in paths if path for file in (_files(path) if kind == "ref" else (path,))]


def file_names(reference: str) -> list[str]:
    """Returns the names of the files that a reference by name may mean; none for a path."""
    kind, _, text = reference.partition("/")
    if kind == "path":
        return []
    stem = _stem(text.rstrip("/").rpartition("/")[2])
    return [f"{stem}{ending}" for ending in ENDINGS] if stem else []


def best(reference: str, paths: Iterable[str]) -> str | None:
    """Returns the path that a reference by name means, of those of files with such a name: the longest match, then
    the first in order; None if none matches."""
    kind, _, text = reference.partition("/")
    wanted = _stem(text.strip("/")).lower()
    found = sorted(path for path in paths if f"/{_stem(path)}".lower().endswith(f"/{wanted.rpartition('/')[2]}"))
    if kind == "post":
        found = [path for path in found if "_posts/" in f"/{path}"] or found
    exact = [path for path in found if f"/{_stem(path)}".lower().endswith(f"/{wanted}")]
    return next(iter(exact or found), None)


def _files(path: str) -> Iterator[str]:
    if path.endswith(ENDINGS):
        yield path
        return
    yield from (f"{path}{ending}" for ending in ENDINGS)
    yield from (f"{path}/index{ending}" for ending in ENDINGS)


def _stem(name: str) -> str:
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)
