"""Renders the measured runs as Markdown tables: the goals, met or missed, and all contenders side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from contenders import OURS, PAGES, TITLES
from results import Case, Results, Run, median_of

RIVAL = "hugo"
BASE, LARGE = 10_000, 50_000
# "Linear or better" and "only the scan grows" allow for the noise of a machine.
LINEAR_TOLERANCE = 1.05
REST_TOLERANCE = 1.25
REST_TOLERANCE_S = 0.02
MEMORY_GROWTH = 1.5
PAGES_MOST_TIMES = 4 / 3

Row = tuple[str, str, str, str, str]


def render(results: Results) -> str:
    """Returns the whole report."""
    sizes = results.sizes()
    base = BASE if BASE in sizes else sizes[0]
    large = LARGE if LARGE in sizes else None
    parts = [_machine(results), _goals(results, base, large), _all_at(results, base)]
    if large:
        parts.append(_all_at(results, large))
    return "\n\n".join(parts) + "\n"


def _machine(results: Results) -> str:
    facts = [f"{name}: {value}" for name, value in results.machine.items()]
    versions = [f"{TITLES[name]} {version}" for name, version in results.versions.items()]
    return f"{'; '.join(facts)}.\n\n{', '.join(versions)}."


def describe(run: Run) -> str:
    """Returns the measurements of one run in a few words."""
    if run.pss_kib is not None:
        return f"{_mib(run.pss_kib)} in {run.processes} processes at most"
    return f"{_seconds(run.wall_s)} wall, {_seconds(run.cpu_s)} CPU"


# The goals


def _goals(results: Results, base: int, large: int | None) -> str:
    rows = [
        _ratio(results, Case.NOTHING, base, 3, "from nothing, three formats, wall time"),
        _ratio(results, Case.NOTHING, large or LARGE, 4, "from nothing, wall time"),
        _ratio(results, Case.MEMORY, base, 8, "peak memory from nothing"),
        _ratio(results, Case.UNCHANGED, base, 50, "nothing changed, wall time"),
        _ratio(results, Case.CHANGED, base, 25, "one record changed, wall time"),
        _pages(results, base),
        _time_growth(results),
        _memory_growth(results, base, large),
        _change_growth(results, base, large),
    ]
    note = "" if base == BASE else f"\n\nThe goals apply to {BASE:,} records; these figures are for {base:,}."
    head = ("Row", "Compared", "Goal", "Measured", "Verdict")
    return f"## Goals\n\n{_table(head, rows)}{note}"


def _ratio(results: Results, case: Case, records: int, goal: float, what: str) -> Row:
    """Compares the rival with ours: the goal applies to the median of the rounds' ratios."""
    measure = "pss_kib" if case is Case.MEMORY else "wall_s"
    ours = results.values(OURS, case, records, measure)
    rival = results.values(RIVAL, case, records, measure)
    by_round = median_of(rival[number] / ours[number] for number in ours if number in rival)
    title = f"{records:,} records: {what}"
    compared = f"{TITLES[RIVAL]} / ours"
    if by_round is None:
        return title, compared, f"≥ {goal:g}", "not run", "not run"
    of_medians = (median_of(rival.values()) or 0) / (median_of(ours.values()) or 1)
    show = _show(measure)
    measured = (
        f"{by_round:.1f} by pairs, {of_medians:.1f} of medians "
        f"({show(median_of(rival.values()))} / {show(median_of(ours.values()))}; {len(ours)} runs)"
    )
    return title, compared, f"≥ {goal:g}", measured, _verdict(met=by_round >= goal)


def _pages(results: Results, records: int) -> Row:
    """Compares builds from nothing with and without pages: the goal applies to the median of the rounds' ratios."""
    title = f"{records:,} records: from nothing, pages for people"
    with_, without = (results.values(name, Case.NOTHING, records) for name in (PAGES, OURS))
    ratio = median_of(with_[number] / without[number] for number in without if number in with_)
    if ratio is None:
        return title, "with / without", f"≤ {PAGES_MOST_TIMES:.2f}", "not run", "not run"
    times = f"{_seconds(median_of(with_.values()))} / {_seconds(median_of(without.values()))}"
    measured = f"{ratio:.2f} ({times}; {len(with_)} runs)"
    return title, "with / without", f"≤ {PAGES_MOST_TIMES:.2f}", measured, _verdict(met=ratio <= PAGES_MOST_TIMES)


