"""A folder of YAML files, each of which says of a topic what it is called, and what it is part of.

The files may be anybody's: a bad one costs only what it says, and is told as a problem.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..errors import Problem
from ..feeds.slugs import topic_key
from ..model import TopicSettings
from ..values.text import plain_text
from .sections import Section, read_root

_MAX_BYTES = 65_536  # of each file: every run reads them all; the largest seen has 605
_ENDINGS = (".yaml", ".yml")
# What a file may say; the configuration, when it says the same, is right.
_SAID = ("title", "description", "shortname", "parent", "keywords")


class TopicFile(NamedTuple):
    """What a file says of a topic. What is wrong in it is told through `section`, and comes to `faults`."""

    topic: TopicSettings
    section: Section
    faults: list[Problem]


class Lineage:
    """Which names are one topic, and which topic is part of which, as far as it was told."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._parents: dict[str, str] = {}

    def name(self, spelling: str, name: str) -> str:
        """What the topic is called that goes by this spelling, too; `name` when none did yet."""
        return self._names.setdefault(topic_key(spelling), name)

    def key(self, name: str) -> str:
        """What tells topics apart, with other spellings resolved."""
        key = topic_key(name)
        return topic_key(self._names.get(key, name))

    def descend(self, name: str, parent: str) -> bool:
        """Make a topic part of another, unless that other is part of it already; whether it was made."""
        child = self.key(name)
        ancestor: str | None = self.key(parent)
        while ancestor is not None:
            if ancestor == child:
                return False
            ancestor = self._parents.get(ancestor)
        self._parents[child] = self.key(parent)
        return True


def circle(topic: TopicSettings) -> str:
    """What is said of a parent that is part of its own child."""
    return f"{topic.parent!r} is part of {topic.name!r} itself"


def keywords(section: Section) -> tuple[str, ...]:
    """A list, or one text with commas."""
    names = section.names("keywords")
    if len(names) == 1:
        names = tuple(word for part in names[0].split(",") if (word := part.strip()))
    return tuple(dict.fromkeys(names))


def joined(
    own: Sequence[TopicSettings], files: Sequence[TopicFile], lineage: Lineage, problems: list[Problem]
) -> tuple[TopicSettings, ...]:
    """The configuration's own topics, completed by what files say of them, then the topics that only files name."""
    topics = {lineage.key(topic.name): topic for topic in own}
    described: dict[str, str] = {}
    for topic, section, faults in files:
        key = lineage.key(topic.name)
        known = topics.get(key, TopicSettings(topic.name))
        if key in described:
            section.fault("name", f"{topic.name!r} is described by {described[key]} already")
        else:
            described[key] = section.path
            if topic.parent and not known.parent and not lineage.descend(topic.name, topic.parent):
                section.fault("parent", f"{circle(topic)}: it is left out")
                faults[-1] = faults[-1]._replace(severity="warning")
                topic = topic._replace(parent="")  # noqa: PLW2901 - as if the file had not said it
            said = {name: getattr(topic, name) for name in _SAID if not getattr(known, name)}
            topics[key] = known._replace(**said)
        problems += faults
    return tuple(topics.values())


def topic_files(folder: str, shown: str, problems: list[Problem]) -> Iterator[TopicFile]:
    """What the files of a folder say, in the order of their names; the folder is `shown` in problems.

    Raises OSError when the folder cannot be read.
    """
    inside = os.path.join(os.path.realpath(folder), "")
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name.endswith(_ENDINGS) and not entry.name.startswith(".")]
    for entry in sorted(found, key=lambda entry: entry.name):
        path = os.path.join(shown, entry.name).encode("utf-8", "backslashreplace").decode()
        if entry.is_symlink() and not os.path.realpath(entry.path).startswith(inside):
            problems.append(Problem(path, 1, 1, "file", "a symbolic link that leaves the folder"))
            continue
        faults: list[Problem] = []
        read = _read(entry.path, path, faults)
        if faults:
            problems.append(min(faults, key=lambda fault: (fault.line, fault.column)))
        elif read is not None:
            yield TopicFile(*read, faults)


def _read(path: str, shown: str, faults: list[Problem]) -> tuple[TopicSettings, Section] | None:
    try:
        text = _text(path)
    except (OSError, ValueError) as error:
        reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        faults.append(Problem(shown, 1, 1, "file", reason))
        return None
    section = read_root(text, shown, faults, "topic")
    return None if section is None else (_said(section), section)


def _text(path: str) -> str:
    """A file's text. Raises OSError when it cannot be read, ValueError with what is wrong with it."""
    # A named pipe must not hold up the run.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("not a file")
        data = os.read(handle, _MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(data) > _MAX_BYTES:
        raise ValueError(f"larger than {_MAX_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None


def _said(section: Section) -> TopicSettings:
    """What a file says; keys that are not ours are let be. Without a `name`, the topic is called by its `title`."""
    stated, title = plain_text(section.text("name")), plain_text(section.text("title"))
    name = stated or title
    if not name and section.text("name", required=True):
        section.fault("name", "must not be empty")  # it holds mark-up alone
    return TopicSettings(
        name=name,
        title=title if stated and title else None,
        description=plain_text(section.text("description")) or None,
        shortname=plain_text(section.text("shortname")),
        parent=plain_text(section.text("parent")),
        keywords=tuple(filter(None, map(plain_text, keywords(section)))),
    )
