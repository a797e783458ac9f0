"""Eleventy: addresses by path from the input folder (https://www.11ty.dev/docs/permalinks/)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import Default, Page, SiteFolder, SiteSettings, encode, mapping, patterns_of, text
from .eleventy_templates import fill
from .programs import literal, without_comments

FILES = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts")
_INPUT = re.compile(r"\binput\s*:\s*[\"']([^\"']*)[\"']|\bsetInputDirectory\(\s*[\"']([^\"']*)[\"']")
_FORMATS = re.compile(r"\b(?:templateFormats\s*:|setTemplateFormats\()\s*(\[[^\]]*\]|[\"'][^\"']*[\"'])")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_READ = ("md", "html")


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`. The configuration is a program: only literals are read."""
    program = without_comments(next((found for name in FILES if (found := site.text(name)) is not None), ""))
    match = _INPUT.search(program)
    folder = _normal(match[1] or match[2] or "") if match else ""
    formats = _FORMATS.search(program)
    stated = re.findall(r"\w[\w.]*", formats[1]) if formats else _READ
    return SiteSettings(
        kind="eleventy",
        folder=f"{source}/" if source else "",
        include=patterns_of(source, [f".{ending}" for ending in _READ if ending in stated], folder),
        exclude=tuple(_exclude(site, source)),
        defaults=tuple(_directory_data(site)),
        options={"input": folder, "prefix": _normal(literal(program, "pathPrefix") or "")},
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `permalink`; of a template only what can be looked up is filled in, else it is none."""
    computed = mapping(page.metadata.get("eleventycomputed")).get("permalink")
    root = str(site.options.get("input", ""))
    filled = fill(text(computed) or page.text("permalink"), page, root)
    if not filled:
        return ""
    address = filled.lstrip("/").removesuffix("index.html") if filled.endswith("/index.html") else filled.lstrip("/")
    prefix = site.options.get("prefix")
    return f"/{prefix}/{address}" if prefix else f"/{address}"


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the folders and the name of the file with its date, unless the name repeats the folder's."""
    root = site.options.get("input")
    path = page.path.removeprefix(f"{root}/") if root else page.path
    folder, _, name = path.rpartition("/")
    name = name.rpartition(".")[0] or name
    parts = [part for part in folder.split("/") if part]
    if name not in {"index", *parts[-1:]}:
        parts.append(name)
    prefix = site.options.get("prefix")
    return encode("".join(f"{part}/" for part in (*([prefix] if prefix else []), *parts)))


def date(path: str, site: SiteSettings) -> str:
    """Returns the first day in a path."""
    match = _DAY.search(path)
    return match[0] if match else ""


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: languages are folders by convention."""
    return ""


def _exclude(site: SiteFolder, source: str) -> Iterator[str]:
    """Yields the patterns of what Eleventy does not read, and those of `.eleventyignore`, relative to the source."""
    yield from (f"**/{name}/**" for name in ("_includes", "_data", "_site", "node_modules"))
    for line in (site.text(".eleventyignore") or "").splitlines():
        pattern = line.strip().strip("/").removeprefix(f"{source}/" if source else "")
        if pattern and not pattern.startswith(("#", "!")):
            yield pattern


def _directory_data(site: SiteFolder) -> Iterator[Default]:
    """Yields the front matter that data files give to the files of a folder, or to one file, the outermost first."""
    for path in sorted(site.find(".json"), key=lambda path: (path.count("/"), path.endswith(".11tydata.json"))):
        folder, _, name = path.rpartition("/")
        stem = name.removesuffix(".json").removesuffix(".11tydata")
        values = site.values(path) if folder or name.endswith(".11tydata.json") else None
        if not values:
            continue
        if stem == folder.rpartition("/")[2]:
            yield Default(folder, "", values)
        else:
            yield from (Default(f"{folder}/{stem}.{ending}", "", values) for ending in _READ)


def _normal(folder: str) -> str:
    return folder.removeprefix("./").strip("/").removeprefix(".")
