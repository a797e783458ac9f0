"""Generates a corpus in the exact shape of the seed record; the same arguments give the same corpus.

    python benchmarks/corpus.py DIR --records 10000 [--seed 1]

writes DIR/_news/YYYY-MM-DD-slug.md. Every record is a function of the seed, its number, and the number of records.
"""

from __future__ import annotations

import argparse
import re
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple
from unicodedata import normalize

from words import ADJECTIVES, LINKS, NAMES, NOUNS, PROVIDERS, TOPICS, VERBS

NEWS = "_news"
FIRST = datetime(2021, 1, 1, tzinfo=UTC)
# A date in the past, since feed generators hide future records.
END = datetime(2026, 1, 1, tzinfo=UTC)
# Of 9,501 real records, 4 to 56 % have AMP addresses, depending on the corpus.
AMP_SHARE = 0.4
IMAGE_SIZES = ((1200, 630), (620, 349), (1280, 720), (750, 450), (1528, 900))

_EDITED = re.compile(r" \(edit \d+\)$")
_SLUG_BREAK = re.compile(r"[^a-z0-9]+")


class Story(NamedTuple):
    """The fields that a record shares with each of its related stories."""

    title: str
    excerpt: str
    published: datetime
    provider: tuple[str, str]


class Topics(NamedTuple):
    """Topics to draw from, and their cumulative weights."""

    names: tuple[str, ...]
    weights: tuple[float, ...]


def generate(directory: Path, records: int, seed: int = 1, topics: int = len(TOPICS)) -> None:
    """Writes `records` records below `directory`/_news, which must not exist. `topics` are those to draw from."""
    drawn_from = _first_topics(topics)
    news = directory / NEWS
    news.mkdir(parents=True)
    names: set[str] = set()
    for number in range(records):
        # Random derives its state from a string with SHA-512, which is stable between runs, unlike hash().
        rng = Random(f"{seed}/{records}/{number}")
        story = _story(rng, _date(rng, number, records))
        name = _unique(f"{story.published:%Y-%m-%d}-{_slug(story.title)}", names)
        (news / f"{name}.md").write_text(_record(rng, story, drawn_from), encoding="utf-8", newline="\n")


def newest(directory: Path) -> Path:
    """Returns the record with the latest publishedDateTime; file names contain only the day."""
    names = sorted((directory / NEWS).iterdir())
    last_day = [path for path in names if path.name[:10] == names[-1].name[:10]]
    return max(last_day, key=lambda path: (_line(path, "publishedDateTime: "), path.name))


def edit_newest(directory: Path, mark: str) -> Path:
    """Ends the title of the newest record with `mark`, such as "(edit 1)"; returns its path."""
    path = newest(directory)
    edit(path, mark)
    return path


def edit(path: Path, mark: str) -> None:
    """Ends the title of a record with `mark`."""
    old = _line(path, "title: ")
    new = f'{_EDITED.sub("", old[:-1])} {mark}"'
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def topic_sizes(directory: Path) -> Counter[str]:
    """Returns the number of records of each topic."""
    sizes: Counter[str] = Counter()
    for path in (directory / NEWS).iterdir():
        text = path.read_text(encoding="utf-8")
        block = text.split("\ntopics:\n", 1)[1].split("\n\n", 1)[0]
        sizes.update(line.removeprefix("  - ") for line in block.split("\n"))
    return sizes


def _line(path: Path, key: str) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(line.rstrip("\n") for line in lines if line.startswith(key))


def _date(rng: Random, number: int, records: int) -> datetime:
    # Each record has its own slice of the five years, so that the order of numbers is that of dates.
    seconds = (END - FIRST).total_seconds() * (number + rng.random()) / records
    return FIRST + timedelta(seconds=int(seconds))


def _story(rng: Random, published: datetime) -> Story:
    sentences = " ".join(_sentence(rng, rng.randint(10, 22)) for _ in range(rng.randint(1, 2)))
    return Story(_title(rng), sentences, published, rng.choice(PROVIDERS))


def _title(rng: Random) -> str:
    words = [rng.choice(NAMES), rng.choice(VERBS), rng.choice(ADJECTIVES), rng.choice(NOUNS)]
    for _ in range(rng.randint(1, 2)):
        words += [rng.choice(LINKS), rng.choice(ADJECTIVES), rng.choice(NOUNS)]
    # As in real titles, some characters need escaping in XML, JSON and YAML.
    if rng.random() < 0.1:
        words[3] = f"“{words[3]}” &"
    elif rng.random() < 0.05:
        words[3] = f'"{words[3]}"'
    return " ".join(words).title()


