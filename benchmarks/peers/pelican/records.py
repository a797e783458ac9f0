"""A Pelican reader for records with YAML front matter, which Pelican itself does not read."""

# Pelican is no dependency of this project: a type checker may not find it.
# mypy: disable-error-code="import-not-found,misc"

from __future__ import annotations

from datetime import UTC
from html import escape
from pathlib import Path
from typing import Any

import yaml
from pelican.plugins import signals
from pelican.readers import BaseReader
from pelican.urlwrappers import Author, Category, Tag


class RecordReader(BaseReader):
    """The title, dates, topics and picture of a record; its text is made of the excerpt."""

    enabled = True
    file_extensions = ("md",)

    def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
        """Pelican's interface: the HTML and the metadata of one file."""
        path = Path(source_path)
        front_matter = path.read_text(encoding="utf-8").split("---\n", 2)[1]
        # libyaml's loader: the pure one would take ten times as long.
        record = yaml.load(front_matter, yaml.CSafeLoader)
        metadata = {
            "title": record["title"],
            "slug": path.stem,
            "url": record["webUrl"],
            "date": record["publishedDateTime"].astimezone(UTC),
            "summary": record["excerpt"],
            "category": Category(record["category"], self.settings),
            "tags": [Tag(topic, self.settings) for topic in record["topics"]],
            "author": Author(record["provider"]["name"], self.settings),
        }
        return content(record), metadata


def content(record: dict[str, Any]) -> str:
    """The HTML of an entry: picture, excerpt, related stories."""
    pictures = (
        f'<p><img src="{escape(image["url"])}" alt="{escape(record["title"])}"'
        f' width="{image["width"]}" height="{image["height"]}"></p>'
        for image in record.get("images", [])[:1]
    )
    stories = "".join(
        f'<li><a href="{escape(story["webUrl"])}">{escape(story["title"])}</a>'
        f" ({escape(story['provider']['name'])})</li>"
        for story in record.get("related", [])
    )
    return f"{''.join(pictures)}<p>{escape(record['excerpt'])}</p>" + (f"<ul>{stories}</ul>" if stories else "")


def register() -> None:
    """Pelican calls this for each plugin."""
    signals.readers_init.connect(use_reader)


def use_reader(readers: Any) -> None:
    """Read every .md file with the RecordReader."""
    readers.reader_classes["md"] = RecordReader
