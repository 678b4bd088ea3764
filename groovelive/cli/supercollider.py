"""`groovelive supercollider`: the Quark, drums inside SuperCollider's patterns, installed and looked after."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from .. import __version__
from ..checks import whole
from ..supercollider.doctor import door, examine
from ..supercollider.install import install, look, uninstall
from ..supercollider.paths import NAME
from .arguments import Parser
from .services import OSC_PORT
from .status import report

_NEXT = """\
Now recompile the class library (in SuperCollider's IDE: Language, Recompile Class Library; else thisProcess.recompile).
With `groovelive serve` in a terminal, and a server booted, this is a first beat:
  GrooveLive.drummer(\\d1).source("9.4.7.4.9.47.4.6"); Pgroove(\\d1).play(TempoClock(2));"""


def main(argv: Sequence[str]) -> int:
    """Run `groovelive supercollider` and return its exit code.

    Raises:
        GrooveError: an argument is wrong, or what it asks for is impossible.

    >>> main(["instal"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: argument COMMAND: invalid choice: 'instal' ...
    """
    parser = Parser(prog="groovelive supercollider", description="The Quark: drums inside SuperCollider's patterns.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    abouts: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
        "install": (_install, "put the Quark into SuperCollider's Extensions folder"),
        "uninstall": (_uninstall, "remove what install has put there, and nothing else"),
        "status": (_status, "tell what is installed, and whether it is that of this groovelive"),
        "doctor": (_doctor, "look for what is wrong: sclang, its class library, scsynth, the conductor"),
    }
    for name, (run, about) in abouts.items():
        command = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        command.set_defaults(run=run)
        command.add_argument("--folder", metavar="DIR", type=Path, help="the Extensions folder (default: the user's)")
        if name in ("install", "uninstall"):
            command.add_argument("--force", action="store_true", help="files that you have changed, too")
        if name == "install":
            command.add_argument("--link", action="store_true", help="a link to this groovelive's folder, not a copy")
        if name in ("status", "doctor"):
            command.add_argument("--port", metavar="N", type=int, default=OSC_PORT, help="of the conductor's OSC door")
        if name == "status":
            command.add_argument("--json", action="store_true", help="as one JSON object")
    arguments = parser.parse_args(list(argv))
    if arguments.folder is not None:
        arguments.folder = arguments.folder.absolute()
    whole("port", getattr(arguments, "port", OSC_PORT), 1, 65535)
    return int(arguments.run(arguments))


def _install(arguments: argparse.Namespace) -> int:
    done, kept = install(arguments.folder, link=arguments.link, force=arguments.force)
    found = look(arguments.folder)
    for name in kept:
        print(f"kept, since you have changed it: {name} (--force takes ours)")
    if done:
        print(f"{NAME} {__version__} is in {found.folder}{', a link' if found.link else ''}.\n{_NEXT}")
    else:
        print(f"{NAME} {__version__} is in {found.folder} already")
    return 0


def _uninstall(arguments: argparse.Namespace) -> int:
    done, kept = uninstall(arguments.folder, force=arguments.force)
    folder = look(arguments.folder).folder
    for name in kept:
        print(f"kept, since it is yours: {name}{' (sclang goes on compiling it)' if name.endswith('.sc') else ''}")
    print(f"{NAME} is gone from {folder}; recompile the class library" if done else f"nothing to remove at {folder}")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    found = look(arguments.folder)
    answer = door(arguments.port)
    if arguments.json:
        told = msgspec.to_builtins(found, enc_hook=str)
        told |= {"groovelive": __version__, "port": arguments.port, "protocol": answer[0] if answer else None}
        print(msgspec.json.encode(told).decode())
        return 0
    if found.version is None:
        print(f"not installed in {found.folder.parent}: groovelive supercollider install")
    else:
        how = "a link to this groovelive" if found.link else "that of this groovelive" if found.matches else (
            f"not that of this groovelive ({__version__}): groovelive supercollider install"
        )  # fmt: skip
        print(f"{NAME} {found.version} in {found.folder}, {how}")
    for what in ("modified", "missing", "added"):
        if names := getattr(found, what):
            print(f"  {what}: {', '.join(names)}")
    for other in found.elsewhere:
        print(f"  also at {other}")
    print(f"the conductor's OSC door {'answers' if answer else 'does not answer'} at port {arguments.port}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    healthy = True
    for fine, line in examine(arguments.folder, arguments.port, conductor=lambda: report()["conductor"]):
        print(f"{'ok   ' if fine else 'WRONG'} {line}", flush=True)
        healthy = healthy and fine
    return 0 if healthy else 1
