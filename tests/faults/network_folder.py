"""A folder that is mounted from elsewhere, as NFS is: no events of others, slow answers, errors, no answers.

The kernel's FUSE protocol (linux/fuse.h, version 7.31), read-only and as little of it as walking and reading
a folder needs. Whoever writes to the folder behind it is another machine: nobody here gets an event.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

FORGET, BATCH_FORGET, INTERRUPT = 2, 42, 36
"""Requests that are not answered."""
HEADER = struct.Struct("<IIQQIIII")
BUFFER_BYTES = 1 << 20


class NetworkFolder:
    """`behind` seen at `mount`. Set `delay_s`, `error` (an errno) or `hanging` while it is mounted."""

    def __init__(self, behind: Path, mount: Path) -> None:
        self.mount, self.delay_s, self.error = mount, 0.0, 0
        self.hanging, self.answered = threading.Event(), 0
        self._go_on = threading.Event()
        self._paths: dict[int, Path] = {1: behind}
        self._nodes: dict[Path, int] = {behind: 1}
        self._files: dict[int, int] = {}
        self._device = os.open("/dev/fuse", os.O_RDWR)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def open(self) -> None:
        """Mounts it. Skips the test where this user may not."""
        options = f"fd={self._device},rootmode=40000,user_id={os.getuid()},group_id=0,allow_other".encode()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"network", os.fsencode(self.mount), b"fuse", 1 | 2 | 4, options):
            os.close(self._device)
            pytest.skip(f"needs the right to mount by FUSE: {os.strerror(ctypes.get_errno())}")
        self._thread.start()

    def close(self) -> None:
        """Whoever waits for an answer gets an error, and the folder is empty again."""
        self.release()
        subprocess.run(["umount", "--lazy", str(self.mount)], check=True)
        self._thread.join(10)
        os.close(self._device)

    def hang(self) -> None:
        """No answer to anything, until `release`."""
        self._go_on.clear()
        self.hanging.set()

    def release(self) -> None:
        self.hanging.clear()
        self._go_on.set()

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self._device, BUFFER_BYTES)
            except OSError as failure:
                if failure.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return  # unmounted
            _, kind, unique, node, *_ = HEADER.unpack_from(request)
            if kind in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            if self.hanging.is_set():
                self._go_on.wait()
            try:
                code, data = 0, self._answer(kind, node, request[HEADER.size :])
            except OSError as failure:
                code, data = -(failure.errno or errno.EIO), b""
            try:
                os.write(self._device, struct.pack("<IiQ", 16 + len(data), code, unique) + data)
            except OSError:  # whoever asked is gone, or all of it
                continue
            self.answered += 1

    def _answer(self, kind: int, node: int, body: bytes) -> bytes:
        if kind == 26:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 65_536, 0, 12, 9, 65_536, 1, 0, 0, 0)
        if self.delay_s:
            time.sleep(self.delay_s)
        if self.error:
            raise OSError(self.error, "as asked")
        answer = self._answers.get(kind)
        if answer is None:
            raise OSError(errno.ENOSYS, "not known here")
        return answer(self, self._paths[node], body)

    def _look_up(self, folder: Path, body: bytes) -> bytes:
        path = folder / os.fsdecode(body.rstrip(b"\0"))
        found = path.lstat()
        node = self._nodes.setdefault(path, len(self._nodes) + 1)
        self._paths[node] = path
        return struct.pack("<QQQQII", node, 0, 0, 0, 0, 0) + _attributes(node, found)

    def _attributes(self, path: Path, _body: bytes) -> bytes:
        return struct.pack("<QII", 0, 0, 0) + _attributes(self._nodes[path], path.lstat())

    def _open(self, path: Path, _body: bytes) -> bytes:
        handle = os.open(path, os.O_RDONLY)
        self._files[handle] = handle
        return struct.pack("<QII", handle, 1, 0)  # 1: nothing is cached (FOPEN_DIRECT_IO)

    def _read(self, _path: Path, body: bytes) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        return os.pread(handle, size, offset)

    def _release(self, _path: Path, body: bytes) -> bytes:
        (handle,) = struct.unpack_from("<Q", body)
        os.close(self._files.pop(handle))
        return b""

    def _open_folder(self, path: Path, _body: bytes) -> bytes:
        path.lstat()
        return struct.pack("<QII", 0, 0, 0)

    def _read_folder(self, path: Path, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        data = b""
        for place, found in enumerate(sorted(path.iterdir())[offset:], start=offset + 1):
            name = os.fsencode(found.name)
            kind = stat.S_IFMT(found.lstat().st_mode) >> 12
            row = struct.pack("<QQII", found.lstat().st_ino, place, len(name), kind) + name
            row += bytes(-len(row) % 8)
            if len(data) + len(row) > size:
                break
            data += row
        return data

    def _nothing(self, _path: Path, _body: bytes) -> bytes:
        return b""

    _answers: Mapping[int, Callable[[NetworkFolder, Path, bytes], bytes]] = {
        1: _look_up,
        3: _attributes,
        14: _open,
        15: _read,
        17: lambda *_: struct.pack("<QQQQQIIII24x", 1, 1, 1, 1, 1, 4096, 255, 4096, 0),
        18: _release,
        25: _nothing,
        27: _open_folder,
        28: _read_folder,
        29: _nothing,
        34: _nothing,
    }


def _attributes(node: int, found: os.stat_result) -> bytes:
    """`fuse_attr`, with the number that this side gave the file."""
    times = (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)
    seconds, rest = [time // 10**9 for time in times], [time % 10**9 for time in times]
    owner = (found.st_mode, found.st_nlink, found.st_uid, found.st_gid, 0, 4096, 0)
    return struct.pack("<6Q10I", node, found.st_size, found.st_blocks, *seconds, *rest, *owner)


@contextmanager
def network_folder(behind: Path, mount: Path) -> Iterator[NetworkFolder]:
    """`behind` mounted at `mount`, from another machine as it were."""
    behind.mkdir(exist_ok=True)
    mount.mkdir(exist_ok=True)
    try:
        folder = NetworkFolder(behind, mount)
    except OSError as failure:
        pytest.skip(f"needs /dev/fuse: {failure.strerror}")
    folder.open()
    try:
        yield folder
    finally:
        folder.close()
