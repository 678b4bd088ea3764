"""`groovelive genres` and `groovelive presets`: what a model knows, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..model import Model, load
from .arguments import described

COMMANDS = {
    "genres": "list the genres that the model knows",
    "presets": "list the presets, each a named groove",
}


def main(command: str, argv: Sequence[str]) -> int:
    """Run one of `COMMANDS` and return its exit code.

    Args:
        command: which.
        argv: its arguments.

    Raises:
        GrooveError: an argument is wrong, or the model cannot be read.

    >>> main("presets", [])  # doctest: +ELLIPSIS
    straight ahead     rock...
    0
    """
    parser = described(command, COMMANDS[command])
    parser.add_argument("--model", metavar="DIR", type=Path, help="default: the shipped model")
    model = load(parser.parse_args(list(argv)).model)
    print("\n".join(model.genres if command == "genres" else _presets(model)))
    return 0


def _presets(model: Model) -> list[str]:
    width = max(map(len, model.presets), default=0)
    return [f"{name:{width}}  {preset.genre}" for name, preset in model.presets.items()]
