"""A folder of YAML files, each of which describes one topic.

Other programs may own these files: an invalid one is reported as a problem and affects only its own topic.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from .. import safe_files
from ..errors import Problem
from ..model import TopicSettings
from ..values.text import plain_text, summary_text
from .models import TopicFileOptions
from .sections import ConfigSection, read_root

_MAX_BYTES = 65_536  # of each file: every run reads them all; the largest one seen has 605
_EXTENSIONS = (".yaml", ".yml")
# The fields that a file may set. The configuration wins where it sets the same.
FILE_KEYS = ("title", "description", "shortname", "parent", "keywords")


class TopicFile(NamedTuple):
    """The settings that a file states. Further problems reported through `section` are appended to `problems`."""

    topic: TopicSettings
    section: ConfigSection
    problems: list[Problem]


def split_keywords(names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns a list of keywords without duplicates; one text alone is split at its commas."""
    if len(names) == 1:
        names = tuple(word for part in names[0].split(",") if (word := part.strip()))
    return tuple(dict.fromkeys(names))


def read_topic_files(folder: str, display_path: str, problems: list[Problem]) -> Iterator[TopicFile]:
    """Yields the valid files of a folder, ordered by name; problems name files below `display_path`.

    Raises OSError when the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name.endswith(_EXTENSIONS) and not entry.name.startswith(".")]
    for entry in sorted(found, key=lambda entry: entry.name):
        path = os.path.join(display_path, entry.name).encode("utf-8", "backslashreplace").decode()
        file_problems: list[Problem] = []
        file = _read_file(folder, entry.name, path, file_problems)
        if file_problems:
            problems.append(min(file_problems, key=lambda problem: (problem.line, problem.column)))
        elif file is not None:
            yield file


def _read_file(folder: str, name: str, display_path: str, problems: list[Problem]) -> TopicFile | None:
    try:
        text = safe_files.read_text_below(folder, name, _MAX_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        reason = _reason(error) if isinstance(error, OSError) else "not UTF-8"
        problems.append(Problem(display_path, 1, 1, "file", reason))
        return None
    section = read_root(text, display_path, problems, "topic")
    return None if section is None else TopicFile(_topic(section), section, problems)


def _reason(error: OSError) -> str:
    is_refused = isinstance(error, safe_files.NotRegularError | safe_files.LeavesFolderError | safe_files.TooLargeError)
    return str(error.strerror) if is_refused else f"cannot be read: {error.strerror}"


def _topic(section: ConfigSection) -> TopicSettings:
    """Returns the settings that a file states. A file without `name` names its topic by `title`."""
    options = section.read(TopicFileOptions, allow_unknown_keys=True)
    name, title = plain_text(options.name), plain_text(options.title)
    if not name and not title:
        section.report_missing("name")
    return TopicSettings(
        name=name or title,
        title=title if name and title else None,
        description=summary_text(options.description) or None,
        shortname=plain_text(options.shortname),
        parent=plain_text(options.parent),
        keywords=tuple(filter(None, map(plain_text, split_keywords(options.keywords)))),
    )
