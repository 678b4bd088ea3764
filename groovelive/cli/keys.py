"""`groovelive keys`: the keys by which engines and conductors on other machines are reached."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..runtime import curve


def options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Add the arguments of the command, and return what runs it."""
    parser.set_defaults(run=_show)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add = commands.add_parser(
        "add", help="let another machine in, and know it by a name", description="Let another machine in."
    )
    add.add_argument("name", help="best that of its host, by which its key is then found")
    add.add_argument("key", help="its public key, as groovelive keys shows it there")
    add.set_defaults(run=_add)
    remove = commands.add_parser("remove", help="let a machine in no more", description="Let a machine in no more.")
    remove.add_argument("name")
    remove.set_defaults(run=_remove)
    return lambda arguments: int(arguments.run(arguments))


def _show(arguments: argparse.Namespace) -> int:
    pair = curve.create()
    print(f"public key of this machine: {pair.public.decode()}")
    for name, key in curve.known().items():
        print(f"known: {name} {key.decode()}")
    return 0


def _add(arguments: argparse.Namespace) -> int:
    curve.create()
    print(f"wrote {curve.add(arguments.name, arguments.key)}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    print(f"removed {curve.remove(arguments.name)}; who is connected stays so until the engine starts again")
    return 0
