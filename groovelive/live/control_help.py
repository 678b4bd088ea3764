"""What `d1.density?` shows: what a control is now and will be, its range, a typical value and one example."""

from __future__ import annotations

from typing import Any

from ..score.controls import CONTROLS, SESSION_CONTROLS, Control
from ..score.edits import Edit, plain
from ..score.sentences import place

# A typical value, and what is typed to set one.
TYPICAL: dict[str, tuple[str, str]] = {
    "follow": ("0.7 to 1", "follow = 0.8"),
    "mirror": ("False", "mirror = True"),
    "instrument": ("'bass' where a bass is played to it", "instrument = 'bass'"),
    "adherence": ("0.2 to 0.8", "adherence = 0.5"),
    "variation": ("0.5 to 1", "variation = 0.8"),
    "complexity": ("0.3 to 0.8", "complexity = 0.7"),
    "intensity": ("0.3 to 0.8", "intensity = 0.7"),
    "fills": ("0.5 to 2", "fills = 2"),
    "phrase": ("4, 8 or 16", "phrase = 4"),
    "section": ("'A', 'B', 'verse'", "section = 'A'"),
    "a": ("the name of a preset", "a = 'late night'"),
    "b": ("the name of a preset", "b = 'lagos'"),
    "blend": ("0 to 1, as a ramp", "blend = 0.5"),
    "genre": ("'funk', 'rock', 'jazz', …", "genre = {'funk': 0.7, 'jazz': 0.3}"),
    "density": ("0.2 to 0.6", "density = 0.4"),
    "guidance": ("1 to 3", "guidance = 2"),
    "temperature": ("0.8 to 1.2", "temperature = 1.1"),
    "sampling": ("'threshold'", "sampling = 'bernoulli'"),
    "threshold": ("0.3 to 0.7", "threshold = 0.5"),
    "max_hits": ("4 to 16", "max_hits = 8"),
    "drift": ("0.2 to 1", "drift = 0.3"),
    "response": ("'bar'", "response = 'loop'"),
    "seed": ("any whole number", "seed = 3"),
    "tap_low": ("0 to 0.4", "tap_low = 0.2"),
    "tap_high": ("0.7 to 1", "tap_high = 0.9"),
    "tap_bias": ("-0.2 to 0.2", "tap_bias = 0.1"),
    "tap_invert": ("False", "tap_invert = True"),
    "tap_spread": ("0.5 to 1", "tap_spread = 0.5"),
    "tap_lean": ("-0.1 to 0.1", "tap_lean = 0.05"),
    "tap_mirror": ("False", "tap_mirror = True"),
    "tap_quantise": ("0 to 1", "tap_quantise = 0.5"),
    "memory": ("1 to 4", "memory = 2"),
    "recording": ("'overdub'", "recording = 'record'"),
    "velocity": ("0.6 to 1.2", "velocity = 0.8"),
    "quantise": ("0 to 0.8", "quantise = 0.5"),
    "swing": ("0.1 to 0.33", "swing = 0.2"),
    "swing_of": ("8 where 8ths swing", "swing_of = 8"),
    "feel": ("'half' for some bars", "feel = 'half'"),
    "humanise": ("0.3 to 1", "humanise = 0.5"),
    "nudge": ("-0.02 to 0.02", "nudge = -0.01"),
    "bpm": ("80 to 140", "bpm = 96"),
    "quantum": ("1, 2 or 4", "quantum = 4"),
}


class ControlDocs(dict[str, str]):
    """The help of the controls of something, made when it is looked up: what it is now is part of it.

    IPython asks an object for its `__custom_documentations__`, a dict by names of attributes.

    Args:
        owner: whose controls they are.
        word: how it is typed, as "d1" or "d1.hats".
        lane: the drummer, and the part of it with a dot before, or "".
        edits: those that are still to come.
    """

    def __init__(self, owner: Any, word: str, lane: tuple[str, str], edits: list[Edit]) -> None:
        super().__init__()
        self._owner, self._word, self._lane, self._edits = owner, word, lane, edits

    def get(self, name: str, default: Any = None) -> Any:
        """Return the help of a control."""
        table = CONTROLS if self._lane[0] else SESSION_CONTROLS
        if name not in TYPICAL or name not in table or not hasattr(type(self._owner), name):
            return default
        drummer, part = self._lane
        planned = [e for e in self._edits if (e.drummer, e.path) == (drummer, name + part)]
        return told(table[name], name, self._word, getattr(self._owner, name), planned)


def told(control: Control, name: str, word: str, value: Any, planned: list[Edit]) -> str:
    """Return the help of a control.

    >>> print(told(CONTROLS["swing"], "swing", "d1", 0.2, []))
    how late every other 16th, or 8th, is; 1/3 is a triplet's
    now:      0.2
    range:    0..0.5, default 0; or a pattern in time, or a ramp
    typical:  0.1 to 0.33
    example:  d1.swing = 0.2
    """
    typical, example = TYPICAL[name]
    lines = [control.about, f"now:      {plain(value)}" if value is not None else "now:      the model's own"]
    lines += [f"planned:  {plain(edit.value)} from {place(edit.beat)}" for edit in planned]
    lines += [f"range:    {span(control)}", f"typical:  {typical}", f"example:  {word}.{example}"]
    return "\n".join(lines)


def span(control: Control) -> str:
    """Return what a control takes, and its default.

    >>> span(CONTROLS["swing"]), span(CONTROLS["sampling"])
    ('0..0.5, default 0; or a pattern in time, or a ramp', "'threshold' or 'bernoulli', default the model's")
    """
    default = control.default
    said = "the model's" if default is None else f"{default:g}" if isinstance(default, int | float) else str(default)
    if control.kind in ("number", "whole"):
        unit = f" {control.unit}" if control.unit else ""
        also = "; or a pattern in time, or a ramp" if control.kind == "number" else ""
        return f"{control.low:g}..{control.high:g}{unit}, default {said}{also}"
    if control.kind == "choice":
        return f"{' or '.join(map(repr, control.choices))}, default {said}"
    if control.kind == "switch":
        return f"True or False, default {default}"
    if control.kind == "genre":
        return "a name, weights over names, or a pattern of names in time"
    return "a latent, the name of a preset or a genre, or a rhythm of two bars" if control.kind == "point" else "a name"
