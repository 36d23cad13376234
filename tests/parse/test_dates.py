"""Dates: every form, every zone, every edge."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.parse.fields import read_moment
from tests.making import utc

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")

READ = {
    "with Z": ("2024-01-02T03:04:05Z", UTC, utc(2024, 1, 2, 3, 4, 5)),
    "small letters": ("2024-01-02t03:04:05z", UTC, utc(2024, 1, 2, 3, 4, 5)),
    "an offset": ("2024-01-02T03:04:05+02:00", UTC, utc(2024, 1, 2, 1, 4, 5)),
    "as Jekyll writes it": ("2024-01-02 03:04:05 +0200", UTC, utc(2024, 1, 2, 1, 4, 5)),
    "a short offset": ("2024-01-02 03:04 -05", UTC, utc(2024, 1, 2, 8, 4)),
    "an offset of one digit": ("2024-01-02 03:04:05 -4", UTC, utc(2024, 1, 2, 7, 4, 5)),
    "an offset that is the hour again": ("2024-01-02 20:30:00+20:30", BERLIN, utc(2024, 1, 2)),
    "UTC in letters": ("2024-01-02 03:04:05 UTC", BERLIN, utc(2024, 1, 2, 3, 4, 5)),
    "a fraction": ("2024-01-02T03:04:05.987654321Z", UTC, utc(2024, 1, 2, 3, 4, 5)),
    "no seconds": ("2024-01-02T03:04", UTC, utc(2024, 1, 2, 3, 4)),
    "a date": ("2024-01-02", UTC, utc(2024, 1, 2)),
    "one digit": ("2024-1-2", UTC, utc(2024, 1, 2)),
    "slashes": ("2024/1/02 03:04:05", BERLIN, utc(2024, 1, 2, 2, 4, 5)),
    "blanks around": (" 2024-01-02 ", UTC, utc(2024, 1, 2)),
    "naive in winter": ("2024-01-02 03:04:05", BERLIN, utc(2024, 1, 2, 2, 4, 5)),
    "naive in summer": ("2024-07-02 03:04:05", BERLIN, utc(2024, 7, 2, 1, 4, 5)),
    "a date in a zone": ("2024-07-02", BERLIN, utc(2024, 7, 1, 22)),
    "twice in autumn: the earlier": ("2024-10-27 02:30", BERLIN, utc(2024, 10, 27, 0, 30)),
    "skipped in spring: forward": ("2024-03-31 02:30", BERLIN, utc(2024, 3, 31, 1, 30)),
    "the first": ("1970-01-01", UTC, utc(1970, 1, 1)),
    "the last": ("2200-12-31T23:59:59Z", UTC, utc(2200, 12, 31, 23, 59, 59)),
}


@pytest.mark.parametrize(("text", "zone", "moment"), READ.values(), ids=READ.keys())
def test_date_is_read(text: str, zone: ZoneInfo, moment: datetime) -> None:
    read = read_moment(text, zone)
    assert read == moment
    assert read.utcoffset() == moment.utcoffset()


REFUSED = {
    "no month 13": ("2024-13-01", "not in the calendar"),
    "no 30 February": ("2024-02-30", "not in the calendar"),
    "no second 60": ("2024-01-02T03:04:60Z", "not in the calendar"),
    "no hour 24": ("2024-01-02T24:00:00Z", "not in the calendar"),
    "no such offset": ("2024-01-02T03:04:05+24:00", "not in the calendar"),
    "no minute 99": ("2024-01-02T03:04:05+02:99", "not in the calendar"),
    "year 0": ("0000-01-01", "not between"),
    "year 1 with an offset": ("0001-01-01T00:00:00+14:00", "not between"),
    "year 9999 with an offset": ("9999-12-31T23:59:59-12:00", "not between"),
    "1969": ("1969-12-31T23:59:59Z", "not between"),
    "1969 in UTC": ("1970-01-01T00:00:00+01:00", "not between"),
    "2201": ("2201-01-01", "not between"),
    "words": ("yesterday", "not a date"),
    "a number": ("1700000000", "not a date"),
    "a zone's name": ("2024-01-02 03:04:05 EST", "not a date"),
    "a day first": ("02.01.2024", "not a date"),
    "a day or month first": ("02/01/2024", "not a date"),
    "nothing": ("", "not a date"),
    "other digits": ("٢٠٢٤-01-02", "not a date"),
}


@pytest.mark.parametrize(("text", "what"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_date_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        read_moment(text, BERLIN)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 12, 30)), st.sampled_from([UTC, BERLIN]))  # noqa: DTZ001 - naive on purpose
def test_any_naive_time_has_a_moment(naive: datetime, zone: ZoneInfo) -> None:
    read = read_moment(naive.isoformat(), zone)
    assert abs((read.replace(tzinfo=None) - naive).total_seconds()) <= 2 * 3600 + 1


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_a_value_error(text: str) -> None:
    try:
        assert read_moment(text, UTC).utcoffset() is not None
    except ValueError as error:
        assert str(error).startswith("is not")
