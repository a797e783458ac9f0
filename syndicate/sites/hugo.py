"""Hugo: pages below `content`, addresses by path or by `permalinks` (https://gohugo.io/content-management/urls/)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .base import (
    Default,
    SiteFolder,
    SiteLanguage,
    SiteSettings,
    base_address,
    mapping,
    patterns_of,
    text,
    texts,
)
from .hugo_addresses import date, derived_address, language, stated_address

__all__ = ["date", "derived_address", "language", "read", "stated_address"]

_NAMES = ("hugo", "config")
_ENDINGS = ("toml", "yaml", "yml", "json")
_FILE_NAMES = r"(?i)[^.].*\.(?:md|markdown|mdown|html?)"


def read(site: SiteFolder, source: str) -> SiteSettings | None:
    """Returns the settings of a site; see `Generator.read`.

    Many programs have a `config.yaml`, and Zola has a `config.toml`: only one with `baseURL` is Hugo's.
    """
    values = _configuration(site)
    if values is None:
        return None
    content = text(values.get("contentdir")).strip("/") or "content"
    default = text(values.get("defaultcontentlanguage")) or "en"
    stated = mapping(values.get("languages"))
    languages = tuple(_languages(values, content, default))
    sections = {path.rpartition("/")[0] for path in site.find("_index.md", "_index.html", "_index.markdown")}
    dates = texts(mapping(_lower(mapping(values.get("frontmatter")))).get("date"))
    return SiteSettings(
        kind="hugo",
        folder=f"{source}/" if source else "",
        title=text(values.get("title")),
        base=base_address(text(values.get("baseurl"))),
        timezone=text(values.get("timezone")),
        language=(text(values.get("locale")) or text(values.get("languagecode"))) if not languages else default,
        languages=languages,
        include=_include(source, content, languages),
        exclude=("**/_index.*", *(f"**/*.{code}.*" for code, options in stated.items() if _is_disabled(options))),
        names=_FILE_NAMES,
        has_bundles=True,
        patterns=_permalinks(values.get("permalinks")),
        defaults=tuple(_cascades(site, values, content)),
        options={
            "lower": values.get("disablepathtolower") is not True,
            "accents": values.get("removepathaccents") is not True,
            "ugly": values.get("uglyurls"),
            "content": content,
            "default": default,
            "sections": frozenset(sections),
            "own_offset": True,
            "dated_names": any(name.lower() == ":filename" for name in dates),
            "permalinks": {
                str(code): found
                for code, options in stated.items()
                if (found := _permalinks(_lower(mapping(options)).get("permalinks")))
            },
        },
        authors=_authors(site),
    )


def _configuration(site: SiteFolder) -> dict[str, Any] | None:
    """Returns the settings of all configuration files, with keys in lower case (Hugo ignores the case).

    None if there is only a `config.*` that another program reads.
    """
    values: dict[str, Any] | None = None
    is_other = False
    for name in (f"{name}.{ending}" for name in _NAMES for ending in _ENDINGS):
        if values is None and (found := site.values(name)) is not None:
            lower = _lower(found)
            if name.startswith("hugo.") or "baseurl" in lower:
                values = lower
            else:
                is_other = True
    for folder in ("config/_default", "config/production"):
        for file in site.names(folder):
            name, _, ending = file.rpartition(".")
            if ending in _ENDINGS and (found := site.values(f"{folder}/{file}")) is not None:
                added = _lower(found) if name in _NAMES else {name.lower(): dict(found)}
                values = _joined(values or {}, added)
    return values if values is not None or is_other else {}


def _joined(values: dict[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings with others laid over them, one level deep."""
    merged = dict(values)
    for key, value in added.items():
        before = merged.get(key)
        merged[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _lower(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in values.items()}


def _is_disabled(options: object) -> bool:
    return _lower(mapping(options)).get("disabled") is True


def _languages(values: Mapping[str, Any], content: str, default: str) -> Iterator[SiteLanguage]:
    in_folder = values.get("defaultcontentlanguageinsubdir") is True
    for code, stated in mapping(values.get("languages")).items():
        options = _lower(mapping(stated))
        if not _is_disabled(options):
            folder = text(options.get("contentdir")).strip("/")
            prefix = "" if code.lower() == default.lower() and not in_folder else f"{code.lower()}/"
            tag = text(options.get("locale")) or text(options.get("languagecode")) or str(code)
            yield SiteLanguage(str(code), folder if folder != content else "", prefix, tag)


def _permalinks(value: object) -> dict[str, str]:
    """Returns the patterns by section. Newer versions nest those of pages in `page`."""
    values = mapping(value)
    found = {str(key): pattern for key, pattern in values.items() if isinstance(pattern, str)}
    return found | {str(key): pattern for key, pattern in mapping(values.get("page")).items() if text(pattern)}


def _include(source: str, content: str, languages: tuple[SiteLanguage, ...]) -> tuple[str, ...]:
    folders = {content, *(one.folder for one in languages if one.folder)}
    if any(f"{source}/".startswith(f"{folder}/") for folder in folders):
        return ("**/*",)
    return tuple(pattern for folder in sorted(folders) for pattern in patterns_of(source, ("",), folder))


def _cascades(site: SiteFolder, values: Mapping[str, Any], content: str) -> Iterator[Default]:
    """Yields the front matter that sections give to their pages, the outermost first."""
    for target, given in _cascade(values.get("cascade")):
        yield Default(f"{content}/{target}" if target else "", "", given)
    for path in sorted(site.find("_index.md", "_index.html"), key=lambda path: path.count("/")):
        if "cascade" in (given := _lower(site.front_matter(path) or {})):
            folder = path.rpartition("/")[0]
            for target, front_matter in _cascade(given["cascade"]):
                yield Default(f"{content}/{target}" if target else folder, "", front_matter)


def _cascade(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the path that a cascade applies to, which may be empty, and its front matter."""
    for item in value if isinstance(value, list) else [value]:
        values = _lower(mapping(item))
        target = _lower(mapping(values.pop("_target", values.pop("target", None))))
        path = re.sub(r"/\*\*$", "", text(target.get("path")).strip("{}")).strip("/")
        params = mapping(values.pop("params", None))
        if given := {**params, **values}:
            yield path, given


def _authors(site: SiteFolder) -> Mapping[str, Any]:
    for ending in _ENDINGS:
        if found := site.values(f"data/authors.{ending}"):
            return found
    folder = "data/authors"
    files = [(file.rpartition("."), site.values(f"{folder}/{file}")) for file in site.names(folder)]
    return {name: values for (name, _, _), values in files if values}
