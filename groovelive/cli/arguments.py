"""What the commands share in reading their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import GrooveError


class Parser(argparse.ArgumentParser):
    """An argument parser that tells a mistake in one sentence.

    >>> Parser(prog="groovelive keys").parse_args(["--nonsense"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: unrecognized arguments: --nonsense (see groovelive keys --help)
    """

    def error(self, message: str) -> NoReturn:
        """Raise a GrooveError in place of ending the process."""
        raise GrooveError(f"{message} (see {self.prog} --help)")


def described(command: str, about: str, **options: Any) -> Parser:
    """Return the parser of a command.

    Args:
        command: its name, after `groovelive`.
        about: what it does, as the list of commands has it: without a capital, or a full stop.
        options: more for the parser, such as an `epilog`.

    >>> described("stop", "end what is running").description
    'End what is running.'
    """
    return Parser(prog=f"groovelive {command}", description=f"{about[0].upper()}{about[1:]}.", **options)


@dataclass(frozen=True, slots=True)
class Need:
    """What options of a command need in order to have an effect; without it they are refused, not ignored.

    An option with a need has no default of its own: None, False or an empty list says that it was not given.

    Args:
        options: as they are typed, without the dashes: "kit", "top-k".
        met: whether what was typed has it.
        said: what follows the option in the sentence: what it is for, and what to do.
    """

    options: tuple[str, ...]
    met: Callable[[argparse.Namespace], bool]
    said: str


def check_needs(arguments: argparse.Namespace, needs: Iterable[Need]) -> None:
    """Refuse options that would have no effect.

    Raises:
        GrooveError: one was given without what it needs.

    >>> need = Need(("kit",), lambda given: bool(given.output), "is of a MIDI file; add -o beat.mid")
    >>> check_needs(argparse.Namespace(kit="roland", output=[]), [need])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: --kit is of a MIDI file; add -o beat.mid
    """
    for need in needs:
        for option in need.options:
            given = getattr(arguments, option.replace("-", "_"))
            if given is not None and given is not False and given != [] and not need.met(arguments):
                raise GrooveError(f"--{option} {need.said}")


def writes(*endings: str) -> Callable[[argparse.Namespace], bool]:
    """Return what tells whether one of the outputs has one of these endings."""
    return lambda arguments: any(path.suffix.lower() in endings for path in arguments.output)
