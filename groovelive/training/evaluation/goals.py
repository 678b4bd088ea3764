"""Goals beside figures: what is aimed at, what was measured, met or missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FigureGoal:
    """A range that one figure of an evaluation shall lie in.

    Args:
        what: the figure in words.
        path: of keys (or of numbers, in a list) to it in the result.
        least: the range's lower end; None is open.
        most: its upper end.
        within: in place of a range: how near it shall be to the real drummers' figure at `real`.
        real: the path to that figure.
    """

    what: str
    path: tuple[str | int, ...]
    least: float | None = None
    most: float | None = None
    within: float | None = None
    real: tuple[str | int, ...] = ()

    def check(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the goal beside the figure.

        Returns:
            figure: in words; value: None where it was not measured; goal: in words; met: None where not measured.
        """
        value, least, most = look_up(result, self.path), self.least, self.most
        if self.within is not None:
            real = look_up(result, self.real)
            if real is None:
                value = None
            else:
                least, most = real - self.within, real + self.within
        met = None if value is None else bool((least is None or value >= least) and (most is None or value <= most))
        return {"figure": self.what, "value": value, "goal": _range(least, most), "met": met}


def look_up(result: Any, path: Sequence[str | int]) -> Any:
    """Return what lies at a path of keys, None where it leads nowhere.

    >>> look_up({"sets": {"A": {"f1": [0.5, 0.6]}}}, ("sets", "A", "f1", 1))
    0.6
    """
    for key in path:
        try:
            result = result[key]
        except (KeyError, IndexError, TypeError):
            return None
    return result


def check_goals(result: Mapping[str, Any], goals: Iterable[FigureGoal]) -> list[dict[str, Any]]:
    """Return `FigureGoal.check` of all goals."""
    return [goal.check(result) for goal in goals]


def goal_lines(checked: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return checked goals as the lines of a table."""
    lines = [f"{'goal':<64}{'measured':>9}  {'aimed at':<12}"]
    for row in checked:
        value = "–" if row["value"] is None else f"{row['value']:.3f}"
        verdict = {None: "not measured", True: "met", False: "missed"}[row["met"]]
        lines.append(f"{row['figure']:<64}{value:>9}  {row['goal']:<12}{verdict}")
    return lines


def for_json(value: Any) -> Any:
    """Return a result with None in place of numbers that JSON cannot write, and with Python's own types."""
    if isinstance(value, Mapping):
        return {str(key): for_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [for_json(item) for item in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None  # also where it is NaN
    return value


def _range(least: float | None, most: float | None) -> str:
    if least is None and most is None:
        return "–"
    if least is None:
        return f"≤ {most:.2f}"
    if most is None:
        return f"≥ {least:.2f}"
    return f"{least:.2f}–{most:.2f}"
