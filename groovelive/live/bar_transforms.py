"""Acts: what `every`, `sometimes` and `last_of` do to a bar, as words that can be given a number."""

from __future__ import annotations

import inspect

from ..errors import GrooveError
from ..grooves.grid import voice_indices
from ..score import bar_transforms as moves
from ..score.edits import Move


class Act:
    """Something done to a bar: `fill` as it is, `rotate(1/8)` with a number.

    >>> rotate(1 / 8)
    rotate(0.125)
    >>> stutter(99)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: the number of stutter must be a number from 2 to 8, not 99
    """

    def __init__(self, name: str, amount: tuple[float, ...] = ()) -> None:
        self.name, self.amount = name, amount
        self.__doc__ = inspect.getdoc(moves.DOINGS[name].do)

    def __call__(self, *amount: float | str) -> Act:
        """Return the act with other numbers."""
        numbers: list[float] = []
        for one in amount:
            if self.name == "without" and isinstance(one, str):
                numbers += map(float, voice_indices(one))
            elif isinstance(one, bool) or not isinstance(one, int | float):
                raise GrooveError(f"{self.name} takes a number, not {one!r}")
            else:
                numbers.append(float(one))
        act = Act(self.name, tuple(numbers))
        moves.check(Move("every", 1, act.name, act.amount))
        return act

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{a:g}' for a in self.amount)})" if self.amount else self.name


rotate, reverse, stutter, degrade = Act("rotate"), Act("reverse"), Act("stutter"), Act("degrade")
double, halve, louder, fill = Act("double"), Act("halve"), Act("louder"), Act("fill")
crash, without = Act("crash"), Act("without")
