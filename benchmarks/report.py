"""Renders the measured runs as Markdown tables: the goals, met or missed, and all contenders side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from contenders import DEFAULTS, HUGO_WHOLE, KINDS, OURS, PEERS, TITLES
from results import Case, Results, Run, median_of

RIVAL = "hugo"
BASE, LARGE = 10_000, 50_000
# "Linear or better" and "only the scan grows" allow for the noise of a machine.
LINEAR_TOLERANCE = 1.05
REST_TOLERANCE = 1.25
REST_TOLERANCE_S = 0.02
MEMORY_GROWTH = 1.5
DEFAULTS_MOST_TIMES = 1.7
DEFAULTS_MOST_KIB = 80 * 1024
MILLION_IDLE_S = 3.5
MILLION_MOST_KIB = 160 * 1024

_WHOLE = (DEFAULTS, HUGO_WHOLE)

Row = tuple[str, str, str, str, str]


def render(results: Results) -> str:
    """Returns the whole report."""
    sizes = results.sizes()
    base = BASE if BASE in sizes else sizes[0]
    large = LARGE if LARGE in sizes else None
    if sizes[0] > LARGE:
        return "\n\n".join([_machine(results), _goals_of_large(results), _growth(results)]) + "\n"
    parts = [_machine(results), _goals(results, base, large)]
    for size in (base, large):
        parts += _tables_at(results, size) if size else []
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
        _ratio(results, Case.NOTHING, base, 3.5, "from nothing, three formats, wall time"),
        _ratio(results, Case.NOTHING, large or LARGE, 4.5, "from nothing, wall time"),
        _ratio(results, Case.NOTHING, base, 4, "from nothing, the whole history, wall time", _WHOLE),
        _ratio(results, Case.NOTHING, base, 4, "from nothing, the whole history, CPU time", _WHOLE, "cpu_s"),
        _ratio(results, Case.MEMORY, base, 8, "peak memory from nothing"),
        _defaults_memory(results, base),
        _ratio(results, Case.UNCHANGED, base, 50, "nothing changed, wall time"),
        _ratio(results, Case.CHANGED, base, 25, "one record changed, wall time"),
        _defaults(results, base),
        _time_growth(results),
        _memory_growth(results, base, large),
        _change_growth(results, base, large),
    ]
    note = "" if base == BASE else f"\n\nThe goals apply to {BASE:,} records; these figures are for {base:,}."
    head = ("Row", "Compared", "Goal", "Measured", "Verdict")
    return f"## Goals\n\n{_table(head, rows)}{note}"


def _goals_of_large(results: Results) -> str:
    """Returns the goals of the largest corpus."""
    records = results.sizes()[-1]
    idle = results.median(OURS, Case.UNCHANGED, records) or 0.0
    peak = results.median(OURS, Case.MEMORY, records, "pss_kib") or 0.0
    rows = [
        (f"{records:,} records: nothing changed", "ours", f"≤ {_seconds(MILLION_IDLE_S)}", _seconds(idle),
         _verdict(met=idle <= MILLION_IDLE_S)),
        (f"{records:,} records: peak memory from nothing", "ours", f"≤ {_mib(MILLION_MOST_KIB)}", _mib(peak),
         _verdict(met=peak <= MILLION_MOST_KIB)),
    ]  # fmt: skip
    return f"## Goals\n\n{_table(('Row', 'Compared', 'Goal', 'Measured', 'Verdict'), rows)}"


def _ratio(  # noqa: PLR0913, PLR0917 - the columns of a row
    results: Results, case: Case, records: int, goal: float, what: str,
    pair: tuple[str, str] = (OURS, RIVAL), measure: str = "",
) -> Row:  # fmt: skip
    """Compares the rival with ours: the goal applies to the median of the rounds' ratios."""
    measure = measure or ("pss_kib" if case is Case.MEMORY else "wall_s")
    ours, rival = (results.values(name, case, records, measure) for name in pair)
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


