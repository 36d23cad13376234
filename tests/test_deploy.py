"""What is installed on a host: the unit that systemd reads, the manifest that Slack reads."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from syndicator.activity import Activity, Durations
from syndicator.admin.metrics import render_metrics
from syndicator.errors import SyndicatorError
from syndicator.slack.client import SCOPES

HOME = Path(__file__).parent.parent
DEPLOY = HOME / "deploy"
UNIT = HOME / "deploy/syndicator.service"
MANIFEST = HOME / "deploy/slack-app-manifest.yaml"
MOVED_UNITS = ("syndicator-moved.path", "syndicator-moved.service")
HIGHEST_EXPOSURE = 1.5


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here: systemd-analyze looks for it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: tests/setup.sh does it as root")
    text = UNIT.read_text(encoding="utf-8")
    program = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert program is not None
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(program[1], f'"{sys.executable}"'), encoding="utf-8")
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


def test_unit_is_clean(unit: Path) -> None:
    answer = analyze("verify", str(unit))
    # Only what is said of our own unit: the host's others may have faults.
    said = [line for line in (answer.stdout + answer.stderr).splitlines() if unit.name in line]
    assert said == []
    assert answer.returncode == 0, answer.stderr


def test_units_that_reload_nginx_are_clean_and_watch_what_it_reads(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: tests/setup.sh does it as root")
    units = [str(shutil.copy(HOME / "deploy" / name, tmp_path)) for name in MOVED_UNITS]
    answer = analyze("verify", *units)
    said = (answer.stdout + answer.stderr).splitlines()
    assert [line for line in said if "syndicator-moved" in line] == []
    watched = re.search(r"^PathChanged=(\S+)$", Path(units[0]).read_text(encoding="utf-8"), re.MULTILINE)
    assert watched is not None
    assert f"include {watched[1]};" in (HOME / "deploy/nginx.conf").read_text(encoding="utf-8")


def test_unit_with_a_misspelt_directive_is_not_clean(unit: Path) -> None:
    unit.write_text(unit.read_text(encoding="utf-8").replace("WatchdogSec", "WachdogSec"), encoding="utf-8")
    answer = analyze("verify", str(unit))
    assert "WachdogSec" in answer.stdout + answer.stderr


def test_units_expose_little(unit: Path) -> None:
    for one in (unit, DEPLOY / "syndicator-moved.service"):
        answer = analyze("security", "--offline=true", "--no-pager", str(one))
        level = re.search(r"Overall exposure level for \S+: ([\d.]+)", answer.stdout)
        assert level is not None, answer.stderr
        assert float(level[1]) <= HIGHEST_EXPOSURE, one.name


def test_every_directive_of_the_unit_has_its_reason() -> None:
    """Each group of directives stands right below a comment."""
    explained, orphans = False, []
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            explained = not line.startswith("# ---")
        elif not line:
            explained = False
        elif "=" in line and not explained:
            orphans.append(line)
    plain = ("Description=", "ExecStart=", "WantedBy=")
    assert [line for line in orphans if not line.startswith(plain)] == []


def test_unit_keeps_the_content_folder_unbound() -> None:
    """A bind mount pins the inode: after a fresh clone the service would see an empty folder."""
    directives = re.findall(r"^(\w+)=", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert "BindReadOnlyPaths" not in directives
    assert "BindPaths" not in directives


def test_unit_gives_up_where_waiting_does_not_help_and_only_there() -> None:
    """2 is wrong use, 130 Ctrl-C at another command; every other code is one of ours."""
    text = UNIT.read_text(encoding="utf-8")
    assert "Restart=on-failure\n" in text
    assert "StartLimitIntervalSec=0\n" in text
    lasting = set(re.findall(r"^RestartPreventExitStatus=(.*)$", text, re.MULTILINE)[0].split())
    codes = {str(kind.exit_code) for kind in every_error(SyndicatorError)}
    assert codes == {"1", "75", "78"}
    assert lasting == {"2"} | (codes - {"1", "75"})
    documented = re.findall(r"^\| (\d+) \|", (HOME / "docs/operation.md").read_text("utf-8"), re.MULTILINE)
    assert set(documented) == {"0", "2", "130"} | codes


def every_error(kind: type[SyndicatorError]) -> list[type[SyndicatorError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in every_error(below))]


def test_manifest_asks_for_what_is_needed_and_fits_slacks_limits() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    by_name = {"channels:read", "groups:read"}
    assert manifest["oauth_config"]["scopes"].keys() == {"bot"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == {*SCOPES} | by_name
    shown = manifest["display_information"]
    # https://docs.slack.dev/reference/app-manifest: the long description has a least length as well.
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 < len(shown["long_description"]) <= 4000
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80


def test_each_scope_has_its_reason() -> None:
    lines = MANIFEST.read_text(encoding="utf-8").splitlines()
    scopes = [index for index, line in enumerate(lines) if re.match(r"\s+- \w+:\w+$", line)]
    assert scopes
    assert all(lines[index - 1].lstrip().startswith("#") for index in scopes)


def test_install_guide_names_the_places_of_the_unit() -> None:
    guide = (HOME / "deploy/README.md").read_text(encoding="utf-8")
    text = UNIT.read_text(encoding="utf-8")
    for place in ("/etc/syndicator/syndicator.yaml", "/opt/syndicator/bin/syndicator", "/srv/syndicator"):
        assert place in guide
        assert place in text
    script = (HOME / "deploy/install.sh").read_text(encoding="utf-8")
    assert [name for name in (UNIT.name, *MOVED_UNITS) if f"deploy/{name}" not in script] == []
    for credential in re.findall(r"^LoadCredential=\w+:(\S+)", text, re.MULTILINE):
        assert f"/etc/credstore/{credential}" in guide


def exported_metrics() -> set[str]:
    """The names of the series that /metrics has, also of those that come with the first message to Slack."""
    facts: dict[str, Any] = {
        "version": "",
        "level": 0,
        "at": "2026-03-14T12:00:00+00:00",
        "oldest_waiting": None,
        "routes": [],
        "findings": [],
        "entries": {},
        "messages": {},
        "edits": {},
    }
    text = render_metrics(facts, Activity(scanned_at=1.0), {"to_slack": Durations()}).decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE))
    ends = ("_bucket", "_count", "_sum")
    return {name + end for name, kind in kinds.items() for end in (ends if kind == "histogram" else ("",))}


def alert_rules() -> dict[str, str]:
    """The expression of each alert."""
    groups = yaml.safe_load((DEPLOY / "alerts.rules.yml").read_text(encoding="utf-8"))["groups"]
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in groups[0]["rules"])
    return {rule["alert"]: rule["expr"] for rule in groups[0]["rules"]}


def dashboard_queries() -> dict[str, str]:
    """The expression of each query of the dashboard, with values in the place of Grafana's variables."""
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        .replace("$__rate_interval", "5m")
        .replace("$job", "syndicator")
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }


