"""What the commands share in reading their arguments."""

from __future__ import annotations

import argparse
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