def _defaults(results: Results, records: int) -> Row:
    """Compares our defaults with the peers' job: the goal applies to the median of the rounds' ratios."""
    title, goal = f"{records:,} records: from nothing, defaults", f"≤ {DEFAULTS_MOST_TIMES:g}"
    defaults, ours = (results.values(name, Case.NOTHING, records) for name in (DEFAULTS, OURS))
    ratio = median_of(defaults[number] / ours[number] for number in ours if number in defaults)
    if ratio is None:
        return title, "defaults / peers' job", goal, "not run", "not run"
    times = f"{_seconds(median_of(defaults.values()))} / {_seconds(median_of(ours.values()))}"
    measured = f"{ratio:.2f} by pairs ({times}; {len(defaults)} runs)"
    return title, "defaults / peers' job", goal, measured, _verdict(met=ratio <= DEFAULTS_MOST_TIMES)


def _defaults_memory(results: Results, records: int) -> Row:
    title, goal = f"{records:,} records: peak memory of defaults", f"≤ {_mib(DEFAULTS_MOST_KIB)}"
    peak = results.median(DEFAULTS, Case.MEMORY, records, "pss_kib")
    if peak is None:
        return title, "ours", goal, "not run", "not run"
    return title, "ours", goal, _mib(peak), _verdict(met=peak <= DEFAULTS_MOST_KIB)


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


def _tables_at(results: Results, records: int) -> list[str]:
    """Returns a table for each job: that of the peers, our defaults, and the whole history."""
    jobs = (
        ("the peers' job", (OURS, *PEERS)),
        ("our defaults beside the peers' job", tuple(KINDS)),
        ("the whole history", _WHOLE),
    )
    return [_table_of(results, records, title, names) for title, names in jobs]


def _table_of(results: Results, records: int, title: str, names: Sequence[str]) -> str:
    """Returns a table of contenders; the ratios are those to the first one."""
    head = (
        "Generator", "Feeds", "From nothing", "×", "CPU time", "×", "Peak PSS", "×", "Peak RSS",
        "Nothing changed", "×", "One record changed", "×", "Runs",
    )  # fmt: skip
    rows = [_row(results, name, names[0], records) for name in names]
    return f"## {records:,} records: {title}\n\n{_table(head, [row for row in rows if row])}"


def _row(results: Results, name: str, first: str, records: int) -> Sequence[str] | None:
    runs = results.values(name, Case.NOTHING, records)
    if not runs:
        return None

    def both(case: Case, measure: str = "wall_s") -> tuple[str, str]:
        value = results.median(name, case, records, measure)
        other = results.median(first, case, records, measure)
        return _show(measure)(value), f"{value / other:.1f}" if value and other else "–"

    return (
        TITLES[name],
        results.feeds.get(records, {}).get(name, "–"),
        *both(Case.NOTHING),
        *both(Case.NOTHING, "cpu_s"),
        *both(Case.MEMORY, "pss_kib"),
        _mib(results.median(name, Case.MEMORY, records, "rss_kib")),
        *both(Case.UNCHANGED),
        *both(Case.CHANGED),
        str(len(runs)),
    )


def _growth(results: Results) -> str:
    """Returns a table of our figures at every size."""
    head = ("Records", "Job", "From nothing", "CPU time", "Peak PSS", "Nothing changed", "One record changed")
    rows = [
        (
            f"{records:,}",
            TITLES[name],
            _seconds(results.median(name, Case.NOTHING, records)),
            _seconds(results.median(name, Case.NOTHING, records, "cpu_s")),
            _mib(results.median(name, Case.MEMORY, records, "pss_kib")),
            _seconds(results.median(name, Case.UNCHANGED, records)),
            _seconds(results.median(name, Case.CHANGED, records)),
        )
        for records in results.sizes()
        for name in (OURS, DEFAULTS)
        if results.values(name, Case.NOTHING, records)
    ]
    return f"## Large corpora\n\n{_table(head, rows)}"


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
