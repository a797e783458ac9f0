"""Problems as people read them: the same problem in many files is one line, with a count and the first places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ..errors import Problem, printable

_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'|\d+")
_MIN_GROUP = 4
_PLACES = 3
_MIN_SHARE = 0.5  # of the files of a group, for a hint that names their folder


def lines_of(problems: Sequence[Problem], sources: Sequence[str]) -> Iterator[str]:
    """Yield a line for each problem, or for each group of four and more that differ only in place and value.

    `sources` are the paths of the corpus folders, as problems name them. A group may be followed by a hint.
    """
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        key = (problem.field, problem.severity, _VALUE.sub("…", problem.message))
        groups.setdefault(key, []).append(problem)
    for group in groups.values():
        if len(group) < _MIN_GROUP:
            yield from map(str, group)
            continue
        first = group[0]
        values = {problem.message for problem in group}
        message = first.message if len(values) == 1 else f"{first.message}, and the like"
        suffix = "" if first.severity == "error" else " (warning)"
        places = ", ".join(f"{problem.path}:{problem.line}:{problem.column}" for problem in group[:_PLACES])
        yield printable(f"{len(group)} times: {first.field}: {message}{suffix}: {places}, …")
        if hint := _hint(first, group, sources):
            yield printable(f"  hint: {hint}")


def _hint(first: Problem, group: Sequence[Problem], sources: Sequence[str]) -> str:
    """Returns what may help: the folder that most files of a group are in, if they have no date or no front matter."""
    if not first.message.startswith(("no date", "no front matter", "no title")):
        return ""
    folders: Counter[str] = Counter()
    for problem in group:
        source = next((path for path in sources if problem.path.startswith(f"{path.rstrip('/')}/")), "")
        inner = problem.path.removeprefix(f"{source.rstrip('/')}/").removeprefix("./") if source else problem.path
        folder, slash, _ = inner.rpartition("/")
        if slash:
            folders[folder.partition("/")[0]] += 1
    if not folders:
        return ""
    folder, count = folders.most_common(1)[0]
    if count < _MIN_SHARE * len(group):
        return ""
    return f'{count} of them are in {folder}/: leave it out with exclude: ["{folder}/**"] if it holds no posts'
