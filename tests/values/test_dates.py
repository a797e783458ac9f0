"""Date formats of all known corpora; ambiguous dates are rejected, and the local zone changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.values import dates

bounded = settings(max_examples=500, deadline=None, derandomize=True, database=None)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


VALUES: list[tuple[object, datetime]] = [
    # values of YAML and TOML
    (utc(2020, 6, 9, 11), utc(2020, 6, 9, 11)),
    (datetime(2020, 6, 9, 11), utc(2020, 6, 9, 11)),  # noqa: DTZ001 - deliberately naive
    (datetime(2020, 6, 9, 11, tzinfo=timezone(timedelta(hours=2))), utc(2020, 6, 9, 9)),
    (datetime(2020, 6, 9, 11, 0, 0, 999_999, tzinfo=UTC), utc(2020, 6, 9, 11)),
    (date(2020, 6, 9), utc(2020, 6, 9)),
    (20200609, utc(2020, 6, 9)),
    # ISO 8601 and similar formats
    ("2020-06-09", utc(2020, 6, 9)),
    ("20200609", utc(2020, 6, 9)),
    ("2020-6-9", utc(2020, 6, 9)),
    ("2020/06/09", utc(2020, 6, 9)),
    ("2020.06.09", utc(2020, 6, 9)),
    ("2020-06-09T11:00:00Z", utc(2020, 6, 9, 11)),
    ("2020-06-09t11:00:00z", utc(2020, 6, 9, 11)),
    ("2020-06-09 11:00", utc(2020, 6, 9, 11)),
    ("2020-06-09 9:05", utc(2020, 6, 9, 9, 5)),
    ("2020-06-09T11:00:00.123456789Z", utc(2020, 6, 9, 11)),
    ("2020-06-09T11:00:00,5Z", utc(2020, 6, 9, 11)),
    ("2020-06-09 11:00:00 UTC", utc(2020, 6, 9, 11)),
    ("2020-06-09 11:00:00 2020 +0200", utc(2020, 6, 9, 9)),
    ("2020-06-09 11:00:00 GMT", utc(2020, 6, 9, 11)),
    ("2013-02-24 09:00:00 +0000", utc(2013, 2, 24, 9)),  # PyYAML loads it as a string
    ("2020-06-09 11:00:00 +0200", utc(2020, 6, 9, 9)),
    ("2020-06-09T11:00:00-05:30", utc(2020, 6, 9, 16, 30)),
    ("2020-06-09T11:00:00+02", utc(2020, 6, 9, 9)),
    ("2016-12-31T23:59:60Z", utc(2016, 12, 31, 23, 59, 59)),
    ("  2020-06-09\n", utc(2020, 6, 9)),
    # RFC 822 and similar formats
    ("Tue, 09 Jun 2020 11:00:00 GMT", utc(2020, 6, 9, 11)),
    ("Tue, 9 Jun 2020 11:00 +0200", utc(2020, 6, 9, 9)),
    ("Tue, 09 Jun 2020 11:00:00 EST", utc(2020, 6, 9, 16)),
    ("09 Jun 20 11:00:00 GMT", utc(2020, 6, 9, 11)),
    ("20 Nov 95 10:00:00 GMT", utc(1995, 11, 20, 10)),
    # names of months
    ("June 9, 2020", utc(2020, 6, 9)),
    ("9 June 2020", utc(2020, 6, 9)),
    ("Jun 9th, 2020 at 3pm", utc(2020, 6, 9, 15)),
    ("June 9, 2020 5:04 PM", utc(2020, 6, 9, 17, 4)),
    ("9 Jun 2020 07:12:08 PM", utc(2020, 6, 9, 19, 12, 8)),
    ("June 9, 2020 5:04 PM EST", utc(2020, 6, 9, 22, 4)),
    ("Tue Jun  9 11:00:00 2020", utc(2020, 6, 9, 11)),
    ("Tue Jun  9 11:00:00 UTC 2020", utc(2020, 6, 9, 11)),
    # the format of browsers; the POSIX sign of the offset would be two hours wrong
    ("Tue Jun 09 2020 11:00:00 GMT+0100 (Central European Standard Time)", utc(2020, 6, 9, 10)),
    ("Jun 09 2020 11:00:00 UTC-3", utc(2020, 6, 9, 14)),
    # as Go, Ruby and people write times
    ("2026-01-02 03:04:05 -0800 PST", utc(2026, 1, 2, 11, 4, 5)),
    ("2026-01-02 03:04:05 +0000 UTC", utc(2026, 1, 2, 3, 4, 5)),
    ("2026-01-02 03:04:05.123456 -0300 -03", utc(2026, 1, 2, 6, 4, 5)),
    ("2026-01-02 03:04:05.9 +0100 CET m=+0.000012", utc(2026, 1, 2, 2, 4, 5)),
    ("2026-01-02 03:04:05 +0100 (CET)", utc(2026, 1, 2, 2, 4, 5)),
    ("2026-01-02 09:05 PM", utc(2026, 1, 2, 21, 5)),
    ("2026-01-02 9:05pm", utc(2026, 1, 2, 21, 5)),
    ("2026-01-02 12:05 a.m.", utc(2026, 1, 2, 0, 5)),
    ("2026-01-02 12:05:06 PM +0100", utc(2026, 1, 2, 11, 5, 6)),
    ("2024-01-01 00:00:00 -5", utc(2024, 1, 1, 5)),
    ("2024-01-01T00:00:00+530", utc(2023, 12, 31, 18, 30)),
    ("2026-01-02 03:04:05 PST", utc(2026, 1, 2, 11, 4, 5)),
    ("January 2, 2026", utc(2026, 1, 2)),
    ("Fri, 02 Jan 2026 03:04:05 -0000", utc(2026, 1, 2, 3, 4, 5)),
]

REJECTED: list[object] = [
    None, True, False, 3.5, [], {}, b"2020-06-09", 2020, 202006, 99999999, 20201332, 10**5000, -20200609,
    "", " ", "soon", "today", "2020", "2020-06", "June 2020", "June 9", "Tuesday", "11:00", "2020-W24-2",
    "03/04/2020", "3-4-2020", "03.04.2020", "03/04/2020 GMT", "Tue 03/04/2020", "03/04/2020 10:00 AM EST",
    "2020-06-09 11:00:00 2021 +0200",
    "2020-00-09", "2020-06-00", "2020-02-30", "2020-06-09 25:00", "2020-06-09 11:61", "2020-06-09T11:00:61Z",
    "2020-06-09T11:00:00+25:00", "2020-06/09", "0000-00-00", "0001-01-01T00:00:00Z", "999-01-01", "20200632",
    "1 Jan 20", "Jan 2 '20", "9 Jun 2020 11:00:00 CET", "9 Jun 2020 11:00 IST", "Jun 9 2020 11:00 EST+3",
    "1 Jan 2020 00:00:00 +99999999999999999999", "32 Jan 2020 10:00:00 GMT", "9. Juni 2020", "9 juin 2020",
    "2026-01-02 13:05 PM", "2026-01-02 0:05 AM", "2026-01-02 09:05 XM", "2026-01-02 03:04:05 CET",
    "2024-02-30T00:00:00Z", "2020-06-09T24:00:00Z", "2020-W24-2T11:00:00Z", "9999-12-31T23:59:59-23:00",
    "June 9, 2020 " + "x" * 60, "Jan" * 10_000, "2020" + " " * 100_000 + "1", "\x00", "2020-06-09\x00",
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[str(value)[:50] for value, _ in VALUES])
def test_date_is_parsed(value: object, expected: datetime) -> None:
    moment = dates.parse(value)
    assert moment == expected
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize("value", REJECTED, ids=[f"{str(type(v))[8:-2]}-{n}" for n, v in enumerate(REJECTED)])
def test_value_that_is_not_exactly_one_day_is_rejected(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        dates.parse(value)


NAMES = [
    ("2020-06-09-title.md", utc(2020, 6, 9)),
    ("2020-06-09.md", utc(2020, 6, 9)),
    ("2020-06-09T11.md", utc(2020, 6, 9)),
    ("2020-6-9-title.md", utc(2020, 6, 9)),
    ("2020-06-00-title.md", None),  # day 00 of some file names
    ("2020-13-01-title.md", None),
    ("2020-02-30-title.md", None),
    ("2020-06-091.md", None),
    ("0001-01-01-x.md", None),
    ("title-2020-06-09.md", None),
    ("20200609-title.md", None),
]

PATHS = [
    ("2017/12/21/title", utc(2017, 12, 21)),
    ("/2017/12/21/title", utc(2017, 12, 21)),
    ("blog/2017/1/2/title", utc(2017, 1, 2)),
    ("blog/2017/12/21", utc(2017, 12, 21)),
    ("2017/12/211/x", None),
    ("12017/12/21/x", None),
    ("2017/00/21/x", None),
    ("2017/12/x", None),
    ("v2017/12/21x", None),
]


@pytest.mark.parametrize(("name", "expected"), NAMES, ids=[name for name, _ in NAMES])
def test_day_of_a_file_name(name: str, expected: datetime | None) -> None:
    assert dates.from_file_name(name) == expected


@pytest.mark.parametrize(("path", "expected"), PATHS, ids=[path for path, _ in PATHS])
def test_day_of_a_path(path: str, expected: datetime | None) -> None:
    assert dates.from_path(path) == expected


FOLDERS = [
    ("posts/2021-01-30-fluid/index.md", utc(2021, 1, 30)),
    ("2020-01-01/2021-01-30/x.md", utc(2021, 1, 30)),
    ("2021-01-30-x/2021-13-01/x.md", utc(2021, 1, 30)),
    ("posts/2021-01-30.md", None),
    ("v2021-01-30/x.md", None),
]


@pytest.mark.parametrize(("path", "expected"), FOLDERS, ids=[path for path, _ in FOLDERS])
def test_day_of_the_innermost_dated_folder(path: str, expected: datetime | None) -> None:
    assert dates.from_folders(path) == expected


TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
ZONED: list[tuple[object, ZoneInfo, datetime]] = [
    ("2026-01-02 08:00:00", TOKYO, utc(2026, 1, 1, 23)),
    ("2026-01-02", TOKYO, utc(2026, 1, 1, 15)),
    (date(2026, 1, 2), TOKYO, utc(2026, 1, 1, 15)),
    (datetime(2026, 1, 2, 8), TOKYO, utc(2026, 1, 1, 23)),  # noqa: DTZ001 - deliberately naive
    (20260102, TOKYO, utc(2026, 1, 1, 15)),
    ("January 2, 2026", TOKYO, utc(2026, 1, 1, 15)),
    ("2026-01-02 09:05 PM", TOKYO, utc(2026, 1, 2, 12, 5)),
    ("2026-01-02T08:00:00+01:00", TOKYO, utc(2026, 1, 2, 7)),
    ("2026-01-02T08:00:00Z", TOKYO, utc(2026, 1, 2, 8)),
    ("2026-01-02 08:00 UTC", TOKYO, utc(2026, 1, 2, 8)),
    ("Fri, 02 Jan 2026 08:00:00 GMT", TOKYO, utc(2026, 1, 2, 8)),
    ("2026-01-08", NEW_YORK, utc(2026, 1, 8, 5)),
    ("2026-07-08", NEW_YORK, utc(2026, 7, 8, 4)),
    ("2026-03-08 02:30", NEW_YORK, utc(2026, 3, 8, 7, 30)),  # skipped by the change of the clocks
    ("2026-11-01 01:30", NEW_YORK, utc(2026, 11, 1, 5, 30)),  # twice that day: the first
    ("2018-11-04", ZoneInfo("America/Sao_Paulo"), utc(2018, 11, 4, 3)),  # the day began at 01:00
    ("2011-12-30", ZoneInfo("Pacific/Apia"), utc(2011, 12, 30, 10)),  # a day that was skipped
    ("1850-06-01", TOKYO, utc(1850, 5, 31, 14, 41, 1)),  # local mean time
]


@pytest.mark.parametrize(("value", "zone", "expected"), ZONED, ids=[f"{value}-{zone}" for value, zone, _ in ZONED])
def test_date_without_a_zone_is_in_the_zone_of_the_site(value: object, zone: ZoneInfo, expected: datetime) -> None:
    assert dates.parse(value, zone) == expected


def test_days_of_names_begin_in_the_zone_of_the_site() -> None:
    assert dates.from_file_name("2026-01-08-x.md", NEW_YORK) == utc(2026, 1, 8, 5)
    assert dates.from_path("2026/01/08/x.md", NEW_YORK) == utc(2026, 1, 8, 5)
    assert dates.from_folders("2026-01-08-x/index.md", NEW_YORK) == utc(2026, 1, 8, 5)


@pytest.fixture(params=["CET-1CEST", "IST-5:30", "EST5EDT"])
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A local zone with names that dateutil would accept in a text."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", ["9 Jun 2020 11:00:00 CET", "June 9, 2020 11:00 IST", "June 9, 2020 11:00 CEST"])
def test_names_of_the_local_zone_are_unknown(text: str, local_zone: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        dates.parse(text)


def test_local_zone_shifts_no_date(local_zone: str) -> None:
    assert dates.parse("June 9, 2020 11:00") == utc(2020, 6, 9, 11)
    assert dates.parse("June 9, 2020 11:00 EST") == utc(2020, 6, 9, 16)
    assert dates.parse("Tue, 09 Jun 2020 11:00:00 +0200") == utc(2020, 6, 9, 9)


whens = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)).map(lambda when: when.replace(microsecond=0))  # noqa: DTZ001
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@bounded
@given(whens, zones, st.sampled_from([" ", "T"]), st.sampled_from(["", ":"]))
def test_any_time_in_any_zone_is_parsed_back(when: datetime, zone: timezone, between: str, colon: str) -> None:
    local = when.replace(tzinfo=zone)
    offset = local.strftime("%z")
    text = f"{when:%Y-%m-%d}{between}{when:%H:%M:%S} {offset[:3]}{colon}{offset[3:5]}"
    assert dates.parse(text.rjust(4, "0")) == local


TOKENS = st.sampled_from(
    "Jan Feb March may Mon Tuesday 1 2 31 2020 1999 99 0 : / - . , + GMT UTC EST CET Z T at am PM 10:00 10:00:00 +0100 "
    "-00:00 e inf nan 1e5 1.5 ( ) th st of and h m s 12h 20200102 200001020304 ٢٠٢٠ W01 q ' +99999999999999".split()
)


@bounded
@given(
    st.one_of(
        st.lists(st.tuples(TOKENS, st.sampled_from(["", " "])).map("".join), max_size=9).map("".join),
        st.text(max_size=30),
        st.integers(),
        st.floats(),
        st.datetimes(timezones=st.none() | st.timezones()),
        st.dates(),
    ),
    st.timezones(),
)
@example("1 Jan 2020 00:00:00 +99999999999999999999", ZoneInfo("UTC"))
@example("9999-12-31", NEW_YORK)
def test_any_value_is_a_whole_second_in_utc_or_rejected(value: object, zone: ZoneInfo) -> None:
    try:
        moment = dates.parse(value, zone)
    except ValueError:
        return
    assert moment.utcoffset() == timedelta(0)
    assert moment.microsecond == 0
    assert 1000 <= moment.year <= 9999
