"""The interface of an output: the place where documents are published.

Theory of operation. An output belongs to one site, and says so with a marker (`paths.MARKER`). A run claims the output,
stages its new documents, publishes them, and removes the documents that no feed makes any more; only then does it
commit its transaction in the store, and end its right to publish with `release`. `stage` writes documents where no
reader finds them and skips those that are published with the same bytes already, as far as it can know; an output to
which a network leads finds out about all of them at once, in `drop_unchanged`. `publish` puts each staged document in
place in one step, so that a reader meets the old bytes or the new bytes, never a part of either. A run that is killed
leaves staged documents behind and, within `publish`, a mixture of old and new documents; the next run finds both with
`altered` and `strays`.

An output gives each published document a version: an opaque string that differs whenever the document was written
again or altered from outside (a folder: size and modification time; a bucket: the ETag). The store keeps the version
that `stage` or `publish` returned, and the next run passes all of them to `altered`. Nothing outside the output
interprets a version.

Paths are relative to the output and use slashes. Methods take and return batches, since a network may lie between.
`claim`, `stage`, `drop_unchanged`, `publish`, `remove` and `sweep` raise OutputError when the output cannot be written,
and the last four LockedError when another machine publishes; `stage` and `publish` discard what is staged before they
do.

Documents may be staged by several processes: an output is pickled to each worker, the worker stages, and the parent
process adopts the paths and publishes them. A pickled output carries no staged documents. On another machine, the
parent process of a worker calls `forward` before the run adopts the paths.
"""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from ..model import Document


class StoredDocument(NamedTuple):
    """A published document as a reader finds it.

    `modified_s` is the time of its last change in seconds since 1970, for `Last-Modified` (RFC 9110 §8.8.2).
    """

    content: bytes
    version: str
    modified_s: int


class Output(Protocol):
    """The place where a site's documents are published."""

    def claim(self, former_owner: str = "") -> None:
        """Marks the output as the site's own, when it is new or empty, or when it belongs to `former_owner`.

        Raises OutputError when it belongs to another site or holds files that syndicate did not write.
        """

    def stage(self, documents: Sequence[Document]) -> list[str | None]:
        """Stages the documents that differ from what is published.

        Returns, for each document, None when it is staged, or its published version when its bytes are published
        already. None may stand for a document that `drop_unchanged` finds to be published.
        """

    def forward(self, final: Container[str] = ()) -> None:
        """Moves what workers have staged on this machine to where the run, which works on another one, finds it.

        `final` are the paths that are probably archives of past periods.
        """

    def adopt(self, paths: Iterable[str]) -> None:
        """Adds documents that another process staged to those that `publish` puts in place or `discard` deletes."""

    def drop_unchanged(self, final: Container[str] = ()) -> dict[str, str]:
        """Discards the staged documents that are published with the same bytes; returns their versions by path.

        `final` are the paths of archives of past periods, which caches may keep for long.
        """

    def publish(self) -> dict[str, str]:
        """Puts every staged document in place, durably: a folder in the order of staging, a bucket in that of links.

        Returns the version of each by its path, in the order of staging. Documents that are unchanged are not among
        them.
        """

    def discard(self) -> None:
        """Deletes the documents that are staged and not published."""

    def remove(self, paths: Iterable[str]) -> None:
        """Removes published documents and leftovers of killed runs. A path that does not exist is no error.

        An output with caches in front of it notes them for `sweep`.
        """

    def sweep(self, published: Callable[[Sequence[str]], Collection[str]]) -> list[str]:
        """Deletes the removed documents whose time has come, after a run has committed; returns their paths.

        `published` returns which of some paths are documents again; these stay.
        """

    def release(self) -> None:
        """Ends the right to publish that a run took with its first change."""

    def read(self, path: str) -> StoredDocument | None:
        """Returns a published document, or None when there is none or it cannot be read."""

    def altered(self, versions: Iterable[tuple[str, str]], *, verify: bool = True) -> Iterator[str]:
        """Yields the paths whose published version is not the given one, and those that are missing.

        Without `verify`, an output for which that takes requests yields none.
        """

    def strays(self, known: Container[str]) -> Iterator[str]:
        """Yields the paths of the site's own documents that are not `known`, and of leftovers of killed runs.

        A document is the site's own by its path and by the address that it states. Anything else is the user's and is
        never yielded.
        """

    def holds_foreign(self, path: str) -> bool:
        """Returns whether `path` holds something that is not the site's own document."""
