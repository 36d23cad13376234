"""A machine of its own in which systemd runs: this one's files below a layer that is thrown away.

Namespaces for mounts, processes, the host's name and control groups, with systemd as the first process, as
systemd-nspawn makes them; the network is this machine's, so that a server on loopback is reached. What would
change this machine's kernel (`/proc/sys`, `/sys`) is read-only there. Needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

SYSTEMD = "/lib/systemd/systemd"
CGROUPS = Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")
"""Where version 2 of the control groups is, beside version 1 or alone."""

BOOT = f"""
set -e
cd "$1"
echo $$ > "$2/cgroup.procs"
exec unshare --cgroup --mount --pid --fork --kill-child --uts --ipc --propagation private sh -e -c '
    mount -t proc proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs dev
    for name in null zero full random urandom tty; do
        touch dev/$name
        mount --bind /dev/$name dev/$name
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    mount -t tmpfs tmpfs dev/shm
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs tmpfs tmp
    hostname syndicator-test
    mkdir -p run/before
    mkdir -p mnt/outside
    pivot_root . mnt/outside  # not chroot: no user namespace may be made in one
    umount -l /mnt/outside
    mount --make-rshared /  # or services see no credentials
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin {SYSTEMD} --system --unit=basic.target
'
"""


class CannotBoot(Exception):
    """This machine or this user has not what it takes; says what."""


class Machine:
    """A running one; `root` is where its files are seen from outside."""

    def __init__(self, root: Path, pid: int) -> None:
        self.root, self._pid = root, pid

    def run(
        self, *words: str, check: bool = True, patience_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """A command in it, as root."""
        enter = ["nsenter", "-t", f"{self._pid}", "-m", "-p", "-u", "-i", "-C", "-r", "-w"]
        done = subprocess.run([*enter, *words], capture_output=True, text=True, timeout=patience_s)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()


@contextmanager
def layered(folder: Path) -> Iterator[Path]:
    """This machine's files, and what is written there kept apart. Raises CannotBoot."""
    if os.geteuid() != 0:
        raise CannotBoot("only root can")
    if not Path(SYSTEMD).exists():
        raise CannotBoot("systemd is not installed")
    with ExitStack() as stack:
        _mount(stack, folder, "-t", "tmpfs", "tmpfs")
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        parts = f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work"
        _mount(stack, folder / "root", "-t", "overlay", "-o", parts, "overlay")
        for wanted in (folder / "root/etc/systemd/system").glob("*.wants"):
            shutil.rmtree(wanted)  # what this machine has enabled is not started there
        yield folder / "root"


def _mount(stack: ExitStack, place: Path, *options: str) -> None:
    done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True)
    if done.returncode:
        raise CannotBoot(f"cannot mount: {done.stderr.strip()}")
    stack.callback(subprocess.run, ["umount", "-l", str(place)], check=True)


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """Starts systemd on these files, and ends it with all that it started. Raises CannotBoot."""
    parent = next((place for place in CGROUPS if (place / "cgroup.controllers").exists()), None)
    if parent is None:
        raise CannotBoot("no control groups of version 2")
    group = parent / f"syndicator-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise CannotBoot(f"cannot make a control group: {error.strerror}") from error
    with (root.parent / "console").open("wb") as console:
        outer = subprocess.Popen(
            ["sh", "-c", BOOT, "sh", str(root), str(group)], stdout=console, stderr=console
        )
    try:
        yield Machine(root, _wait_for_boot(outer, root))
    finally:
        outer.kill()  # and with it the first process there (--kill-child), which ends all
        outer.wait()
        _remove(group)


def _wait_for_boot(outer: subprocess.Popen[bytes], root: Path) -> int:
    """The first process's number, as seen from outside, once it answers."""
    end = time.monotonic() + 60
    said = root.parent / "console"
    while time.monotonic() < end:
        if outer.poll() is not None:
            raise CannotBoot(said.read_text(errors="replace")[-500:])
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        if children:
            machine = Machine(root, int(children[0]))
            asked = machine.run("systemctl", "is-active", "basic.target", check=False)
            if asked.stdout.strip() == "active":
                return int(children[0])
        time.sleep(0.2)
    raise CannotBoot(f"systemd does not come up: {said.read_text(errors='replace')[-500:]}")


def _remove(group: Path) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        folders = [place for place in group.rglob("*") if place.is_dir()]
        with suppress(OSError):  # the last processes are still ending
            for place in [*sorted(folders, reverse=True), group]:
                place.rmdir()
            return
        time.sleep(0.1)
