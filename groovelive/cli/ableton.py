"""`groovelive ableton`: put the Remote Script where Live finds it, and find out why it does not run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..ableton_live.doctor import AGAIN, examine, running
from ..ableton_live.user_library import NAME, VARIABLE, Computer, Script, source
from .arguments import Parser

STEPS = """\
Three clicks are left to do:
  1. Start Live (quit it first if it runs: it looks for new scripts only when it starts).
  2. Open its settings (macOS: Live, Settings; Windows: Options, Settings), on the page Link, Tempo & MIDI
     (Live 11: Preferences, Link Tempo MIDI).
  3. Under Control Surface choose GrooveLive in any row; its Input and Output stay at None.
The status bar says "GrooveLive" when a program connects. `groovelive ableton status` tells whether it runs."""


def main(argv: Sequence[str], computer: Computer | None = None) -> int:
    """Run `groovelive ableton …` and return its exit code: 1 where something is left to do.

    Args:
        argv: the arguments.
        computer: whose Live it is; by default this one.

    Raises:
        GrooveError: an argument is wrong, or what it asks for is impossible.

    >>> import tempfile
    >>> library = Path(tempfile.mkdtemp(), "User Library")
    >>> library.mkdir()
    >>> main(["install", "--user-library", str(library), "--dry-run"])  # doctest: +ELLIPSIS
    would write ...GrooveLive (version ...
    0
    """
    parser = Parser(prog="groovelive ableton", description="The Remote Script for Ableton Live, 11 to 12.")
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
        return _doctor(computer, given.user_library)
    script = Script(computer.library(given.user_library) / "Remote Scripts" / NAME)
    if given.command == "install":
        if given.copy_abletonosc is not None:
            other = Script(script.folder.with_name("AbletonOSC"))
            if not given.dry_run:
                other.copy(given.copy_abletonosc)
            print(f"{'would write' if given.dry_run else 'wrote'} {other.folder}")
        return _install(script, given.dry_run)
    return _uninstall(script, given.dry_run) if given.command == "uninstall" else _status(script)


def _install(script: Script, dry_run: bool = False) -> int:
    """Put the script into a User Library, and print what is left to do in Live."""
    new = Script(source())
    about = f"{script.folder} (version {new.version}, build {new.build})"
    if dry_run:
        print(f"would write {about}{', over the one that is there' if script.there else ''}")
        return 0
    anew = not script.there
    script.install()
    print(f"wrote {about}")
    runs = running(script)[0]
    if runs is not None and runs.build != new.build:
        print(AGAIN)
    elif runs is None or anew:
        print(STEPS)
    else:
        print(f"Live {runs.live} runs this build already.")
    return 0


def _uninstall(script: Script, dry_run: bool = False) -> int:
    """Remove the script from a User Library."""
    if dry_run and script.there:
        print(f"would remove {script.folder}")
        return 0
    script.remove()
    print(f"removed {script.folder}; choose None in its row of Control Surfaces in Live's settings")
    return 0


def _status(script: Script) -> int:
    """Tell what is installed and what runs; 0 where they are this package's own."""
    new = Script(source())
    if not script.there:
        print(f"not installed in {script.folder.parent}: groovelive ableton install")
        return 1
    same = script.build == new.build
    print(f"installed: {script.folder}, version {script.version}, build {script.build}")
    if not same:
        print(f"this groovelive has version {new.version}, build {new.build}: groovelive ableton install")
    runs, why = running(script)
    if runs is None:
        print(f"running: no. {why}")
        return 1
    where = f"Live {runs.live} (Python {runs.python})"
    print(f"running: version {runs.version}, build {runs.build}, in {where}")
    if runs.build != script.build:
        print(AGAIN)
    return 0 if same and runs.build == script.build else 1


def _doctor(computer: Computer, library: str | None = None) -> int:
    """Check everything in the order in which it can be wrong; 0 where nothing is."""
    wrong = 0
    for good, sentence in examine(computer, library):
        wrong += good == "wrong"
        print(f"{'ok   ' if good == 'ok' else 'note ' if good == 'note' else 'WRONG'} {sentence}")
    print("nothing is wrong" if not wrong else f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong")
    return 1 if wrong else 0
