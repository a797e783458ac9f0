"""Small sites of site generators, what the generators themselves make of them, and what syndicate makes of them.

A site is `tests/generators/sites/GENERATOR/NAME.yaml`: `files` with their texts, `corpora` (the folders that a user may
give syndicate, each tried alone), and where needed `root` (the folder that the generator is run in), `input`
(Eleventy's input folder) and `home` (syndicate's `site.home`). `tests/generators/truth/GENERATOR/NAME.json` records
what the real tool made of it: one `Page` for each source file.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import yaml

from syndicate import config
from syndicate.pipeline import build

FOLDER = Path(__file__).resolve().parents[1] / "generators"
NOW = datetime(2026, 8, 1, tzinfo=UTC)
HOME = "https://www.example.org/"
# The time of all files: generators that date a page by its file must not date it by the time of the test.
MODIFIED = datetime(2026, 4, 1, 12, tzinfo=UTC)


class Page(NamedTuple):
    """What a generator makes of one source file.

    `url` is the path of its page, percent-encoded, or None if the file has no page. `date` is the instant of its
    publication, or None if the file has no date of its own. `language` is None where the site is in one language that
    the generator knows nothing of. `listed` says if the generator's own listing of posts has the page; it is None if
    the templates of the site decide.
    """

    url: str | None
    date: datetime | None
    language: str | None
    listed: bool | None

    def differences(self, published: Page | None) -> list[str]:
        """Returns in what an entry that syndicate published, or None, differs from this page.

        A page without a date, or with one that is still to come, need not be published.
        """
        if published is None:
            return ["is not published"] if self.listed and self.date and self.date <= NOW else []
        if self.listed is False:
            return [f"is published: {published.url}"]
        mine, other = self._comparable(), published._comparable()
        return [f"{name} is {other[name]}, not {mine[name]}" for name in mine if mine[name] not in {None, other[name]}]

    def _comparable(self) -> dict[str, object]:
        """Returns the values to compare; language tags have no case (RFC 5646, section 2.1.1)."""
        return {"url": self.url, "date": self.date, "language": self.language and self.language.lower()}


class GeneratorSite(NamedTuple):
    """A small site, as data."""

    generator: str
    name: str
    files: dict[str, str]
    corpora: list[str]
    root: str = "."
    input: str = "."
    home: str = HOME

    @property
    def id(self) -> str:
        return f"{self.generator}/{self.name}"

    @property
    def truth_file(self) -> Path:
        return FOLDER / "truth" / f"{self.id}.json"

    def write(self, folder: Path) -> Path:
        """Writes the files; returns the folder that the generator is run in."""
        for path, text in self.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            os.utime(file, (MODIFIED.timestamp(),) * 2)
        return folder / self.root


def sites() -> list[GeneratorSite]:
    """Returns all sites."""
    found = []
    for path in sorted((FOLDER / "sites").glob("*/*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(GeneratorSite(path.parent.name, path.stem, **data))
    return found


# ------------------------------------------------------------------------------------------------- what is recorded


def recorded(site: GeneratorSite) -> dict[str, Page]:
    """Returns the recorded pages by the paths of their files in the site."""
    data = json.loads(site.truth_file.read_text(encoding="utf-8"))
    return {
        path: Page(**page | {"date": page["date"] and datetime.fromisoformat(page["date"])})
        for path, page in data["pages"].items()
    }


def record(site: GeneratorSite, tool: str, pages: dict[str, Page]) -> None:
    """Writes what a tool made of a site."""
    lines = [
        f"    {json.dumps(path, ensure_ascii=False)}: {json.dumps(_as_json(page), ensure_ascii=False)}"
        for path, page in sorted(pages.items())
    ]
    text = f'{{\n  "tool": {json.dumps(tool)},\n  "pages": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    site.truth_file.parent.mkdir(parents=True, exist_ok=True)
    site.truth_file.write_text(text, encoding="utf-8")


def _as_json(page: Page) -> dict[str, Any]:
    return page._asdict() | {"date": page.date and page.date.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def normal_path(path: str) -> str:
    """Returns the path of an address, percent-encoded in one way only."""
    return quote(unquote(path), safe="/")


# ---------------------------------------------------------------------------------------------- what syndicate makes


def in_corpus(pages: dict[str, Page], corpus: str) -> dict[str, Page]:
    """Returns the pages of the files in a folder."""
    return {path: page for path, page in pages.items() if corpus == "." or path.startswith(f"{corpus}/")}


def published(site: GeneratorSite, corpus: str, folder: Path) -> dict[str, Page]:
    """Builds a site's feeds with a configuration of only `site` and `corpus`; returns the entries by their files."""
    site.write(folder)
    (folder / "syndicate.yaml").write_text(
        'site: {title: T, url: "https://feeds.example.org/", id: "feeds.example.org,2026", '
        f"home: {json.dumps(site.home)}}}\n"
        f"corpus: [{{path: {json.dumps(corpus)}}}]\n"
        "feeds: {by: [], limit: 1000, formats: [json]}\npages: false\n",
        encoding="utf-8",
    )
    build(config.load(str(folder / "syndicate.yaml")), NOW)
    feed = json.loads((folder / "feeds/all/feed.json").read_text(encoding="utf-8"))
    return {_file_of(item["id"], corpus): _page_of(item, feed.get("language")) for item in feed["items"]}


def _file_of(entry_id: str, corpus: str) -> str:
    path = unquote(entry_id.split(":", 2)[2])
    return path if corpus == "." else f"{corpus}/{path}"


def _page_of(item: dict[str, Any], language: str | None) -> Page:
    url = item["url"]
    return Page(
        normal_path(urlsplit(url).path) if url.startswith(HOME) else url,
        datetime.fromisoformat(item["date_published"]),
        item.get("language", language),
        listed=True,
    )
