"""Bar charts of entries per month. A chart ends with the newest entry, so it does not depend on the current date.

The chart of a feed's own page has a scale of its own, which its labels state. The charts in the rows of a list are
compared with each other, so they share one scale. A row is rendered before the scale of its list is known: its bars
stand at coordinates that mean the same in every row, and the list later says which part of them all rows show.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from ...words import Words

PITCH = 10
HEIGHT = 48
_GAP = 2
_BASELINE = 1  # the height of a month without entries: a thin line

LIST_MONTHS = 24
_FIRST_YEAR = 2000  # month 0 of the coordinates of bars; months before it have negative ones
_ROOT_HEIGHT = 10  # the height of one entry on the scale of lists; that of 100 entries is ten times as much
_BAR_WIDTH = 0.8


class Bar(NamedTuple):
    """One month: its rectangle in the drawing, its label, its number of entries."""

    x: int
    y: int
    width: int
    height: int
    label: str
    entries: int


class Chart(NamedTuple):
    """The last months of a feed. `first` and `last` are labels; `most` is the maximum, reached in `most_label`."""

    bars: tuple[Bar, ...]
    width: int
    first: str
    last: str
    most: int
    most_label: str

    @property
    def height(self) -> int:
        """The height of the drawing, in its own units."""
        return HEIGHT

    @property
    def entries(self) -> int:
        """The number of entries in all months of the chart."""
        return sum(bar.entries for bar in self.bars)


class RowBars(NamedTuple):
    """The bars of a feed in a list, as one SVG path, and the size of the drawing in pixels."""

    path: str
    width: int = LIST_MONTHS * 5
    height: int = 28


class Sample(NamedTuple):
    """A bar of the legend: a number of entries, and its height on the scale."""

    entries: int
    height: int


class Scale(NamedTuple):
    """The scale that all rows of a list share: the part of the coordinates that they show, its labels and legend.

    Heights grow with the square root of the number of entries, so that one entry is visible beside a hundred.
    """

    view_box: str
    height: int
    first: str
    last: str
    samples: tuple[Sample, ...]


def chart(months: Sequence[tuple[str, int]], length: int, words: Words) -> Chart | None:
    """Returns the chart of the last `length` months, or None without entries.

    `months` lists the months that have entries, oldest first.
    """
    if not months:
        return None
    counts = dict(months)
    end = _ordinal(months[-1][0])
    names = [_name(ordinal) for ordinal in range(end - length + 1, end + 1)]
    most = max(counts.get(name, 0) for name in names)
    peak = next(name for name in reversed(names) if counts.get(name, 0) == most)
    bars = tuple(_bar(index, words.month(name), counts.get(name, 0), most) for index, name in enumerate(names))
    return Chart(bars, length * PITCH - _GAP, bars[0].label, bars[-1].label, most, words.month(peak))


def row_bars(months: Sequence[tuple[str, int]]) -> RowBars | None:
    """Returns the bars of a feed for the rows of lists, or None without entries. No list shows an older month."""
    if not months:
        return None
    newest = _ordinal(months[-1][0])
    shown = [(_ordinal(name), entries) for name, entries in months[-LIST_MONTHS:]]
    return RowBars(
        "".join(
            f"M{ordinal - _FIRST_YEAR * 12} 0v-{_root_height(entries)}h{_BAR_WIDTH}v{_root_height(entries)}z"
            for ordinal, entries in shown
            if newest - ordinal < LIST_MONTHS
        )
    )


def first_month_of_lists(newest: str) -> str:
    """Returns the first month that the rows of a list show, given the newest (`2026-03`)."""
    return _name(_ordinal(newest) - LIST_MONTHS + 1)


def scale(newest: str, most: int, words: Words) -> Scale:
    """Returns the scale of a list with this newest month and this maximum of entries in a month of any feed."""
    first = first_month_of_lists(newest)
    height = _root_height(most)
    sizes = sorted({1, max(round(most / 4), 1), most})  # a quarter of the entries has half the height
    return Scale(
        f"{_ordinal(first) - _FIRST_YEAR * 12} -{height} {LIST_MONTHS} {height}",
        height,
        words.month(first),
        words.month(newest),
        tuple(Sample(entries, _root_height(entries)) for entries in sizes),
    )


def _root_height(entries: int) -> int:
    return round(_ROOT_HEIGHT * sqrt(entries))


def _bar(index: int, label: str, entries: int, most: int) -> Bar:
    height = max(round(entries * HEIGHT / most), 3 * _BASELINE if entries else _BASELINE)
    return Bar(index * PITCH, HEIGHT - height, PITCH - _GAP, height, label, entries)


def _ordinal(name: str) -> int:
    return int(name[:4]) * 12 + int(name[5:7]) - 1


def _name(ordinal: int) -> str:
    return f"{ordinal // 12:04}-{ordinal % 12 + 1:02}"
