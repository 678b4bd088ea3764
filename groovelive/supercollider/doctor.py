"""What is wrong between groovelive and SuperCollider, looked for one thing after another; each is one line."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import GrooveError
from ..osc_messages.codec import OscMessage, message, read
from ..outputs.sc_server import program as scsynth
from ..runtime.overheard import Overheard
from .install import look
from .paths import NAME, Places, include_paths, places, source

OLDEST = (3, 11)
PATIENCE = 60.0  # seconds that sclang may take to compile its class library
_SITE = "https://supercollider.github.io"
_FOLDERS = {
    "darwin": ("/Applications/SuperCollider.app/Contents/MacOS/sclang",
               "/Applications/SuperCollider/SuperCollider.app/Contents/MacOS/sclang"),
    "win32": ("C:/Program Files/SuperCollider-*/sclang.exe", "C:/Program Files/SuperCollider/sclang.exe"),
    "linux": ("/usr/bin/sclang", "/usr/local/bin/sclang", "/opt/*/bin/sclang"),
}  # fmt: skip
_SCRIPT = """
try {
    "groovelive: protocol %, from %".format(\\GrooveLive.asClass.protocol, \\Pgroove.asClass.filenameSymbol).postln;
} { "groovelive: no Pgroove".postln };
0.exit;
"""
_BROKEN = "Library has not been compiled successfully"
_OURS = re.compile(r"GrooveLive|Pgroove")

Conductor = Callable[[], Mapping[str, Any] | None]
Finding = tuple[bool, str]
"""Whether a thing is well, and what it is, or what is wrong with it and what to do."""


def examine(
    extensions: Path | None, port: int, where: Places | None = None, *, conductor: Conductor = lambda: None
) -> Iterator[Finding]:
    """Look at everything that drums in SuperCollider need.

    Args:
        extensions: the folder of classes; by default the user's.
        port: where the conductor's OSC door should be.
        where: SuperCollider looks for classes; by default as on this system.
        conductor: returns what is known of the conductor where nobody answers at the port; None where there is none.
    """
    yield from installation(extensions, where)
    yield _door(port, _protocol(source()), conductor)


def installation(extensions: Path | None, where: Places | None = None, *, compiling: bool = True) -> Iterator[Finding]:
    """Look at what is installed: the Quark, sclang, and scsynth.

    Args:
        extensions: the folder of classes; by default the user's.
        where: SuperCollider looks for classes; by default as on this system.
        compiling: whether sclang compiles its class library, which may take up to a minute.
    """
    where = places() if where is None else where
    yield from _quark(extensions, where)
    found = sclang()
    if found is None:
        yield False, f"no sclang is on PATH or in the usual folders: install SuperCollider 3.11 or newer ({_SITE})"
    else:
        version = sclang_version(found)
        if version is None:
            yield False, f"{found} does not tell its version: install SuperCollider again ({_SITE})"
        elif version < OLDEST:
            told = ".".join(map(str, version))
            yield False, f"{found} is SuperCollider {told}: the Quark needs 3.11 or newer ({_SITE})"
        else:
            yield True, f"sclang {'.'.join(map(str, version))} at {found}"
            if compiling:
                yield library(found, extensions, where)
    try:
        yield True, f"scsynth at {scsynth()}"
    except GrooveError as error:
        yield False, str(error)


def sclang() -> str | None:
    """Return where sclang is: on PATH, or in the usual folders of this system."""
    found = shutil.which("sclang")
    for pattern in _FOLDERS.get(sys.platform, ()):
        found = found or next(iter(sorted(glob.glob(pattern), reverse=True)), None)
    return found


def sclang_version(program: str) -> tuple[int, ...] | None:
    """Return the version that an sclang tells, as (3, 13, 0); None where it tells none."""
    try:
        done = subprocess.run(
            [program, "-v"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=20,
            env=_environment(), check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"sclang (\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    return tuple(int(part) for part in found.groups() if part) if found else None


def library(program: str, extensions: Path | None, where: Places) -> Finding:
    """Let sclang compile the class library as it would for this user, and see whether the Quark is in it, and well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ask.scd").write_text(_SCRIPT, encoding="utf-8")
        (folder / "SuperCollider").mkdir()
        included = include_paths(where.config)
        if extensions is not None and extensions != places().extensions:
            included.append(extensions / NAME)
        listed = "".join(f"\n    - {path}" for path in included) or " []"
        text = where.config.read_text(encoding="utf-8", errors="replace") if where.config.is_file() else ""
        rest = re.sub(r"^includePaths:[ \t]*(\[.*\])?[ \t]*\n(\s+(-.*|\[\])\n)*", "", text, flags=re.MULTILINE)
        config = folder / "conf.yaml"
        config.write_text(f"includePaths:{listed}\n{rest or 'excludePaths: []' + chr(10)}", encoding="utf-8")
        # Not the user's startup file: it may boot a server.
        environment = _environment() | {"XDG_CONFIG_HOME": name}
        said, why = _run([program, "-l", str(config), str(folder / "ask.scd")], environment, folder / "said")
    if said is None:
        how = f"has not compiled its class library within {PATIENCE:g} s ({why})"
        return False, f"sclang {how}: start it by hand and see"
    lines = said.splitlines()
    faults = [line.strip() for line in lines if line.startswith(("ERROR", "WARNING"))]
    if _BROKEN in said:
        why = faults[0] if faults else "it does not say why"
        return False, f"sclang can't compile its class library ({why}): start it to see all, and remove the cause"
    if ours := [
        line for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith(("ERROR", "WARNING")) and _OURS.search(line + after)
    ]:  # fmt: skip
        return False, f"sclang complains of the Quark ({ours[0].strip()}): groovelive supercollider install --force"
    told = re.search(r"^groovelive: protocol (\d+), from (.*)$", said, re.MULTILINE)
    if told is None and "groovelive: no Pgroove" in lines:
        return False, "sclang does not know Pgroove: groovelive supercollider install"
    if told is None:
        return False, f"sclang has ended before it could be asked ({why}): start it by hand and see"
    return True, f"the class library compiles with the Quark of {Path(told[2]).parents[1]}"


