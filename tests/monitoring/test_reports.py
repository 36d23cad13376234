"""What the log says at start."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from syndicator.monitoring.reports import report_patterns
from syndicator.settings.models import Route
from tests.rig import Rig


def test_start_says_which_patterns_match_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("a.md", topics=["Database"], type="video", provider={"name": "P", "domain": "p.example"})
    rig.write("b.md", topics=["AI"], provider={"name": "Q"})
    rig.look()
    route = Route(
        name="r",
        channel="C1",
        topics=("Databse", "ai"),
        providers=("p.exmple", "Q"),
        types=("vidoe", "article"),
    )
    with capture_logs() as logs:
        report_patterns(rig.store, [route])
    assert [one["what"] for one in logs] == [
        'route r: topics: "Databse" matches nothing that is there; did you mean "Database"?',
        'route r: providers: "p.exmple" matches nothing that is there; did you mean "p.example"?',
        'route r: types: "vidoe" matches nothing that is there; did you mean "video"?',
    ]
    rig.close()
