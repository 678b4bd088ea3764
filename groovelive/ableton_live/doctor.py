"""What is wrong between groovelive and Ableton Live, looked for one thing after another."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ..errors import GrooveError
from .connection import LiveLink
from .errors import LinkDown, LiveError
from .handshake import LiveHello
from .user_library import NAME, Computer, Script, source

AGAIN = """\
Live runs an older build. In its settings, Link, Tempo & MIDI, set the Control Surface GrooveLive to None and back."""

Finding = tuple[Literal["ok", "note", "wrong"], str]
"""Whether a thing is well, to be known, or wrong, and what it is."""


def examine(computer: Computer, library: str | None = None) -> Iterator[Finding]:
    """Look at everything between this package and Live, in the order in which it can be wrong.

    Args:
        computer: with the folders of Live.
        library: the User Library; by default the one that is found.
    """
    try:
        place = computer.library(library)
    except GrooveError as error:
        yield "wrong", str(error)
        return
    yield "ok", f"the User Library is {place}"
    others = [other for other in computer.libraries() if other != place]
    if others and not library:
        listed = ", ".join(map(str, others))
        yield "note", f"there are other User Libraries: {listed}; Live's settings show which one it uses"
    scripts = place / "Remote Scripts"
    script, new = Script(scripts / NAME), Script(source())
    yield from _misplaced(computer, scripts)
    if not script.there:
        yield "wrong", f"{script.folder} is not there: groovelive ableton install"
        return
    if script.build == new.build:
        yield "ok", f"the script is installed: version {script.version}, build {script.build}"
    else:
        yield "wrong", f"its build {script.build} is not this package's, {new.build}: groovelive ableton install"
    found, why = running(script)
    if found is None:
        yield "wrong", why
        yield from _log(computer)
    elif found.build != script.build:
        yield "wrong", AGAIN.replace("\n", " ")
    else:
        yield "ok", f"it runs in Live {found.live} (Python {found.python}), with {len(found.requests)} requests"


def _misplaced(computer: Computer, scripts: Path) -> Iterator[Finding]:
    """Folders in which others have put scripts in vain."""
    for folder in computer.preferences():
        if (vain := folder / "User Remote Scripts" / NAME).exists():
            yield "wrong", f"{vain} is in a folder where Live runs no such script: remove it"
    if scripts.is_dir():
        for path in scripts.iterdir():
            if path.name != NAME and path.name.lower().startswith(NAME.lower()):
                yield "wrong", f"{path} has another name: Live shows a script by the name of its folder; remove it"
    if (scripts / NAME / NAME).exists():
        yield "wrong", f"{scripts / NAME / NAME} is a folder in the folder: remove it and install again"


def _log(computer: Computer) -> Iterator[Finding]:
    """What Live's own log says last about the script."""
    for folder in computer.preferences()[:1]:
        try:
            with (folder / "Log.txt").open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - 200_000))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            continue
        fault = re.compile(r"error|exception|did not start|cannot", re.IGNORECASE)
        about = [line for line in lines if NAME in line and fault.search(line)]
        if about:
            yield "note", f"Live's log {folder / 'Log.txt'} says: {about[-1].strip()[:300]}"


def running(script: Script) -> tuple[LiveHello | None, str]:
    """Return what runs at the port of a script, or None and why not.

    Args:
        script: whose settings say where to look.
    """
    host, port, token = script.settings
    link = LiveLink(host, port, name="groovelive ableton", token=token)
    try:
        return link.connect(2.0), ""
    except LinkDown:
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return None, f"another program has the port {port}: end it, or name another port in groovelive.json"
        return None, f"nothing answers at {host}:{port}: Live does not run, or GrooveLive is not chosen in its settings"
    except LiveError as error:
        return None, str(error)
    finally:
        link.close()
