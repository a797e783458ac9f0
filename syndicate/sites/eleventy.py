"""Eleventy: addresses by path from the input folder (https://www.11ty.dev/docs/permalinks/)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import MARKDOWN, Default, Page, SiteFolder, SiteSettings, encode, patterns_of, without_date
from .slugs import ascii_slug

FILES = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts")
_INPUT = re.compile(r"\binput\s*:\s*[\"']([^\"']*)[\"']|\bsetInputDirectory\(\s*[\"']([^\"']*)[\"']")
_PREFIX = re.compile(r"\bpathPrefix\s*:\s*[\"']([^\"']*)[\"']")
_VARIABLE = re.compile(r"\{\{-?\s*([\w.]+)\s*(?:\|\s*(slugify|slug))?\s*-?\}\}")
_TEMPLATE = re.compile(r"\{[{%#]")


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`. The configuration is a program: only literals are read."""
    program = next((found for name in FILES if (found := site.text(name)) is not None), "")
    match = _INPUT.search(program)
    folder = _normal(match[1] or match[2]) if match else ""
    prefix = _PREFIX.search(program)
    return SiteSettings(
        kind="eleventy",
        folder=f"{source}/" if source else "",
        include=patterns_of(source, (*MARKDOWN, ".html"), folder),
        exclude=(*(f"**/{name}/**" for name in ("_includes", "_data", "_site", "node_modules")), "**/README.md"),
        defaults=tuple(_directory_data(site)),
        options={"input": folder, "prefix": prefix[1].strip("/") if prefix else ""},
    )


def stated_address(page: Page, site: SiteSettings) -> str:
    """Returns `permalink`. Of a template only the variables that the record states are filled in; else it is none."""
    permalink = page.text("permalink")
    if _TEMPLATE.search(permalink):
        permalink = _VARIABLE.sub(lambda match: _variable(match, page), permalink)
        if _TEMPLATE.search(permalink):
            return ""
    prefix = site.options.get("prefix")
    address = permalink.removesuffix("index.html")
    return f"/{prefix}/{address.lstrip('/')}" if prefix and address else address


def derived_address(page: Page, site: SiteSettings) -> str:
    """Returns the folders and the name of the file, unless the name repeats the folder's."""
    root = site.options.get("input")
    path = page.path.removeprefix(f"{root}/") if root else page.path
    folder, _, name = path.rpartition("/")
    name = name.rpartition(".")[0] or name
    parts = [part for part in folder.split("/") if part]
    name = without_date(name)
    if name not in {"index", *parts[-1:]}:
        parts.append(name)
    prefix = site.options.get("prefix")
    return encode("".join(f"{part}/" for part in (*([prefix] if prefix else []), *parts)))


def language(path: str, site: SiteSettings) -> str:
    """Returns nothing: languages are folders by convention."""
    return ""


def _directory_data(site: SiteFolder) -> Iterator[Default]:
    """Yields the front matter that data files give to the files of their folder, the outermost first."""
    for path in sorted(site.find(".json"), key=lambda path: path.count("/")):
        folder, _, name = path.rpartition("/")
        expected = folder.rpartition("/")[2]
        if name in {f"{expected}.json", f"{expected}.11tydata.json"} and (values := site.values(path)):
            yield Default(f"{folder}/", "", values)
        elif name.endswith(".11tydata.json") and (values := site.values(path)):
            yield Default(path.removesuffix(".11tydata.json"), "", values)


def _normal(folder: str) -> str:
    return folder.removeprefix("./").strip("/").removeprefix(".")


def _file_slug(page: Page) -> str:
    """Returns `page.fileSlug`: the name without its date, or for `index` that of its folder."""
    name = page.name
    if name == "index":
        name = page.folder.rpartition("/")[2]
    return without_date(name)


def _variable(match: re.Match[str], page: Page) -> str:
    """Returns the value of a variable; the template itself if the record does not state it."""
    match match[1]:
        case "page.fileSlug":
            value = _file_slug(page)
        case "page.filePathStem":
            value = f"{page.folder}/{without_date(page.name)}"
        case "title":
            value = page.title
        case name:
            value = page.text(name.lower())
    return (ascii_slug(value) if match[2] else value) or match[0]
