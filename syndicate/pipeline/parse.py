"""Changed files -> the index: read them, keep what they say, tell which addresses and ids that touches."""

import os
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from ..corpus.files import VanishedFile
from ..corpus.record import ParsedRecord
from ..corpus.scan import display_path
from ..errors import Problem
from ..feeds.identity import path_id
from ..feeds.rules import FeedKey
from ..progress import Progress
from ..store.index import HIDDEN, LOST, READING, SHOWN, WAITING, Index, RecordRow
from ..store.shelf import FragmentsRow, Shelf
from .diff import Candidate, Changes
from .executor import WorkerPool
from .jobs import JobContext, NewestIndex, Outcome, Reading, traits_as_text, unpacked
from .resolve import EntryResolver

_BATCH = 128


class Touched(NamedTuple):
    """What the changes of this run may affect beyond the files themselves."""

    urls: set[str]
    ids: set[str]
    leaders: set[int]


class Update:
    """Brings files, records and problems in line with the corpus at a time.

    With a resolver every file is among the changes, and its entry is filed and rendered on the way.
    """

    def __init__(self, index: Index, bench: JobContext, now: int, resolver: EntryResolver | None) -> None:
        self._index = index
        self._shelf = Shelf(index.sql)
        self._bench = bench
        self._now = now
        self._settler = resolver
        self._prospects = NewestIndex(bench.config.selection.limit) if resolver else None
        # From nothing: nothing was said before, so nothing can be touched.
        self._fresh = resolver is not None and index.last_file() == 0
        self._touched = Touched(set(), set(), set())

    def run(self, changes: Changes, pool: WorkerPool, progress: Progress) -> Touched:
        """Read what changed, and keep what it says. Files that go away meanwhile are added to the changes' problems."""
        for gone in changes.gone:
            self._drop(gone.file)
            self._index.drop_file(gone.folder, gone.name)
        for folder in changes.folders:
            for status in self._index.files(folder).values():
                self._drop(status[0])
            self._index.drop_folder(folder)
        candidates = changes.candidates
        if self._settler:
            self._bench.warm_up()
            # Names often begin with the date. The newest first, so that few are rendered that newer ones push out.
            candidates.sort(key=lambda candidate: candidate.name)
        count = len(candidates)
        batch: list[tuple[Candidate, Outcome]] = []
        given: deque[Candidate] = deque()
        for done, packed in enumerate(pool.map(self._bench.read, self._tasks(candidates, given), count), 1):
            batch.append((given.popleft(), unpacked(packed)))
            if len(batch) >= _BATCH:
                self._take(batch, changes.problems)
                batch.clear()
            progress("reading", done, count)
        self._take(batch, changes.problems)
        self._index.index_records()
        return self._touched

    def _tasks(self, candidates: list[Candidate], given: deque[Candidate]) -> Iterator[Reading]:
        """What is to be read, from the end of the list, which is long: what was read needs no memory any more."""
        prospects = self._prospects
        number = 0
        while candidates:
            if self._prospects and number % _BATCH == 0:
                prospects = self._prospects.snapshot()
            candidate = candidates.pop()
            given.append(candidate)
            yield candidate.source, candidate.path, candidate.known, prospects
            number += 1

    # --------------------------------------------------------------------------------------------------------- keeping

    def _take(self, batch: list[tuple[Candidate, Outcome]], problems: list[Problem]) -> None:
        """Keep what a batch of files says."""
        number = self._index.last_file()
        files: list[tuple[int, bytes, int, int, int, int]] = []
        taken: list[tuple[RecordRow, Outcome]] = []
        for candidate, outcome in batch:
            result = outcome.result
            if isinstance(result, VanishedFile):
                problems.append(self._gone(candidate))
                continue
            file = candidate.file
            if not file:
                number += 1
                file = number
            files.append((candidate.folder, candidate.name, file, *result.file_status))
            if isinstance(result, ParsedRecord):
                taken.append((self._row(file, candidate, result), outcome))
        for row, outcome in taken:
            self._note(row, outcome)
        self._index.put_records(row for row, _ in taken)
        self._index.put_files(files)
        if self._settler:
            self._file(taken, self._settler)

    def _note(self, row: RecordRow, outcome: Outcome) -> None:
        """Tell what a changed record touches, before it takes the place of what was said before."""
        problems = outcome.result.problems if isinstance(outcome.result, ParsedRecord) else ()
        if not self._fresh:
            self._touch(self._index.record(row.file))
            self._touch(row)
        if problems or not self._fresh:
            self._index.put_problems(row.file, READING, problems)

    def _file(self, taken: list[tuple[RecordRow, Outcome]], resolver: EntryResolver) -> None:
        """File the entries among these records, and keep those that were rendered."""
        filed: list[tuple[RecordRow, str, list[FeedKey]]] = []
        fragments: list[FragmentsRow] = []
        for row, outcome in taken:
            result = outcome.result
            if not isinstance(result, ParsedRecord) or outcome.feed_keys is None or row.state != SHOWN:
                continue
            filed.append((row, result.id, outcome.feed_keys))
            if self._prospects:
                self._prospects.note(outcome.feed_keys, row.published or 0)
            if outcome.fragments:
                fragments.append((row.file, row.digest or b"", *outcome.fragments))
        resolver.file_singles(filed)
        self._shelf.put_fragments(fragments)

    def _row(self, file: int, candidate: Candidate, said: ParsedRecord) -> RecordRow:
        if said.published is None:
            state = HIDDEN if said.hidden else LOST
        else:
            visible = said.published <= self._now and (said.expires is None or self._now < said.expires)
            state = SHOWN if visible else WAITING
        return RecordRow(
            file, candidate.source, candidate.below + candidate.name, said.content_hash, state, said.stated_id,
            said.url, said.published, said.updated, said.expires, said.traits and traits_as_text(said.traits),
            said.digest,
        )  # fmt: skip

    def _touch(self, record: RecordRow | None) -> None:
        if record is None:
            return
        touched, config = self._touched, self._bench.config
        touched.leaders.add(record.file)
        if record.url is not None:
            touched.urls.add(record.url)
            if record.stated is not None:
                touched.ids.add(record.stated)
            if record.source < len(config.sources):
                prefix = config.sources[record.source].prefix
                touched.ids.add(path_id(config.site.authority, prefix + os.fsdecode(record.path)))

    # -------------------------------------------------------------------------------------------------------- dropping

    def _gone(self, candidate: Candidate) -> Problem:
        """A file that went away between the scan and the reading: said once, and as if it had not been there."""
        if candidate.file:
            self._drop(candidate.file)
            self._index.drop_file(candidate.folder, candidate.name)
        shown = display_path(self._bench.config.sources[candidate.source], candidate.path)
        return Problem(shown, 1, 1, "file", "went away while it was read", "warning")

    def _drop(self, file: int) -> None:
        self._touch(self._index.record(file))
        self._index.drop_record(file)
