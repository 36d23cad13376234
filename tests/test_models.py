"""What every entry and article may rely on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.making import make_article


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2026, 3, 14), id="without a zone"),  # noqa: DTZ001 - naive on purpose
        pytest.param(datetime(2026, 3, 14, tzinfo=ZoneInfo("Europe/Berlin")), id="in another zone"),
    ],
)
def test_time_that_is_not_in_utc_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="in UTC here"):
        make_article(published=moment)
