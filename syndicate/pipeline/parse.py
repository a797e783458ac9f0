"""Parses changed files, stores their records, and collects the addresses and ids that they touch."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from ..corpus.files import FileStatus, VanishedFile
from ..corpus.parse import UnchangedFile, UnfinishedFile, stopped_record
from ..corpus.record import ParsedRecord, unpack_record
from ..corpus.scan import display_path
from ..errors import FileChangedError, Problem
from ..feeds.identity import path_id
from ..feeds.rules import FeedKey
from ..progress import Progress
from ..sites.references import name_of
from ..store.rows import FAULTY, HIDDEN, PARSING, SHOWN, STOPPED, WAITING, FileRow, LinkRow, RecordRow, RenderedRow
from .budget import TaskFailure
from .context import JobContext
from .diff import Candidate, CorpusDiff
from .jobs import ParseResult, ParseTask, Rendering, parse_records, traits_to_json
from .newest import NewestIndex
from .pool import Pool
from .resolve import EntryResolver
from .second_look import MOST_WATCHED, Place, waiting_problem

if TYPE_CHECKING:
    from ..store.base import Transaction

_BATCH = 256  # records whose fragments are in memory at once
_SNAPSHOT_EVERY = 128  # tasks
_BATCH_WITHOUT_FRAGMENTS = 1024
_BATCH_GONE = 1000
_CLOCK_TICK_NS = 10_000_000  # times of files are those of the last tick of the kernel


class Touched(NamedTuple):
    """The addresses, ids and records whose entries the changed files may affect, the names of these files, which other
    records may refer to, and the source of each record."""

    urls: set[str]
    ids: set[str]
    record_ids: set[int]
    names: set[str]
    sources: dict[int, int]


class _Rows:
    """The rows to store for a batch of files."""

    def __init__(self) -> None:
        self.files: list[FileRow] = []
        self.records: list[RecordRow] = []
        self.links: list[LinkRow] = []
        self.problems: dict[int, list[Problem]] = {}
        self.entries: list[tuple[RecordRow, str, list[FeedKey]]] = []
        self.rendered: list[RenderedRow] = []
        self.kept: list[int] = []


class RecordUpdate:
    """Stores what the changed files of a run say.

    With a resolver every file is among the changes; each entry is resolved and rendered on the way. `read` are the
    files that were read, with their status then, unless there are very many, and `unread` those that vanished or are
    still being written. `stopped` are the reasons of records that
    an earlier attempt found to exceed the limits, `known` hash and problem of those that an earlier run found.
    """

    def __init__(
        self,
        transaction: Transaction,
        context: JobContext,
        now: int,
        resolver: EntryResolver | None,
        *,
        stopped: Mapping[Place, str] = MappingProxyType({}),
        known: Mapping[Place, tuple[bytes, Problem]] = MappingProxyType({}),
    ) -> None:
        self._corpus = transaction.corpus
        self._fragments = transaction.fragments
        self._links = transaction.links
        self._context = context
        self._now = now
        self._resolver = resolver
        self._newest = NewestIndex(context.config.selection.limit) if resolver else None
        self._last_id = transaction.corpus.last_record_id()
        self._is_first = self._last_id == 0
        self._touched = Touched(set(), set(), set(), set(), {})
        self._awaits_all = transaction.published.is_remembered()
        self._is_watched = False
        self._stopped = stopped
        self._known_stopped = known
        self._started_ns = time.time_ns()
        self.read: list[tuple[int, bytes, FileStatus]] = []
        self.unread: list[Place] = []

    @cached_property
    def _may_have_links(self) -> bool:
        """Whether records of an earlier run may refer to others."""
        return not self._is_first and self._links.any()

    def run(self, diff: CorpusDiff, pool: Pool, progress: Progress, *, awaits_end: bool = True) -> Touched:
        """Parses and stores the changed files. Adds files that vanish or are being written to the diff's problems.

        Without `awaits_end`, new files are parsed as they are, even if they are still being written.
        """
        self._awaits_all &= awaits_end
        self._drop_gone(diff)
        candidates = diff.candidates
        if candidates:
            self._context.import_parsers()
        if self._resolver:
            self._context.import_renderers()
            # Names often begin with the date. The newest come first, so that few entries are rendered in vain.
            candidates.sort(key=lambda candidate: candidate.name)
        count = len(candidates)
        self._is_watched = count <= MOST_WATCHED
        if self._resolver and diff.kept:
            self._resolver.add_stored(diff.kept)
        size = _BATCH if self._resolver else _BATCH_WITHOUT_FRAGMENTS
        batch: list[tuple[Candidate, ParseResult | TaskFailure]] = []
        started: deque[Candidate] = deque()
        for done, result in enumerate(pool.map(parse_records, self._tasks(candidates, started), count), 1):
            batch.append((started.popleft(), result))
            if len(batch) >= size:
                self._store(batch, diff.problems)
                batch.clear()
            progress("reading", done, count)
        if batch:
            self._store(batch, diff.problems)
        if self._is_first or self._resolver:
            self._corpus.create_indexes()
        return self._touched

    def _tasks(self, candidates: list[Candidate], started: deque[Candidate]) -> Iterator[ParseTask]:
        """Yields the files to parse, popped from the end of the list: a parsed candidate uses no memory any more."""
        newest = self._newest
        number = 0
        while candidates:
            if self._newest and number % _SNAPSHOT_EVERY == 0:
                newest = self._newest.snapshot()
            candidate = candidates.pop()
            started.append(candidate)
            awaits_end = bool(candidate.record_id) or self._awaits_all
            known_hash = candidate.hash
            if stopped := self._known_stopped.get((candidate.source, candidate.path)):
                known_hash, _ = stopped
            yield ParseTask(candidate.source, candidate.path, known_hash, newest, awaits_end)
            number += 1

    # -------------------------------------------------------------------------------------------------------- storing

    def _store(self, batch: Sequence[tuple[Candidate, ParseResult | TaskFailure]], problems: list[Problem]) -> None:
        rows = _Rows()
        for candidate, result in batch:
            packed, keys, rendering = self._stopped_result(candidate, result) or cast("ParseResult", result)
            if isinstance(packed, (UnfinishedFile, VanishedFile)):
                problems.append(self._unread(candidate, packed, rows))
                continue
            record_id = candidate.record_id or self._next_id()
            if isinstance(packed, UnchangedFile):
                self._add_file(rows, candidate, record_id, packed.file_status)
                continue
            record = packed if isinstance(packed, ParsedRecord) else unpack_record(packed)
            self._add_file(rows, candidate, record_id, record.file_status)
            row = self._row(record_id, candidate, record)
            if isinstance(packed, ParsedRecord):
                row = row._replace(state=STOPPED)
            rows.records.append(row)
            rows.links += [LinkRow(record_id, row.source, text, name_of(text), known) for text, known in record.links]
            if record.problems or not self._is_first:
                rows.problems[record_id] = list(record.problems)
            if keys is not None and row.state == SHOWN:
                self._add_entry(rows, row, record.id, keys, rendering)
        self._store_rows(rows)

    def _stopped_result(self, candidate: Candidate, result: ParseResult | TaskFailure) -> ParseResult | None:
        """Returns the result of a record that exceeds the limits, or did when its bytes were the same."""
        place = candidate.source, candidate.path
        if isinstance(result, TaskFailure) or place in self._stopped:
            reason = self._stopped.get(place) or cast("TaskFailure", result).reason
            record = stopped_record(self._context.config.sources[candidate.source], candidate.path, reason)
            if isinstance(record, ParsedRecord) and record.file_status[2] > self._started_ns - _CLOCK_TICK_NS:
                # The bytes that are there now may not be those that were read: the next run reads them.
                record = record._replace(content_hash=b"")
            return record, None, None
        if isinstance(result[0], UnchangedFile) and place in self._known_stopped:
            content_hash, problem = self._known_stopped[place]
            return ParsedRecord(content_hash, result[0].file_status, problems=(problem,)), None, None
        return None

    def _add_file(self, rows: _Rows, candidate: Candidate, record_id: int, status: FileStatus) -> None:
        rows.files.append(FileRow(candidate.folder_id, candidate.name, record_id, *status))
        if self._is_watched:
            self.read.append((candidate.source, candidate.path, status))

    def _add_entry(
        self, rows: _Rows, record: RecordRow, entry_id: str, keys: list[FeedKey], rendering: Rendering | None
    ) -> None:
        rows.entries.append((record, entry_id, keys))
        if self._newest:
            self._newest.add(keys, record.published or 0)
        if rendering:
            title, contents = rendering
            rows.rendered.append(RenderedRow(record.record_id, record.digest or b"", title, contents))

    def _store_rows(self, rows: _Rows) -> None:
        if rows.records and self._resolver is None:
            self._touch(self._corpus.records([row.record_id for row in rows.records]).values())
            self._touch(rows.records)
        if rows.problems:
            self._corpus.put_problems(PARSING, rows.problems)
        if rows.records:
            self._corpus.put_records(rows.records)
        if rows.links or (rows.records and self._may_have_links):
            self._links.put([row.record_id for row in rows.records], rows.links)
        self._corpus.put_files(rows.files)
        if self._resolver and rows.kept:
            self._resolver.add_stored(rows.kept)
        if self._resolver and rows.entries:
            self._resolver.add_single(rows.entries)
            self._fragments.put(rows.rendered)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _row(self, record_id: int, candidate: Candidate, record: ParsedRecord) -> RecordRow:
        if record.published is None:
            state = HIDDEN if record.hidden else FAULTY
        else:
            is_visible = record.published <= self._now and (record.expires is None or self._now < record.expires)
            state = SHOWN if is_visible else WAITING
        return RecordRow(
            record_id, candidate.source, candidate.path, record.content_hash, state, record.stated_id, record.url,
            record.published, record.updated, record.expires, record.traits and traits_to_json(record.traits),
            record.digest, record.language, record.states_url,
        )  # fmt: skip

    def _touch(self, records: Iterable[RecordRow]) -> None:
        touched, config = self._touched, self._context.config
        for record in records:
            touched.record_ids.add(record.record_id)
            touched.names.add(name_of(os.fsdecode(record.path)))
            touched.sources[record.record_id] = record.source
            if record.url is None:
                continue
            touched.urls.add(record.url)
            if record.stated_id is not None:
                touched.ids.add(record.stated_id)
            if record.source < len(config.sources):
                prefix = config.sources[record.source].prefix
                touched.ids.add(path_id(config.site.authority, prefix + os.fsdecode(record.path)))

    # ------------------------------------------------------------------------------------------------------- deleting

    def _drop_gone(self, diff: CorpusDiff) -> None:
        files = iter(diff.gone_files)
        while batch := list(islice(files, _BATCH_GONE)):
            self._drop([file.record_id for file in batch])
            self._corpus.drop_files([(file.folder_id, file.name) for file in batch])
        folders = iter(diff.gone_folders)
        while folder_ids := list(islice(folders, _BATCH_GONE)):
            self._drop(self._corpus.records_of_folders(folder_ids))
            self._corpus.drop_folders(folder_ids)

    def _drop(self, record_ids: Sequence[int]) -> None:
        if record_ids:
            self._touch(self._corpus.records(record_ids).values())
            self._corpus.drop_records(record_ids)

    # --------------------------------------------------------------------------------------------------- not readable

    def _unread(self, candidate: Candidate, found: UnfinishedFile | VanishedFile, rows: _Rows) -> Problem:
        """Returns the problem of a file that is still being written, or vanished since the scan.

        Its known state is kept: the next run finds out what became of it. Raises FileChangedError where that state is
        not known, in a run from nothing.
        """
        config = self._context.config
        self.unread.append((candidate.source, candidate.path))
        if candidate.record_id:
            rows.kept.append(candidate.record_id)
            return waiting_problem(config, (candidate.source, candidate.path))
        path = display_path(config.sources[candidate.source], candidate.path)
        if isinstance(found, UnfinishedFile):
            raise FileChangedError(path)
        return Problem(path, 1, 1, "file", "vanished before it was read", "warning")