def _sentence(rng: Random, length: int) -> str:
    words = [
        word
        for four in zip(
            rng.choices(ADJECTIVES, k=length // 4 + 1),
            rng.choices(NOUNS, k=length // 4 + 1),
            rng.choices(VERBS, k=length // 4 + 1),
            rng.choices(LINKS, k=length // 4 + 1),
            strict=True,
        )
        for word in four
    ]
    return f"{rng.choice(NAMES)}’s {' '.join(words[:length])}."


def _record(rng: Random, story: Story, topics: Topics) -> str:
    quality = rng.randint(0, 120)
    name, domain = story.provider
    image = _image(rng, story, title=True)
    related = [_related(rng, story.published) for _ in range(rng.choice((2, 2, 3, 3, 4)))]
    lines = [
        "---",
        "category: news",
        *_common_fields(rng, story),
        "type: article",
        f"quality: {quality}",
        f"heat: {quality + rng.randint(0, 60)}",
        "published: true",
        "",
        "provider:",
        f"  name: {name}",
        f"  domain: {domain}",
        "  images:",
        f'    - url: "https://images.example.net/organizations/{domain}-50x50.jpg"',
        "      width: 50",
        "      height: 50",
        "",
        "topics:",
        *(f"  - {topic}" for topic in _topics(rng, topics)),
        "",
        "images:",
        *(f"  {line}" for line in image),
        "",
        "related:",
        *(f"  {line}" for lines in related for line in lines),
        "",
        f'secured: "{_noise(rng, 355)};{_noise(rng, 16)}"',
        "---",
        "",
    ]
    return "\n".join(lines)


def _related(rng: Random, published: datetime) -> list[str]:
    story = _story(rng, published + timedelta(seconds=rng.randint(-86_400, 86_400)))
    name, domain = story.provider
    fields = [
        *_common_fields(rng, story),
        "type: article",
        "provider:",
        f"  name: {name}",
        f"  domain: {domain}",
        f"quality: {rng.randint(0, 120)}",
        "images:",
        *(f"  {line}" for line in _image(rng, story, title=False)),
    ]
    return [f"- {fields[0]}", *(f"  {field}" for field in fields[1:])]


def _common_fields(rng: Random, story: Story) -> list[str]:
    host = f"www.{story.provider[1]}"
    path = f"/{rng.choice(NOUNS)}/{rng.randint(1000, 999_999)}/{_slug(story.title)}"
    lines = [
        f"title: {_quoted(story.title)}",
        f"excerpt: {_quoted(story.excerpt)}",
        f"publishedDateTime: {story.published:%Y-%m-%dT%H:%M:%SZ}",
        f'webUrl: "https://{host}{path}"',
    ]
    if rng.random() < AMP_SHARE:
        cache = host.replace("-", "--").replace(".", "-") + ".cdn.ampproject.org"
        lines += [
            f'ampWebUrl: "https://{host}{path}?amp=1"',
            f'cdnAmpWebUrl: "https://{cache}/c/s/{host}{path}?amp=1"',
        ]
    return lines


def _image(rng: Random, story: Story, *, title: bool) -> list[str]:
    width, height = rng.choice(IMAGE_SIZES)
    name = f"{story.published:%Y/%m/%d}/{_slug(story.title)}_{rng.randint(1, 999)}.jpg"
    lines = [
        f'- url: "https://images.{story.provider[1]}/t/news/{name}?w={width}&q=80"',
        f"  width: {width}",
        f"  height: {height}",
        "  isCached: true",
    ]
    return [*lines, f"  title: {_quoted(story.title)}"] if title else lines


def _first_topics(count: int) -> Topics:
    """Returns topics that follow a Zipf law of exponent 1: the topic of rank r is drawn with weight 1/r."""
    rounds = range(1, -(-count // len(TOPICS)))
    names = (*TOPICS, *(f"{name} {number}" for number in rounds for name in TOPICS))[:count]
    return Topics(names, tuple(accumulate(1 / rank for rank in range(1, count + 1))))


def _topics(rng: Random, topics: Topics) -> list[str]:
    count = rng.randint(1, 4)
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn.setdefault(rng.choices(topics.names, cum_weights=topics.weights)[0])
    return list(drawn)


def _noise(rng: Random, length_bytes: int) -> str:
    return b64encode(rng.randbytes(length_bytes)).decode("ascii")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _slug(title: str) -> str:
    plain = normalize("NFKD", title.lower()).encode("ascii", "ignore").decode("ascii")
    return _SLUG_BREAK.sub("-", plain).strip("-")


def _unique(name: str, taken: set[str]) -> str:
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}-{count}"
    taken.add(unique)
    return unique


def main() -> None:
    """Generates a corpus from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    generate(arguments.directory, arguments.records, arguments.seed)


if __name__ == "__main__":
    main()
