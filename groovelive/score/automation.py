"""What leads a control by itself: a ramp, a pattern in time, a density; and how it goes on after a hand was on it."""

from __future__ import annotations

from ..errors import GrooveError
from .edits import BEATS_PER_BAR, Cycle, Edit, Home, Line, Value
from .inputs import Adaptive
from .score import Score


def leads(edit: Edit) -> bool:
    """Return whether an edit sets a control to something that moves by itself."""
    return isinstance(edit.value, Line | Cycle | Adaptive)


def resumed(score: Score, drummer: str, path: str, beat: float) -> Value:
    """Return what a control is to be set to at a beat, so that what led it before a hand was on it leads it again.

    A ramp goes on from where it would be by then. Of a source it is what was followed before `home()`.

    Raises:
        GrooveError: nothing led it, or nothing has taken the lead from it.
    """
    name = f"{drummer}.{path}" if drummer else path
    held = list(score.holding(drummer, path, beat))
    if path == "source":
        if not held or not isinstance(held[0].value, Home):
            raise GrooveError(f"{drummer} is not at home, so there is nothing to come back to")
        found = next((edit for edit in held if edit.value is not None and not isinstance(edit.value, Home)), None)
        if found is None:
            raise GrooveError(f"{drummer} followed nothing before it went home")
        return found.value
    if held and leads(held[0]):
        raise GrooveError(f"{name} is led by what it was set to; no hand was on it since")
    found = next((edit for edit in held if leads(edit)), None)
    if found is None:
        raise GrooveError(f"nothing led {name} that could resume: a ramp, a pattern in time, adaptive(), or a knob")
    if not isinstance(found.value, Line):
        return found.value
    line, passed = found.value, (beat - found.beat) / BEATS_PER_BAR
    if passed >= line.bars:
        return line.end
    start = line.start + (line.end - line.start) * max(passed, 0.0) / line.bars
    return Line(start=start, end=line.end, bars=line.bars - max(passed, 0.0))
