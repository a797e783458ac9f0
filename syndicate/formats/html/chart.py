"""Entries per month as bars: numbers that a template draws, the same for the same entries whatever the day is."""

from collections.abc import Sequence
from typing import NamedTuple

MONTHS = ("January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December")  # fmt: skip
PITCH = 10
HEIGHT = 48
_GAP = 2
_BASELINE = 1  # an empty month is a thin line: time goes on


class Bar(NamedTuple):
    """One month: its place in the drawing, its words."""

    x: int
    y: int
    width: int
    height: int
    label: str
    entries: int


class Chart(NamedTuple):
    """The last months of a feed, ending with that of its newest entry."""

    bars: tuple[Bar, ...]
    width: int
    first: str
    last: str
    most: int
    most_label: str

    @property
    def height(self) -> int:
        """The drawing's height, in its own units."""
        return HEIGHT

    @property
    def entries(self) -> int:
        """How many entries the months shown have together."""
        return sum(bar.entries for bar in self.bars)

    @property
    def path(self) -> str:
        """All bars as one path: a tenth of the bytes of as many elements."""
        return "".join(f"M{bar.x} {HEIGHT}v-{bar.height}h{bar.width}v{bar.height}z" for bar in self.bars)


def chart(months: Sequence[tuple[str, int]], span: int) -> Chart | None:
    """The chart of so many months, given those that have entries, oldest first; None without any."""
    if not months:
        return None
    counts = dict(months)
    end = _ordinal(months[-1][0])
    shown = [_name(month) for month in range(end - span + 1, end + 1)]
    most = max(counts.get(name, 0) for name in shown)
    peak = next(name for name in reversed(shown) if counts.get(name, 0) == most)
    bars = tuple(_bar(place, name, counts.get(name, 0), most) for place, name in enumerate(shown))
    return Chart(bars, span * PITCH - _GAP, month_label(shown[0]), month_label(shown[-1]), most, month_label(peak))


def month_label(name: str) -> str:
    """`2026-03` as people write it: March 2026."""
    return f"{MONTHS[int(name[5:7]) - 1]} {name[:4]}"


def _bar(place: int, name: str, entries: int, most: int) -> Bar:
    height = max(round(entries * HEIGHT / most), 3 * _BASELINE if entries else _BASELINE)
    return Bar(place * PITCH, HEIGHT - height, PITCH - _GAP, height, month_label(name), entries)


def _ordinal(name: str) -> int:
    return int(name[:4]) * 12 + int(name[5:7]) - 1


def _name(ordinal: int) -> str:
    return f"{ordinal // 12:04}-{ordinal % 12 + 1:02}"
