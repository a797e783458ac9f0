"""The measurements of a benchmark: every single run, read from and written to JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import median


class Case(StrEnum):
    """The state that a run starts from."""

    NOTHING = "from nothing"
    MEMORY = "from nothing, memory sampled"
    UNCHANGED = "nothing changed"
    CHANGED = "one record changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one contender. A memory run has no times, since sampling disturbs them."""

    contender: str
    case: Case
    records: int
    # Runs of the same round follow each other and are compared with each other.
    round: int
    wall_s: float | None = None
    cpu_s: float | None = None
    pss_kib: int | None = None
    rss_kib: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All runs, and the machine and versions that they measured."""

    machine: dict[str, str]
    versions: dict[str, str]
    # By number of records, then by contender: "301 RSS, 301 Atom, 301 JSON".
    feeds: dict[int, dict[str, str]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def sizes(self) -> list[int]:
        """Returns the measured corpus sizes, ascending."""
        return sorted({run.records for run in self.runs})

    def contenders(self) -> list[str]:
        """Returns the names of the contenders, in the order of the runs."""
        return list(dict.fromkeys(run.contender for run in self.runs))

    def values(self, contender: str, case: Case, records: int, measure: str = "wall_s") -> dict[int, float]:
        """Returns the measured values of one contender in one case, by round."""
        return {
            run.round: value
            for run in self.runs
            if (run.contender, run.case, run.records) == (contender, case, records)
            and (value := getattr(run, measure)) is not None
        }

    def median(self, contender: str, case: Case, records: int, measure: str = "wall_s") -> float | None:
        """Returns the median over the rounds."""
        return median_of(self.values(contender, case, records, measure).values())

    def save(self, path: Path) -> None:
        """Writes all results as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: Path) -> Results:
        """Reads the results that `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return Results(
            machine=data["machine"],
            versions=data["versions"],
            feeds={int(records): feeds for records, feeds in data["feeds"].items()},
            runs=[Run(**{**run, "case": Case(run["case"])}) for run in data["runs"]],
        )


def median_of(values: Iterable[float]) -> float | None:
    """Returns the median, or None when there are no values."""
    found = list(values)
    return median(found) if found else None
