"""Bar transforms: what `every`, `sometimes` and `last_of` do to a bar, as words that can be given a number."""

from __future__ import annotations

import inspect

from ..checks import number
from ..grooves.grid import voice_indices
from ..score import bar_transforms as moves
from ..score.edits import Move


class BarTransform:
    """Something done to a bar: `fill` as it is, `rotate(1/8)` with a number.

    >>> rotate(1 / 8)
    rotate(0.125)
    >>> stutter(99)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: the number of stutter must lie from 2 to 8, not 99
    """

    def __init__(self, name: str, amount: tuple[float, ...] = ()) -> None:
        self.name, self.amount = name, amount
        self.__doc__ = inspect.getdoc(moves.DOINGS[name].do)

    def __call__(self, *amount: float | str) -> BarTransform:
        """Return the transform with other numbers."""
        numbers: list[float] = []
        for one in amount:
            if self.name == "without" and isinstance(one, str):
                numbers += map(float, voice_indices(one))
            else:
                numbers.append(number(f"the number of {self.name}", one))
        made = BarTransform(self.name, tuple(numbers))
        moves.check(Move("every", 1, made.name, made.amount))
        return made

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{a:g}' for a in self.amount)})" if self.amount else self.name


rotate, reverse, stutter, degrade = (
    BarTransform("rotate"),
    BarTransform("reverse"),
    BarTransform("stutter"),
    BarTransform("degrade"),
)
double, halve, louder, fill = (
    BarTransform("double"),
    BarTransform("halve"),
    BarTransform("louder"),
    BarTransform("fill"),
)
crash, without = BarTransform("crash"), BarTransform("without")