def door(port: int, host: str = "127.0.0.1") -> tuple[int, str] | None:
    """Return the version of the protocol, and the server, that an OSC door answers with; None where none answers.

    >>> door(9)
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask, contextlib.suppress(OSError):
        ask.connect((host, port))
        for _ in range(3):
            ask.settimeout(0.5)
            ask.send(message("/gl/hello", 1, 1))
            with contextlib.suppress(TimeoutError):
                for found in read(ask.recv(65536)):
                    # Where nobody has the port, the system may give it to this socket, which then hears itself.
                    match found:
                        case OscMessage("/gl/hello", (_, int(version), str(server), *_)):
                            return version, server
    return None


def _quark(extensions: Path | None, where: Places) -> Iterator[Finding]:
    try:
        found = look(extensions, where)
    except GrooveError as error:
        yield False, str(error)
        return
    others = found.elsewhere
    changed = f"; you have changed {', '.join(found.modified)}" if found.modified else ""
    if found.version is None and len(others) == 1:
        yield True, f"the Quark is at {others[0]}, not put there by this command"
    elif found.version is None:
        yield False, f"the Quark is not in {found.folder.parent}: groovelive supercollider install"
    elif not found.matches or found.missing:
        yield False, f"the Quark in {found.folder} is not that of this groovelive: groovelive supercollider install"
    else:
        yield True, f"Quark {found.version} in {found.folder}{changed}"
    if len(others) > (found.version is None):
        more = ", ".join(str(path) for path in others)
        yield False, f"GrooveLive is also at {more}, which breaks the class library: leave one, and take the rest away"


def _door(port: int, protocol: int, conductor: Conductor = lambda: None) -> Finding:
    answer = door(port)
    if answer is not None:
        version, server = answer
        if version != protocol:
            return False, (
                f"{server} at port {port} speaks version {version} of the OSC door and this Quark version {protocol}: "
                "let both be of one groovelive"
            )
        return True, f"{server} answers at port {port}, version {version} of the OSC door"
    known = conductor()
    if known is None:
        return False, f"nobody answers at port {port}: start the conductor with groovelive serve"
    place = known.get("osc") or "it has none"
    return False, f"nobody answers at port {port}; of the conductor's OSC door is known: {place}"


def _protocol(folder: Path) -> int:
    """Return the version of the OSC door that the Quark of a folder speaks."""
    text = (folder / "Classes" / f"{NAME}.sc").read_text(encoding="utf-8")
    found = re.search(r"classvar <protocol = (\d+);", text)
    if found is None:
        raise GrooveError(f"{folder} is no Quark of groovelive: its {NAME}.sc tells no protocol")
    return int(found[1])


def _environment() -> dict[str, str]:
    """Return the environment in which sclang runs without a display, and as root."""
    extra = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"} if sys.platform == "linux" else {}
    return {**os.environ, **extra}


def _run(command: list[str], environment: dict[str, str], out: Path) -> tuple[str | None, str]:
    """Run an sclang until it ends; without a class library it never does.

    Returns:
        What it posted, or None if it takes too long; and what became of it, with its last words beside that.
    """
    with out.open("wb") as file, Overheard(command, environment=environment, stdout=file) as program:
        end = time.monotonic() + PATIENCE
        while program.process.poll() is None and _BROKEN not in out.read_text(encoding="utf-8", errors="replace"):
            if time.monotonic() >= end:
                return None, program.said()
            time.sleep(0.1)
        how = program.state()
        program.process.kill()
    return out.read_text(encoding="utf-8", errors="replace"), how