def _time_growth(results: Results) -> Row:
    sizes = results.sizes()
    title = f"{sizes[0]:,} to {max(sizes[-1], LARGE):,} records from nothing: wall time"
    times = {size: time for size in sizes if (time := results.median(OURS, Case.NOTHING, size))}
    steps = [(b / a, times[b] / times[a]) for a, b in pairwise(times)]
    if not steps:
        return title, "growth of ours", "linear or better", "not run", "not run"
    measured = "; ".join(f"{more:g} × the records: {growth:.1f} × the time" for more, growth in steps)
    met = all(growth <= more * LINEAR_TOLERANCE for more, growth in steps)
    return title, "growth of ours", "linear or better", measured, _verdict(met=met)


def _memory_growth(results: Results, base: int, large: int | None) -> Row:
    title = f"{base:,} to {large or LARGE:,} records from nothing: peak memory"
    goal = f"≤ {MEMORY_GROWTH:g} times"
    before = results.median(OURS, Case.MEMORY, base, "pss_kib")
    after = results.median(OURS, Case.MEMORY, large, "pss_kib") if large else None
    if not before or not after:
        return title, "growth of ours", goal, "not run", "not run"
    measured = f"{after / before:.2f} times ({_mib(before)} to {_mib(after)})"
    return title, "growth of ours", goal, measured, _verdict(met=after / before <= MEMORY_GROWTH)


def _change_growth(results: Results, base: int, large: int | None) -> Row:
    """Compares the cost of a change beyond that of a scan at both sizes: it must not grow with the corpus."""
    title = f"{base:,} to {large or LARGE:,} records: one record changed"
    goal = "only the scan grows"
    before = _beyond_scan(results, base)
    after = _beyond_scan(results, large) if large else None
    if before is None or after is None:
        return title, "growth of ours", goal, "not run", "not run"
    scans = [results.median(OURS, Case.UNCHANGED, size) for size in (base, large or LARGE)]
    measured = (
        f"beyond the scan {_seconds(before)} to {_seconds(after)} "
        f"(the scan, nothing changed: {_seconds(scans[0])} to {_seconds(scans[1])})"
    )
    met = after <= before * REST_TOLERANCE or after - before <= REST_TOLERANCE_S
    return title, "growth of ours", goal, measured, _verdict(met=met)


def _beyond_scan(results: Results, records: int) -> float | None:
    changed = results.median(OURS, Case.CHANGED, records)
    unchanged = results.median(OURS, Case.UNCHANGED, records)
    return None if changed is None or unchanged is None else changed - unchanged


# All contenders


def _all_at(results: Results, records: int) -> str:
    head = (
        "Generator", "Feeds", "From nothing", "× ours", "CPU time", "Peak PSS", "× ours", "Peak RSS",
        "Nothing changed", "× ours", "One record changed", "× ours", "Runs",
    )  # fmt: skip
    rows = [_row(results, name, records) for name in results.contenders()]
    kept = [row for row in rows if row]
    return f"## All at {records:,} records\n\n{_table(head, kept)}"


def _row(results: Results, name: str, records: int) -> Sequence[str] | None:
    runs = results.values(name, Case.NOTHING, records)
    if not runs:
        return None

    def both(case: Case, measure: str = "wall_s") -> tuple[str, str]:
        value = results.median(name, case, records, measure)
        ours = results.median(OURS, case, records, measure)
        return _show(measure)(value), f"{value / ours:.1f}" if value and ours else "–"

    return (
        TITLES[name],
        results.feeds.get(records, {}).get(name, "–"),
        *both(Case.NOTHING),
        _seconds(results.median(name, Case.NOTHING, records, "cpu_s")),
        *both(Case.MEMORY, "pss_kib"),
        _mib(results.median(name, Case.MEMORY, records, "rss_kib")),
        *both(Case.UNCHANGED),
        *both(Case.CHANGED),
        str(len(runs)),
    )


# Markdown


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _verdict(*, met: bool) -> str:
    return "met" if met else "**missed**"


def _show(measure: str) -> Callable[[float | None], str]:
    return _mib if measure.endswith("_kib") else _seconds


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if abs(value) < 1 else f"{value:.2f} s"


def _mib(value: float | None) -> str:
    return "–" if value is None else f"{value / 1024:.0f} MiB"
