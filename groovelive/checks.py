"""Checks of what people give: a number, a whole number, a name, or one sentence that says what would be right.

>>> number("gain", 2, 0, 4), whole("bars", 8, 1), name("role", "complete", ("follow", "complete"))
(2.0, 8, 'complete')
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

from .errors import GrooveError, closest


def is_number(value: Any) -> bool:
    """Return whether a value counts as a number: an int, a float or one of numpy's, but neither a bool nor NaN.

    An array of numpy without dimensions is one of its numbers.

    >>> import numpy as np
    >>> [is_number(value) for value in (1, .5, np.float32(2), np.array(3), True, np.True_, "1", float("nan"), None)]
    [True, True, True, True, False, False, False, False, False]
    """
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__") or not _single(value):
        return False
    try:
        return not math.isnan(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _single(value: Any) -> bool:
    """Return whether a value is no array, or one number of numpy's; its kinds are i, u and f, a bool's is b."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return kind is None or (kind in "iuf" and getattr(value, "shape", ()) == ())


def is_whole(value: Any) -> bool:
    """Return whether a value counts as a whole number: an int or one of numpy's, but no bool, and no float.

    >>> import numpy as np
    >>> [is_whole(value) for value in (1, np.int64(2), np.array(3), 2.0, np.array(2.0), True)]
    [True, True, True, False, False, False]
    """
    if not is_number(value):
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return hasattr(value, "__index__") if kind is None else kind in "iu"  # an array has one, whatever is in it


def number(
    what: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    unit: str = "",
    *,
    above: bool = False,
) -> float:
    """Return a value as a float, or refuse it.

    Args:
        what: the name that the error uses, such as "tempo".
        value: what somebody gave; infinity is never right.
        low: the least that is right.
        high: the most that is right.
        unit: what the numbers count, such as "seconds"; it stands in the error.
        above: whether `low` itself is already too little.

    Raises:
        GrooveError: it is no number, or lies outside.

    >>> number("tempo", "fast", 20, 999)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: tempo must be a number from 20 to 999, not 'fast'
    >>> number("length", 0, 0, unit="beats", above=True)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: length must be a number above 0 beats, not 0
    """
    if is_number(value):
        plain = float(value)  # a number of numpy's overflows where it is compared to one that is too large for it
        if math.isfinite(plain) and low <= plain <= high and not (above and plain <= low):
            return plain
    raise GrooveError(f"{what} must be a number{_span(low, high, unit, above)}, not {_shown(value)}")


def whole(what: str, value: Any, low: float = -math.inf, high: float = math.inf, unit: str = "") -> int:
    """Return a value as an int, or refuse it; arguments as for `number`.

    Raises:
        GrooveError: it is no whole number, or lies outside.

    >>> whole("seed", -1, 0)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: seed must be a whole number from 0 up, not -1
    >>> whole("bars", 1.5, 1, 64)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: bars must be a whole number from 1 to 64, not 1.5
    """
    if is_whole(value) and low <= operator.index(value) <= high:
        return operator.index(value)
    raise GrooveError(f"{what} must be a whole number{_span(low, high, unit, False)}, not {_shown(value)}")


def name(what: str, value: Any, choices: Iterable[str]) -> str:
    """Return a value that is one of the choices, or refuse it and name the nearest one.

    Raises:
        GrooveError: it is none of them.

    >>> name("kit", "acustic", ("acoustic", "electronic"))
    Traceback (most recent call last):
    groovelive.errors.GrooveError: kit must be acoustic or electronic, not 'acustic' (did you mean 'acoustic'?)
    """
    known = list(choices)
    if isinstance(value, str) and value in known:
        return value
    *others, last = known or ["(there is none)"]
    listed = f"{', '.join(others)} or {last}" if others else last
    raise GrooveError(f"{what} must be {listed}, not {_shown(value)}{closest(str(value), known)}")


def flag(what: str, value: Any) -> bool:
    """Return a value that is True or False, or refuse it.

    Raises:
        GrooveError: it is neither.
    """
    if isinstance(value, bool):
        return value
    raise GrooveError(f"{what} must be True or False, not {_shown(value)}")


def _span(low: float, high: float, unit: str, above: bool) -> str:
    unit = unit and f" {unit}"
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" above {low:g}{unit}" if above else f" from {low:g}{unit} up"
    if math.isinf(low):
        return f" up to {high:g}{unit}"
    return f" above {low:g} and up to {high:g}{unit}" if above else f" from {low:g} to {high:g}{unit}"


def _shown(value: Any) -> str:
    return f"{float(value):g}" if is_number(value) else repr(value)
