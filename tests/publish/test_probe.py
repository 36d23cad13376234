"""Whether the output folder can be written, asked without leaving anything there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from syndicator.errors import OutputUnwritable
from syndicator.publish.output import probe

ROOT = Path(__file__).parents[2]
PROBE = """
import os, sys
from pathlib import Path
from syndicator.errors import OutputUnwritable
from syndicator.publish.output import probe
#
try:
    probe(Path(sys.argv[1]))
except OutputUnwritable as error:
    print(error.passing, error)
print(os.listdir(sys.argv[1]))
"""


def link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize(
    ("make", "below"),
    [(Path.mkdir, ""), (Path.mkdir, "public"), (Path.mkdir, "a/b/c")],
    ids=["there", "not yet", "nor its parents"],
)
def test_folder_that_can_be_written_is_left_as_it_was(
    tmp_path: Path, make: Callable[[Path], None], below: str
) -> None:
    make(tmp_path / "site")
    probe(tmp_path / "site" / below)
    assert list((tmp_path / "site").rglob("*")) == []


@pytest.mark.parametrize("below", ["", "public/feeds"], ids=["itself", "above it"])
@pytest.mark.parametrize(
    ("make", "fix"),
    [(Path.touch, "Remove the file that stands"), (link_to_nowhere, "replace the link that leads nowhere")],
    ids=["file", "link to nowhere"],
)
def test_what_is_no_folder_is_told_with_a_cure(
    tmp_path: Path, make: Callable[[Path], None], fix: str, below: str
) -> None:
    make(tmp_path / "site")
    with pytest.raises(OutputUnwritable, match=fix) as caught:
        probe(tmp_path / "site" / below)
    assert not caught.value.passing


def test_folder_of_somebody_else_is_told_with_a_cure(tmp_path: Path) -> None:
    """Root may write everywhere, so root asks as nobody (in a process that has loaded all it needs)."""
    script = PROBE.replace("\n#\n", "\nos.setuid(65534)\n" if os.geteuid() == 0 else "\n")
    folder = tmp_path / "site"
    folder.mkdir()
    folder.chmod(0o555)
    for one in (tmp_path, *tmp_path.parents[:2]):
        one.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True)
    assert "False Cannot write the output folder" in done.stdout, done.stderr
    assert "Permission denied. Let the service's user write there" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("ro", "False Cannot write the output folder: {}: Read-only file system. Mount the file system for"),
        ("size=0,nr_inodes=1", "True Cannot write the output folder: {}: No space left on device. Make room"),
        ("size=4k", "True Cannot write the output folder"),
    ],
    ids=["read-only", "no inodes", "full"],
)
def test_full_disk_may_pass_and_a_read_only_one_does_not(tmp_path: Path, options: str, said: str) -> None:
    """On a real small file system, in a name space of its own."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("no mount name spaces here (unshare -rm)")
    fill = 'dd if=/dev/zero of="$1/full" bs=4k count=1 2>/dev/null' if "4k" in options else "true"
    mounted = f'mount -t tmpfs -o {options} none "$1" && {{ {fill}; exec "$2" -c "$3" "$1"; }}'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, "sh", tmp_path, sys.executable, PROBE],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert said.format(tmp_path) in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == ("['full']" if "4k" in options else "[]")