@pytest.mark.parametrize("expressions", [alert_rules, dashboard_queries])
def test_prometheus_is_asked_only_for_metrics_that_there_are(
    expressions: Callable[[], dict[str, str]],
) -> None:
    asked = {
        name: set(re.findall(r"\b(?:syndicator|process)_\w+", text)) for name, text in expressions().items()
    }
    known = exported_metrics()
    assert len(asked) >= 5
    assert {name: metrics - known for name, metrics in asked.items() if metrics - known} == {}


def test_dashboard_has_a_panel_for_each_metric_of_ours() -> None:
    shown = set(re.findall(r"\bsyndicator_\w+", " ".join(dashboard_queries().values())))
    # A histogram's count and sum tell nothing new beside its buckets; the rest is for finding a cause.
    left_out = {"syndicator_build_info", "syndicator_scans_total", "syndicator_bursts_total"}
    ours = {name for name in exported_metrics() if name.startswith("syndicator_")}
    assert {name for name in ours - shown if not name.endswith(("_count", "_sum"))} == left_out


@pytest.mark.parametrize("expressions", [alert_rules, dashboard_queries])
def test_expressions_are_sound_to_prometheus(
    tmp_path: Path, expressions: Callable[[], dict[str, str]]
) -> None:
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed: `apt-get install prometheus` has it")
    rules = [{"record": f"one:{number}", "expr": text} for number, text in enumerate(expressions().values())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    command = [promtool, "check", "rules", str(file), str(DEPLOY / "alerts.rules.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_container_is_rootless_and_copies_what_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((HOME / source).exists() for source in sources.split()), sources
    assert re.search(r"^USER 65532:65532$", text, re.MULTILINE)
    assert "--require-hashes -r deploy/requirements.txt" in text
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "./articles:/articles:ro" in service["volumes"]
    assert "./settings:/etc/syndicator:ro" in service["volumes"], "a file alone would stay as it was mounted"


def test_container_file_is_clean_to_hadolint() -> None:
    command = [Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "file"), [("compose-spec", "compose.yaml"), ("github-actions", "action/action.yml")]
)
def test_file_has_the_form_that_its_reader_wants(schema: str, file: str) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", f"vendor.{schema}", str(DEPLOY / file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("command", "code"), [("check", 1), ("build", 0), ("publish", 2)])
def test_action_marks_a_bad_article_at_its_line(tmp_path: Path, command: str, code: int) -> None:
    """The script of its last step, as GitHub runs it."""
    step = yaml.safe_load((DEPLOY / "action/action.yml").read_text(encoding="utf-8"))["runs"]["steps"][-1]
    (tmp_path / "temp/syndicator/bin").mkdir(parents=True)
    (tmp_path / "temp/syndicator/bin/syndicator").symlink_to(Path(sys.executable).with_name("syndicator"))
    site = tmp_path / "site"
    shutil.copytree(HOME / "examples/articles/house", site / "articles")
    (site / "articles/bad.md").write_text("---\ntitle: Bad\n---\n")
    shutil.copy(HOME / "config/start.yaml", site / "syndicator.yaml")
    environment = {"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path / "temp")}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=site,
        env=environment | {"COMMAND": command, "CONFIG": "syndicator.yaml"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("::error file=articles/bad.md,line=2,col=1::no date" in done.stdout) == (code < 2)
    assert (site / "public/feeds/all/rss.xml").exists() == (command == "build")
