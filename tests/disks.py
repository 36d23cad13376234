"""Small disks of their own, that a test can fill, or cut off from power."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

EXT4_SHUTDOWN, WITHOUT_FLUSHING = 0x8004587D, 2
"""`EXT4_IOC_SHUTDOWN`, as `xfs_io -c shutdown` sends it: what was not synced never reaches the disk."""


@contextmanager
def small_disk(folder: Path, *, size: str = "2m") -> Iterator[Path]:
    """A file system at `folder`, of two megabytes. Skips the test where this user may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Takes all space that is left; the file to remove to give it back."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return filler


class PoweredDisk:
    """An ext4 of its own in a file: `cut_power` loses what nobody synced, `power_on` mounts what is left."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder, self._image, self._numbers = folder, image, count()

    def power_on(self) -> None:
        """Mounts it, which replays the journal. Skips the test where this user may not.

        What is mounted is a copy: another test's name space of mounts may hold the former disk, which
        mount(8) would give out again, dead as it is.
        """
        former, self._image = self._image, self._image.with_suffix(f".{next(self._numbers)}")
        subprocess.run(["cp", "--sparse=always", former, self._image], check=True)
        former.unlink()
        mount = ["mount", "-o", "loop", str(self._image), str(self.folder)]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs the right to mount a disk in a file: {done.stderr.strip()}")

    def cut_power(self) -> None:
        """From now on nothing is read or written, as if the machine were gone; whoever has it open ends."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
        finally:
            os.close(descriptor)

    def power_off(self) -> None:
        """Takes it away, once its last user is dead."""
        for _ in range(200):
            done = subprocess.run(["umount", str(self.folder)], capture_output=True, text=True)
            if done.returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(done.stderr)


@contextmanager
def powered_disk(folder: Path, image: Path) -> Iterator[PoweredDisk]:
    """A disk of 64 MB at `folder`, kept in the file `image`."""
    mkfs = shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if mkfs is None:
        pytest.skip("needs mkfs.ext4")
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * 2**20)
    subprocess.run([mkfs, "-q", "-F", str(image)], check=True)
    disk = PoweredDisk(folder, image)
    disk.power_on()
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
