"""What the doctor looks at of the machine itself: packages, folders, ports, and the right to run in real time."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import GrooveError
from ..runtime.folders import config_folder, log_folder, runtime_folder, runtime_path
from ..runtime.hints import pip
from ..runtime.realtime import claim
from .findings import Finding

NEEDED: Final = {
    "numpy": "1.26", "onnxruntime": "1.19", "mido": "1.3", "msgspec": "0.19", "pyzmq": "26", "rich": "13.7",
    "platformdirs": "4.0",
}  # fmt: skip
"""The packages of the base installation, and the oldest version of each."""

_ROOM = 50_000_000  # bytes that a disk should have left: a minute of WAV has 12 MB
_LIMITS = ("/etc/security/limits.conf", "/etc/security/limits.d")
_LIMIT = re.compile(r"^\s*@audio\s+-?\s*\S*\s*rtprio\s+[1-9]", re.MULTILINE)


def versions() -> Iterator[Finding]:
    """Compare what is installed with what is needed."""
    from .. import __version__  # the package itself is above this room

    yield Finding(
        "versions", "ok",
        f"groovelive {__version__}, Python {platform.python_version()} at {sys.executable}, {platform.platform()}",
    )  # fmt: skip
    old = []
    for package, oldest in NEEDED.items():
        try:
            found = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found = ""
        if number_of(found) < number_of(oldest):
            old.append((package, f"{package} {found or 'is not there'}, of which {oldest} or newer is needed"))
    for package, what in old:
        mend = pip("--upgrade", f'"{package}>={NEEDED[package]}"')
        yield Finding("versions", "broken", what, mend, "A package is missing or too old")
    if not old:
        yield Finding("versions", "ok", f"{len(NEEDED)} packages that it needs are there, and new enough")


def number_of(version: str) -> tuple[int, ...]:
    """Return a version as numbers that can be compared.

    >>> number_of("1.9") < number_of("1.26.4"), number_of("")
    (True, ())
    """
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def folders() -> Iterator[Finding]:
    """Write a file into each folder that is written to, or would be."""
    for what, folder, variable in (
        ("configuration", config_folder(), "GROOVELIVE_CONFIG"),
        ("logs", log_folder(), "GROOVELIVE_STATE"),
        ("sockets", runtime_path(), "GROOVELIVE_RUNTIME"),
        ("working folder", Path.cwd(), ""),
    ):
        mend = f"export {variable}=DIR" if variable else "cd"
        if sys.platform == "win32":
            mend = f"set {variable}=DIR" if variable else "cd %USERPROFILE%"
        try:
            if what == "sockets":
                _own(folder)
            left = shutil.disk_usage(_try_to_write(folder)).free
        except (OSError, GrooveError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            yield Finding(
                "folders", "broken", f"the {what}, {folder}, can't be written: {why}", mend, "A folder can't be written"
            )
            continue
        if left < _ROOM:
            yield Finding(
                "folders", "broken", f"the disk of the {what}, {folder}, has {left / 1e6:.0f} MB left", mend,
                "A folder can't be written",
            )  # fmt: skip
        else:
            yield Finding("folders", "ok", f"{what}: {folder}")


def _own(folder: Path) -> None:
    """See whether the runtime folder can be made and is ours; leave none behind that was not there."""
    there = folder.exists()
    runtime_folder()
    if not there:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _try_to_write(folder: Path) -> Path:
    """Write a file into a folder, or into that in which it would be made; return which."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".groovelive-doctor-") as file:
        file.write(b"written")
        file.flush()
    return folder


def ports(port: int, conductor: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Bind the port of the OSC door, unless the conductor that runs has it.

    Args:
        port: of the OSC door.
        conductor: what `groovelive status` knows of it.
    """
    if conductor is not None:
        said = conductor.get("osc")
        if said and not said[0].isdigit():
            yield Finding("ports", "broken", said, f"groovelive serve --osc-port {port + 1}", "A port is taken")
        else:
            yield Finding("ports", "ok", f"the session hears OSC at {said}" if said else "the session hears no OSC")
        return
    taken = [name for name, kind in (("UDP", socket.SOCK_DGRAM), ("TCP", socket.SOCK_STREAM)) if _taken(port, kind)]
    if taken:
        what = f"another program has the port {port} ({' and '.join(taken)}), at which OSC would be heard"
        yield Finding("ports", "missing", what, f"groovelive serve --osc-port {port + 1}", "A port is taken")
    else:
        yield Finding("ports", "ok", f"the port {port} is free: there OSC will be heard, UDP and TCP")


def _taken(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM and os.name == "posix":  # as a server does: not those that have just been closed
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def realtime(conductor: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Ask for a real-time priority, in a thread that ends at once.

    Args:
        conductor: what `groovelive status` knows of it.
    """
    if sys.platform != "linux":
        yield Finding("realtime", "ok", "this system needs no right: threads that play have an ordinary priority")
        return
    if os.environ.get("GROOVELIVE_FIFO") == "0":
        yield Finding("realtime", "ok", "GROOVELIVE_FIFO=0: no thread asks for a real-time priority")
        return
    said: list[bool] = []
    thread = threading.Thread(target=lambda: said.append(claim(1)))
    thread.start()
    thread.join()
    if not said[0]:
        yield Finding(
            "realtime", "missing", "this user may not run in real time (SCHED_FIFO): under load, notes come later",
            _right(), "No real-time priority",
        )  # fmt: skip
    elif conductor is not None and conductor.get("fifo") is False:
        yield Finding(
            "realtime", "missing", "this user may run in real time, but the session was started without the right",
            "groovelive stop", "No real-time priority",
        )  # fmt: skip
    else:
        yield Finding("realtime", "ok", "threads that play may run in real time (SCHED_FIFO)")


def _right() -> str:
    """Return the command that gives a user the right to run in real time; to be followed by logging in again."""
    member = 'sudo usermod -aG audio "$USER"'
    first, folder = map(Path, _LIMITS)
    texts = []
    for path in [first, *sorted(folder.glob("*.conf"))]:
        with contextlib.suppress(OSError):
            texts.append(path.read_text(errors="replace"))
    if any(_LIMIT.search(text) for text in texts):
        return member
    return f"echo '@audio - rtprio 95' | sudo tee {folder}/audio.conf && {member}"
