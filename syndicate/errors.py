"""Errors and problems.

SyndicateError            ends a command with one clear line
├── ConfigError           the configuration is invalid; holds every problem found
│   └── ConfigMissingError    there is no configuration file
├── LockedError           another run holds the lock
├── ShrinkError           a build would take away too much of what was published
├── SiteIdError           the id of a site changed that subscribers may know
├── OutputError           the output cannot be written or must not be overwritten
├── CorpusError           the corpus cannot be listed or read, and nothing is known of its files
├── ExecutorError         the cluster that a build is to work on cannot be used
├── FileChangedError      a file changed while a run worked with it
├── RecordsStoppedError   entries of a run exceed the limits when they are rendered
└── StoreError            the store cannot be read or written now
    ├── StoreMissingError     there is no store: nothing was built yet
    ├── StoreUnavailableError the database does not answer, or ended the transaction: another attempt may succeed
    └── StoreUnusableError    the store is damaged or of another version

A fault in the corpus is a value, not an exception: a `Problem`. It affects only the file that it names.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# Characters that a terminal obeys or does not show: controls and ends of lines, marks of direction, characters without
# width, parts of file names that are not UTF-8 (surrogates), tags. Joiners stay, which Persian and emoji need.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: str) -> str:
    """Return a text as one line that a terminal shows as it is: other characters are escaped, as Python does."""
    return _UNPRINTABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name (PEP 383)
        code -= 0xDC00
    if code < 0x100:
        return _SHORT_ESCAPES.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Problem(NamedTuple):
    """A fault in a file, with the position that an editor can jump to. Line and column count from 1.

    An `error` keeps an entry out of the feeds; a `warning` reports a value that was dropped or repaired in a published
    entry.
    """

    path: str
    line: int
    column: int
    field: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        suffix = "" if self.severity == "error" else " (warning)"
        return printable(f"{self.path}:{self.line}:{self.column}: {self.field}: {self.message}{suffix}")


class SyndicateError(Exception):
    """Base class of the errors that end a command; its text is one clear line for the user."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ConfigError(SyndicateError):
    """The configuration is invalid. `problems` holds every fault found; the text has one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        # Exception pickles its arguments and passes them to __init__ again: they must be the problems, not their text.
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class ConfigMissingError(ConfigError):
    """There is no configuration file where one was looked for; the text says what to do."""

    def __init__(self, path: str) -> None:
        super().__init__([Problem(path, 1, 1, "config", "there is no such file")])
        self.args = (path,)  # what unpickling passes to __init__
        self.path = path

    def __str__(self) -> str:
        fault = f"{self.path}: there is no such file" if "/" in self.path else f"no {self.path} here"
        return f"{fault}: 'syndicate init DIR' makes one, -c FILE names another"


class LockedError(SyndicateError):
    """Another run works on the same state folder."""


class ShrinkError(SyndicateError):
    """A build would take away too much of what was published, and changed nothing.

    `lines` says why, one reason each; `published` and `lost` count entries.
    """

    def __init__(self, lines: Sequence[str], published: int, lost: int) -> None:
        super().__init__(lines, published, lost)
        self.lines, self.published, self.lost = lines, published, lost

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines))


class SiteIdError(SyndicateError):
    """`site.id` changed although subscribers may know entries by the former one. Nothing was changed."""


class OutputError(SyndicateError):
    """A document cannot be written, or the folder was not created by syndicate."""


class CorpusError(SyndicateError):
    """The corpus cannot be listed or read at all: nothing is known of its files."""


class ExecutorError(SyndicateError):
    """The cluster that a build is to work on cannot be reached, or its workers cannot do the work."""


class FileChangedError(SyndicateError):
    """A file changed or vanished while a run worked with it; the text is its path.

    `places` are source and path of the files that are still being written: another attempt does without them.
    """

    def __init__(self, path: str, places: frozenset[tuple[int, bytes]] = frozenset()) -> None:
        super().__init__(path, places)
        self.path, self.places = path, places

    def __str__(self) -> str:
        return printable(self.path)


class RecordsStoppedError(SyndicateError):
    """Entries exceed the limits when they are rendered: another attempt does without their records.

    `reasons` has what happened, by source and path of the record.
    """

    def __init__(self, reasons: Mapping[tuple[int, bytes], str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


class StoreError(SyndicateError):
    """The store cannot be read or written now."""


class StoreMissingError(StoreError):
    """There is no store: nothing was built yet, or the state was deleted."""


class StoreUnavailableError(StoreError):
    """The database does not answer, the connection to it is lost, or it ended the transaction: try again."""


class StoreUnusableError(StoreError):
    """The store is damaged or of another version; the text completes "the index is"."""
