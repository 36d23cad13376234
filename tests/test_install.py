"""The packages, and `make install` and `make uninstall`: what they put where, what they leave alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from syndicator.settings.load import load_settings

HOME = Path(__file__).parent.parent
# Makes a folder that looks like an environment; what is installed in it is none of these tests' business.
STAND_IN = """#!/bin/sh
[ "$2" = venv ] || exit 0
mkdir -p "$3/bin"
cp "$0" "$3/bin/python"
printf '#!%s/bin/python\\n' "$3" >"$3/bin/syndicator"
echo "command = $3" >"$3/pyvenv.cfg"
"""


@pytest.fixture
def python(tmp_path: Path) -> Path:
    script = tmp_path / "python"
    script.write_text(STAND_IN)
    script.chmod(0o755)
    return script


def make(target: str, to: Path, python: Path | str = sys.executable) -> str:
    # As from a shell: not with what `make test` hands on.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    command = ["make", "-s", "-C", str(HOME), target, f"DESTDIR={to}", f"PYTHON={python}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_installs_program_units_and_settings_to_begin_with(tmp_path: Path, python: Path) -> None:
    host = tmp_path / "host"
    make("install", host, python)
    files = {str(path.relative_to(host)) for path in host.rglob("*") if not path.is_dir()}
    assert files == {
        "opt/syndicator/bin/python",
        "opt/syndicator/bin/syndicator",
        "opt/syndicator/pyvenv.cfg",
        "usr/local/bin/syndicator",
        "etc/systemd/system/syndicator.service",
        "etc/systemd/system/syndicator-moved.path",
        "etc/systemd/system/syndicator-moved.service",
        "etc/syndicator/syndicator.yaml",
    }
    assert (host / "opt/syndicator/bin/syndicator").read_text() == "#!/opt/syndicator/bin/python\n"
    assert (host / "usr/local/bin/syndicator").readlink() == Path("/opt/syndicator/bin/syndicator")
    assert (host / "etc/credstore").stat().st_mode & 0o777 == 0o700
    assert (host / "srv/syndicator/public").is_dir()


def test_service_may_enter_and_read_what_a_root_with_a_strict_umask_installs(
    tmp_path: Path, python: Path
) -> None:
    before = os.umask(0o077)
    try:
        make("install", tmp_path / "host", python)
    finally:
        os.umask(before)
    program = (tmp_path / "host/opt/syndicator").rglob("*")
    closed = [path for path in (tmp_path / "host", *program) if not path.stat().st_mode & 0o004]
    assert closed == []


def test_settings_to_begin_with_name_the_places_of_the_unit(tmp_path: Path, python: Path) -> None:
    make("install", tmp_path / "host", python)
    file = tmp_path / "host/etc/syndicator/syndicator.yaml"
    settings = load_settings(file, {})
    assert settings.sources[0].path == Path("/srv/content")
    assert settings.output == Path("/srv/syndicator/public")
    assert settings.state == "sqlite:////var/lib/syndicator/syndicator.db"
    assert "$schema" not in file.read_text(), "no such file beside it"


def test_an_upgrade_overwrites_the_program_and_nothing_of_the_operators(tmp_path: Path, python: Path) -> None:
    host = tmp_path / "host"
    make("install", host, python)
    settings, old = host / "etc/syndicator/syndicator.yaml", host / "opt/syndicator/old.py"
    settings.write_text("mine")
    old.touch()
    make("install", host, python)
    assert settings.read_text() == "mine"
    assert not old.exists()
    assert [path.name for path in (host / "opt").iterdir()] == ["syndicator"]


def test_an_install_that_fails_leaves_the_old_program(tmp_path: Path, python: Path) -> None:
    host = tmp_path / "host"
    make("install", host, python)
    python.write_text(STAND_IN.replace("exit 0", "exit 1"))  # as pip does without a network
    with pytest.raises(AssertionError):
        make("install", host, python)
    assert (host / "opt/syndicator/bin/syndicator").exists()


def test_uninstall_keeps_settings_secrets_and_data(tmp_path: Path, python: Path) -> None:
    host = tmp_path / "host"
    make("install", host, python)
    kept = [
        host / "etc/syndicator/syndicator.yaml",
        host / "etc/credstore/syndicator.slack_bot_token",
        host / "var/lib/syndicator/syndicator.db",
        host / "srv/syndicator/public/index.html",
    ]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kept")
    said = make("uninstall", host)
    assert {path for path in host.rglob("*") if path.is_file()} == set(kept)
    assert all(f"/{path.relative_to(host).parts[0]}" in said for path in kept)


def test_wheel_has_all_that_it_needs_and_no_link_without_an_address(tmp_path: Path) -> None:
    """The wheel is built from the sdist, which thereby has all that it needs as well."""
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path), "-t"]
    subprocess.run([*build, "sdist"], cwd=HOME, check=True, capture_output=True)
    subprocess.run(["tar", "xzf", next(tmp_path.glob("*.tar.gz")), "-C", tmp_path], check=True)
    unpacked = next(path for path in tmp_path.iterdir() if path.is_dir())
    subprocess.run([*build, "wheel"], cwd=unpacked, check=True, capture_output=True)
    assert {path.name for path in HOME.glob("*.md")} <= {path.name for path in unpacked.iterdir()}
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        about = next(name for name in names if name.endswith("/METADATA"))
        text = wheel.read(about).decode()
    package = HOME / "syndicator"
    files = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {str(path.relative_to(HOME)) for path in files} <= names
    links = re.findall(r"\]\(([^)]+)\)|^\[[^\]]+\]: (.+)$", text, re.MULTILINE)
    assert len(links) > 10
    assert [link for pair in links for link in pair if link and not link.startswith("http")] == []
    assert "/raw/main/docs/images/topic.png" in text


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_installed_program_runs(tmp_path: Path) -> None:
    """With the real pip: takes what the lock file names from the package index."""
    make("install", tmp_path)
    program = tmp_path / "opt/syndicator"
    shebang = (program / "bin/syndicator").read_text().partition("\n")[0]
    assert re.fullmatch(r"#!/opt/syndicator/bin/python[\d.]*", shebang)
    command = [str(program / "bin/python"), str(program / "bin/syndicator"), "config", "schema"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
