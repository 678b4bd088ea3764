"""The numbers in mini-notation: how they are read, and what each sign takes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..errors import GrooveError

MAX_DIGITS = 12

Atom = Callable[[str], Any]
"""Makes a value of a word; raises a ValueError for what it does not know."""


def fraction(word: str) -> Fraction | None:
    """Return the number that a word stands for, 1%3 a third; None for no number, or one of too many digits.

    >>> fraction(".5"), fraction("1%3"), fraction("1%0"), fraction("bd")
    (Fraction(1, 2), Fraction(1, 3), None, None)
    """
    if sum(c.isdigit() for c in word) > MAX_DIGITS:
        return None
    over, ratio, under = word.partition("%")
    try:
        return Fraction(over) / int(under) if ratio else Fraction(over)
    except (ValueError, ZeroDivisionError):
        return None


def above_zero(value: Fraction) -> str:
    """Return what is wrong with a speed or a number of steps, or nothing."""
    return "" if value > 0 else "a speed or a number of steps must be above 0"


def velocity(value: Fraction) -> str:
    """Return what is wrong with a velocity, or nothing."""
    return "" if 0 < value <= 1 else "a velocity lies above 0, up to 1"


def sample_number(value: Fraction) -> str:
    """Return what is wrong with the number of a sample, or nothing."""
    return "" if value >= 0 and value.denominator == 1 else "the number of a sample is a whole number from 0 up"


def euclidean_number(name: str, values: list[int]) -> Atom:
    """Return what reads one argument of a Euclidean rhythm.

    Args:
        name: "pulses", "steps" or "rotation".
        values: every number that is read is appended to it.
    """

    def atom(word: str) -> int:
        value = fraction(word)
        if value is None or value.denominator != 1:
            raise GrooveError(f"the {name} of a Euclidean rhythm are whole numbers, not {word!r}")
        if name == "steps" and value < 1:
            raise GrooveError("a Euclidean rhythm needs at least 1 step")
        values.append(int(value))
        return int(value)

    return atom
