"""How what is typed behind an option is read: mixtures of genres, densities by group, lists of names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..errors import GrooveError


def _argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse tell what is wrong with an argument in the words of the GrooveError."""

    def typed(text: str) -> Any:
        try:
            return read(text)
        except GrooveError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    typed.__doc__ = read.__doc__
    return typed


@_argument
def genre(text: str) -> str | dict[str, float]:
    """Read a genre, or a mixture: funk:.7,jazz:.3.

    >>> genre("funk:.7,jazz:.3")
    {'funk': 0.7, 'jazz': 0.3}
    """
    if ":" not in text and "," not in text:
        return text
    return _weights(text, ":", "a mixture of genres is written as funk:.7,jazz:.3")


@_argument
def density(text: str) -> float | dict[str, float]:
    """Read a density, of all or by group: kick=.3,hats=.6."""
    if "=" in text:
        return _weights(text, "=", "densities are written as kick=.3,hats=.6")
    return number(text, "a density is a number from 0 to 1, or kick=.3,hats=.6")


@_argument
def seed(text: str) -> int:
    """Read a seed."""
    if not text.isdecimal():
        raise GrooveError(f"a seed is a whole number from 0 up, not {text!r}")
    return int(text)


def names(text: str) -> list[str]:
    """Read names with commas between them.

    >>> names("hats, toms")
    ['hats', 'toms']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def locks(text: str) -> list[str | int]:
    """Read names of voices and groups, and numbers of steps: kick,snare,0,16."""
    return [int(name) if name.isdecimal() else name for name in names(text)]


def track(text: str) -> int | str:
    """Read a track: its number, or a part of its name."""
    return int(text) if text.isdecimal() else text


def number(text: str, form: str) -> float:
    """Read a number, or raise a GrooveError that says `form`."""
    try:
        return float(text)
    except ValueError:
        raise GrooveError(form) from None


def whole(text: str, form: str) -> int:
    """Read a whole number, or raise a GrooveError that says `form`."""
    try:
        return int(text)
    except ValueError:
        raise GrooveError(form) from None


def _weights(text: str, sign: str, form: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, found, weight = part.partition(sign)
        if not found or not name.strip() or name.strip() in weights:
            raise GrooveError(f"{form}, not as {text!r}")
        weights[name.strip()] = number(weight, f"{form}, not as {text!r}")
    return weights
