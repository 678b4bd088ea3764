"""`groovelive ableton`: put the Remote Script where Live finds it, and find out why it does not run."""

from __future__ import annotations

import argparse
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from ..errors import GrooveError
from .connection import LiveLink
from .errors import LinkDown, LiveError
from .handshake import LiveHello
from .user_library import NAME, VARIABLE, Computer, Script, source

STEPS = """\
Three clicks are left to do:
  1. Start Live (quit it first if it runs: it looks for new scripts only when it starts).
  2. Open its settings (macOS: Live, Settings; Windows: Options, Settings), on the page Link, Tempo & MIDI
     (Live 11: Preferences, Link Tempo MIDI).
  3. Under Control Surface choose GrooveLive in any row; its Input and Output stay at None.
The status bar says "GrooveLive" when a program connects. `groovelive ableton status` tells whether it runs."""

AGAIN = """\
Live runs an older build. In its settings, Link, Tempo & MIDI, set the Control Surface GrooveLive to None and back."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GrooveError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str], computer: Computer | None = None) -> int:
    """Run `groovelive ableton …` and return its exit code: 1 where something is left to do.

    Raises:
        GrooveError: an argument is wrong, or what it asks for is impossible.

    >>> import tempfile
    >>> library = Path(tempfile.mkdtemp(), "User Library")
    >>> library.mkdir()
    >>> main(["install", "--user-library", str(library), "--dry-run"])  # doctest: +ELLIPSIS
    would write ...GrooveLive (version ...
    0
    """
    parser = _Parser(prog="groovelive ableton", description="The Remote Script for Ableton Live, 11 to 12.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, what in (
        ("install", "put the script into the User Library, or a newer one over it"),
        ("status", "tell which script is installed, and which one runs in Live"),
        ("doctor", "find out why Live and groovelive do not find each other"),
        ("uninstall", "remove the script"),
    ):
        command = commands.add_parser(name, help=what, description=f"{what.capitalize()}.")
        command.add_argument("--user-library", metavar="DIR", help=f"default: found, or as {VARIABLE} says")
        if name == "install":
            command.add_argument(
                "--copy-abletonosc", metavar="DIR", type=Path, help="put a checkout of AbletonOSC there too"
            )
        if name in ("install", "uninstall"):
            command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    given = parser.parse_args(list(argv))
    computer = computer or Computer()
    if given.command == "doctor":
        return doctor(computer, given.user_library)
    script = Script(computer.library(given.user_library) / "Remote Scripts" / NAME)
    if given.command == "install":
        if given.copy_abletonosc is not None:
            other = Script(script.folder.with_name("AbletonOSC"))
            if not given.dry_run:
                other.copy(given.copy_abletonosc)
            print(f"{'would write' if given.dry_run else 'wrote'} {other.folder}")
        return install(script, given.dry_run)
    return uninstall(script, given.dry_run) if given.command == "uninstall" else status(script)


def install(script: Script, dry_run: bool = False) -> int:
    """Put the script into a User Library, and print what is left to do in Live."""
    new = Script(source())
    about = f"{script.folder} (version {new.version}, build {new.build})"
    if dry_run:
        print(f"would write {about}{', over the one that is there' if script.there else ''}")
        return 0
    anew = not script.there
    script.install()
    print(f"wrote {about}")
    running = _running(script)[0]
    if running is not None and running.build != new.build:
        print(AGAIN)
    elif running is None or anew:
        print(STEPS)
    else:
        print(f"Live {running.live} runs this build already.")
    return 0


def uninstall(script: Script, dry_run: bool = False) -> int:
    """Remove the script from a User Library."""
    if dry_run and script.there:
        print(f"would remove {script.folder}")
        return 0
    script.remove()
    print(f"removed {script.folder}; choose None in its row of Control Surfaces in Live's settings")
    return 0


def status(script: Script) -> int:
    """Tell what is installed and what runs; 0 where they are this package's own."""
    new = Script(source())
    if not script.there:
        print(f"not installed in {script.folder.parent}: groovelive ableton install")
        return 1
    same = script.build == new.build
    print(f"installed: {script.folder}, version {script.version}, build {script.build}")
    if not same:
        print(f"this groovelive has version {new.version}, build {new.build}: groovelive ableton install")
    running, why = _running(script)
    if running is None:
        print(f"running: no. {why}")
        return 1
    where = f"Live {running.live} (Python {running.python})"
    print(f"running: version {running.version}, build {running.build}, in {where}")
    if running.build != script.build:
        print(AGAIN)
    return 0 if same and running.build == script.build else 1


def doctor(computer: Computer, library: str | None = None) -> int:
    """Check everything in the order in which it can be wrong; 0 where nothing is."""
    wrong = 0
    for good, sentence in _findings(computer, library):
        wrong += good == "wrong"
        print(f"{'ok   ' if good == 'ok' else 'note ' if good == 'note' else 'WRONG'} {sentence}")
    print("nothing is wrong" if not wrong else f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong")
    return 1 if wrong else 0


Finding = tuple[Literal["ok", "note", "wrong"], str]


def _findings(computer: Computer, library: str | None) -> Iterator[Finding]:
    try:
        found = computer.library(library)
    except GrooveError as error:
        yield "wrong", str(error)
        return
    yield "ok", f"the User Library is {found}"
    others = [other for other in computer.libraries() if other != found]
    if others and not library:
        listed = ", ".join(map(str, others))
        yield "note", f"there are other User Libraries: {listed}; Live's settings show which one it uses"
    scripts = found / "Remote Scripts"
    script, new = Script(scripts / NAME), Script(source())
    yield from _misplaced(computer, scripts)
    if not script.there:
        yield "wrong", f"{script.folder} is not there: groovelive ableton install"
        return
    if script.build == new.build:
        yield "ok", f"the script is installed: version {script.version}, build {script.build}"
    else:
        yield "wrong", f"its build {script.build} is not this package's, {new.build}: groovelive ableton install"
    running, why = _running(script)
    if running is None:
        yield "wrong", why
        yield from _log(computer)
    elif running.build != script.build:
        yield "wrong", AGAIN.replace("\n", " ")
    else:
        yield "ok", f"it runs in Live {running.live} (Python {running.python}), with {len(running.requests)} requests"


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


def _running(script: Script) -> tuple[LiveHello | None, str]:
    """Return what runs at the port of a script, or None and why not."""
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
