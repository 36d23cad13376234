"""What a client has and can read: tables of conditional and encoding headers."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.web.conditions import accepts_gzip, is_unchanged

ETAG = '"abc"'
MODIFIED = 784111777
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("value", "unchanged"),
    [
        pytest.param('"abc"', True, id="the same"),
        pytest.param('W/"abc"', True, id="weak form of the same"),
        pytest.param('"x", W/"abc" , "y"', True, id="in a list"),
        pytest.param('"x","abc"', True, id="in a list without spaces"),
        pytest.param(', "abc",', True, id="empty list members"),
        pytest.param('"a,b", "abc"', True, id="comma inside another tag"),
        pytest.param("*", True, id="star"),
        pytest.param(" * ", True, id="star with spaces"),
        pytest.param('"abd"', False, id="another"),
        pytest.param('"ABC"', False, id="case matters"),
        pytest.param("abc", False, id="not quoted"),
        pytest.param('"abc', False, id="not closed"),
        pytest.param('w/"abc"', False, id="W is a capital"),
        pytest.param('"x" "abc"', False, id="no comma between"),
        pytest.param("", False, id="empty"),
    ],
)
def test_if_none_match(value: str, unchanged: bool) -> None:
    seen = is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match=value, if_modified_since=None)
    assert seen is unchanged


@pytest.mark.parametrize(
    ("value", "unchanged"),
    [
        pytest.param(SAME, True, id="the same second"),
        pytest.param("Mon, 07 Nov 1994 00:00:00 GMT", True, id="later"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", True, id="RFC 850 form"),
        pytest.param("Sun Nov  6 08:49:37 1994", True, id="asctime form"),
        pytest.param("Sun, 06 Nov 1994 08:49:36 GMT", False, id="a second earlier"),
        pytest.param("yesterday", False, id="no date"),
        pytest.param("", False, id="empty"),
        pytest.param("Sun, 99 Nov 1994 08:49:37 GMT", False, id="no such day"),
        pytest.param("Sun, 06 Nov 999999999 08:49:37 GMT", False, id="no such year"),
        pytest.param("Mon, 01 Jan 99999999999 00:00:00 GMT", False, id="year beyond any number"),
        pytest.param("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", False, id="zone beyond any number"),
    ],
)
def test_if_modified_since(value: str, unchanged: bool) -> None:
    seen = is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match=None, if_modified_since=value)
    assert seen is unchanged


def test_tag_decides_alone_where_there_is_one() -> None:
    assert not is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match='"old"', if_modified_since=SAME)
    assert is_unchanged(
        etag=ETAG,
        modified=MODIFIED,
        if_none_match=ETAG,
        if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT",
    )


def test_without_conditions_everything_is_new() -> None:
    assert not is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match=None, if_modified_since=None)


@pytest.mark.parametrize(
    ("value", "gzip"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("gzip, deflate, br, zstd", True),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0, *", False),
        ("gzip; q=0.001", True),
        ("gzip;q=1.0, identity;q=0.5", True),
        ("gzip;q=0.5, identity", False),
        ("identity;q=0, gzip;q=0.1", True),
        ("gzip;q=2", False),
        ("gzip;q=nan", False),
        ("gzip;level=9", True),
        ("br", False),
        ("identity", False),
        ("", False),
        (",,", False),
        ("gzipped", False),
    ],
)
def test_accept_encoding(value: str, gzip: bool) -> None:
    assert accepts_gzip(value) is gzip


@given(value=st.text(), since=st.text())
def test_no_header_raises(value: str, since: str) -> None:
    accepts_gzip(value)
    is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match=value, if_modified_since=None)
    is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match=None, if_modified_since=since)


NUMBERS = st.integers(min_value=0, max_value=10**24).map(str)


@given(day=NUMBERS, year=NUMBERS, hour=NUMBERS, zone=st.one_of(st.just("GMT"), NUMBERS.map("+{}".format)))
def test_no_date_raises(day: str, year: str, hour: str, zone: str) -> None:
    since = f"Mon, {day} Jan {year} {hour}:00:00 {zone}"
    is_unchanged(etag=ETAG, modified=MODIFIED, if_none_match=None, if_modified_since=since)


@given(seconds=st.integers(min_value=0, max_value=4_000_000_000))
def test_own_dates_come_back_unchanged(seconds: int) -> None:
    date = formatdate(seconds, usegmt=True)
    assert is_unchanged(etag=ETAG, modified=seconds, if_none_match=None, if_modified_since=date)
    assert not is_unchanged(etag=ETAG, modified=seconds + 1, if_none_match=None, if_modified_since=date)
