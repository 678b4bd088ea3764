"""`groovelive models check`: what is wrong with a model folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Add the arguments of the command, and return what runs it."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="tell what is wrong with a model folder",
        description="Load a model folder as the engine would, and tell what is wrong with it.",
    )
    check.add_argument("folder", metavar="DIR", type=Path)
    check.add_argument("--backend", choices=("onnx", "torch"), help="default: as its manifest says")
    check.set_defaults(run=_check)
    return lambda arguments: int(arguments.run(arguments))


def _check(arguments: argparse.Namespace) -> int:
    from ..engine.models import check  # start-up time: onnxruntime, which no other of these commands needs

    problems = check(arguments.folder, arguments.backend)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{arguments.folder} is a model that the engine can serve")
    return 1 if problems else 0
