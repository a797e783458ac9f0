"""A Pelican reader for records with YAML front matter, which Pelican does not support."""

# Pelican is not a dependency of this project: a type checker may not find it.
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
    """Reads the title, dates, topics and image of a record, and makes its content from the excerpt."""

    enabled = True
    file_extensions = ("md",)

    def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
        """Returns the HTML and the metadata of one file (the interface of Pelican)."""
        path = Path(source_path)
        front_matter = path.read_text(encoding="utf-8").split("---\n", 2)[1]
        # libyaml's loader: the loader in pure Python takes 10 times as long.
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
    """Returns the HTML of an entry: image, excerpt, related stories."""
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
    """Registers the reader; Pelican calls this function for each plugin."""
    signals.readers_init.connect(use_reader)


def use_reader(readers: Any) -> None:
    """Reads every .md file with RecordReader."""
    readers.reader_classes["md"] = RecordReader
