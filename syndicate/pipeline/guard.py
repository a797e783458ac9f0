"""Refuses a run that would take away too much of what was published.

Theory of operation. A mistake of an operator (a pattern that matches nothing, a drive that is not mounted, an edit of
all files at once, a wrong clock) looks like the deletion of most entries. Subscribers would be told of these deletions,
and could not be told that they were none. So a run compares what is published before and after it, by the ids of
entries, once all entries are resolved and before any document is written. Whatever the cause, it is refused when more
than `guard.max_loss` of the entries would be gone, or every entry of a source that had some. The exception rolls the
transaction back: nothing is changed. An entry that expires at the time that its record stated is not lost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..config.bucket import is_bucket
from ..config.locate import locate
from ..errors import Problem, ShrinkError
from ..store.rows import FAULTY, HIDDEN, MERGED, STOPPED, WAITING, Loss

if TYPE_CHECKING:
    from ..config import Config
    from ..store.base import Transaction
    from .resolve import EntryResolver

_LEAST_ENTRIES = 3  # a site or source with fewer is not guarded

# What happened to one entry, and to several, by the state of their record; None where the file is gone.
_CAUSES: dict[int | None, tuple[str, str]] = {
    None: ("of a file that is gone", "of files that are gone"),
    FAULTY: ("of a file with errors", "of files with errors"),
    HIDDEN: ("hidden", "hidden"),
    WAITING: ("of a time that has not come or is over", "of a time that has not come or is over"),
    STOPPED: ("of a file that exceeds the limits", "of files that exceed the limits"),
    MERGED: ("merged with another", "merged with others"),
}
_OTHER_CAUSE = ("of another id, or in no feed", "of another id, or in no feed")


class Losses(NamedTuple):
    """How many entries were published before the run, and which of them it takes away."""

    published: int
    lost: tuple[Loss, ...]


class Refusal(NamedTuple):
    """A reason to refuse a run: the part of the configuration that it concerns, and what the run found."""

    keys: tuple[str | int, ...]
    field: str
    message: str


def measure(transaction: Transaction, after: int, until: int) -> Losses:
    """Returns the losses of a run that resolved all entries, against what the store remembers as published.

    `after` and `until` are the times of the last run and of this one: what expires between them is not lost.
    """
    published = transaction.published
    if not published.is_remembered():
        return Losses(0, ())
    return Losses(published.count(), tuple(published.losses(after, until)))


def measure_changes(
    transaction: Transaction, resolver: EntryResolver, former_sources: Mapping[int, int], after: int, until: int
) -> Losses:
    """Returns the losses of a run that resolved entries one by one.

    `former_sources` are the sources of records that were changed or deleted.
    """
    lost_ids, gained_ids = resolver.unpublished(), resolver.newly_published()
    if not lost_ids:
        return Losses(0, ())
    published = transaction.feeds.count_members()[0] - len(gained_ids) + len(lost_ids)
    record_ids = resolver.leading_records(lost_ids)
    records = transaction.corpus.records(record_ids)
    counts: dict[tuple[int | None, int | None], int] = {}
    for record_id in record_ids:
        record = records.get(record_id)
        if record is not None and record.expires is not None and after < record.expires <= until:
            continue
        source = record.source if record is not None else former_sources.get(record_id)
        key = source, None if record is None else record.state
        counts[key] = counts.get(key, 0) + 1
    return Losses(published, tuple(Loss(*key, count) for key, count in counts.items()))


def refusals(
    losses: Losses, transaction: Transaction, config: Config, emptied: Mapping[int, int | None]
) -> list[Refusal]:
    """Returns the reasons to refuse a run, none if it may go on.

    `emptied` are the sources in which the scan found no file, with the number of files that they had, if known.
    """
    most = config.guard.max_loss_percent
    lost = sum(loss.entries for loss in losses.lost)
    if most >= 100 or losses.published < _LEAST_ENTRIES or not lost:
        return []
    found = [
        _refused_source(config, source, losses, emptied)
        for source in range(len(config.sources))
        if sum(loss.entries for loss in losses.lost if loss.source == source) >= _LEAST_ENTRIES
        and not transaction.published.publishes(source)
    ]
    if not found and lost * 100 > most * losses.published:
        share = f"{lost} of {losses.published} published entries would be withdrawn, more than {config.guard.max_loss}"
        found.append(Refusal(("guard", "max_loss"), "guard.max_loss", f"{share}: {_causes(losses.lost)}"))
    return found


def refuse(found: Sequence[Refusal], losses: Losses) -> None:
    """Raises ShrinkError if there is a reason to refuse the run."""
    if found:
        advice = "nothing was changed; 'syndicate build --allow-shrink' publishes it"
        lines = [f"{one.field}: {one.message}: {advice}" for one in found]
        raise ShrinkError(lines, losses.published, sum(loss.entries for loss in losses.lost))


def refusal_problems(found: Sequence[Refusal], config: Config) -> list[Problem]:
    """Returns the problems by which `check` announces that a build would be refused."""
    advice = "'syndicate build' will change nothing; 'syndicate build --allow-shrink' publishes it"
    return [
        Problem(config.path, *locate(config.path, one.keys), one.field, f"{one.message}: {advice}") for one in found
    ]


def unmatched_sources(config: Config, emptied: Mapping[int, int | None]) -> list[Problem]:
    """Returns a problem for each source in which no file matches."""
    problems = []
    for number in emptied:
        source = config.sources[number]
        line, column = locate(config.path, ("corpus", number, "include"))
        patterns = ", ".join(map(repr, source.include))
        message = f"{patterns} matches no file under {source.path!r}"
        problems.append(Problem(config.path, line, column, f"corpus[{number}].include", message, "warning"))
    return problems


def _refused_source(config: Config, number: int, losses: Losses, emptied: Mapping[int, int | None]) -> Refusal:
    keys, field, path = ("corpus", number), f"corpus[{number}]", config.sources[number].path
    if number in emptied:
        before = f" (it matched {emptied[number]} last time)" if emptied[number] else ""
        if not (is_bucket(config.sources[number].root) or os.path.isdir(config.sources[number].root)):
            return Refusal(keys, field, f"there is no folder {path!r} any more{before.replace('it', 'include')}")
        return Refusal(keys, field, f"include matches no file under {path!r}{before}")
    lost = [loss for loss in losses.lost if loss.source == number]
    total = sum(loss.entries for loss in lost)
    return Refusal(keys, field, f"all {total} published entries of {path!r} would be withdrawn: {_causes(lost)}")


def _causes(lost: Sequence[Loss]) -> str:
    counts: dict[int | None, int] = {}
    for loss in lost:
        counts[loss.state] = counts.get(loss.state, 0) + loss.entries
    return ", ".join(f"{count} {_CAUSES.get(state, _OTHER_CAUSE)[count > 1]}" for state, count in counts.items())
