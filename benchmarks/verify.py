"""Counts the feeds of an output and their entries, to compare them with the corpus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

FORMATS = ("RSS", "Atom", "JSON")
NEWEST = 50
XML_SUFFIXES = {".xml", ".rss", ".atom"}

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"


def expected_sizes(topic_sizes: Mapping[str, int], records: int, most: int = NEWEST) -> list[int]:
    """Returns the sorted numbers of entries that one format must have: a feed for each topic, and one of all."""
    return sorted(min(most, size) for size in (*topic_sizes.values(), records))


def feed_sizes(output: Path) -> dict[str, list[int]]:
    """Returns the sorted numbers of entries of the feeds below `output`, by format. Archives are not counted."""
    sizes: dict[str, list[int]] = {name: [] for name in FORMATS}
    archives: set[Path] = set()
    # XML first: only an XML document states that it is an archive; the JSON Feed beside it has the same name.
    for path in sorted(output.rglob("*.*"), key=lambda path: path.suffix == ".json"):
        if path.with_suffix("") in archives:
            continue
        found = _json(path) if path.suffix == ".json" else _xml(path)
        if found is None:
            continue
        name, size, is_archive = found
        if is_archive:
            archives.add(path.with_suffix(""))
        else:
            sizes[name].append(size)
    return {name: sorted(of_format) for name, of_format in sizes.items()}


def contains(output: Path, text: str) -> bool:
    """Returns whether any file below `output` contains the text, that is, whether an edit has reached the feeds."""
    return any(
        text in path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(output.rglob("*"), key=lambda path: len(path.parts))
        if path.is_file()
    )


def _xml(path: Path) -> tuple[str, int, bool] | None:
    if path.suffix not in XML_SUFFIXES:
        return None
    root = ET.parse(path).getroot()
    is_archive = root.find(f".//{_ARCHIVE}") is not None
    if root.tag == "rss":
        return "RSS", len(root.findall("channel/item")), is_archive
    if root.tag == f"{_ATOM}feed":
        return "Atom", len(root.findall(f"{_ATOM}entry")), is_archive
    return None


def _json(path: Path) -> tuple[str, int, bool] | None:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict) or "jsonfeed.org" not in str(document.get("version")):
        return None
    return "JSON", len(document["items"]), False
