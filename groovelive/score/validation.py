"""Whether an edit can be made: one sentence where it cannot, the same for every client and at the conductor."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Protocol

from ..checks import flag, number, whole
from ..checks import name as one_of
from ..errors import GrooveError, closest
from ..grooves.grid import GROUPS, SHORT, VOICES
from ..notation.caret import NotationError
from ..notation.parser import number as read_number
from ..notation.parser import pattern, word
from . import bar_transforms, rhythms
from .controls import CONTROLS, SESSION_CONTROLS, Control
from .edits import (
    Cycle,
    Exact,
    FromDrummer,
    Home,
    Line,
    Moves,
    Outs,
    Pattern,
    Point,
    Rhythm,
    Value,
    Walk,
    Weights,
    unpack,
)
from .inputs import (
    MAX_EARS,
    Adaptive,
    Hearing,
    Knob,
    Played,
    Resume,
    strokes,
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FOR_GOOD = (
    "source", "fill", "section", "clear", "build", "drop", "moves", "out", "autopilot", "each_bar", "knob", "own",
    "idea", "pattern", "phrase", "response", "memory", "recording",
)  # fmt: skip
_WITHOUT_LINE = ("bpm",)  # a tempo ramps, but has no pattern in time: the beat is what it is made of


class ServedModel(Protocol):
    """What is known here of the model that the engine serves; `protocol.engine.ModelInfo` is one."""

    @property
    def name(self) -> str: ...

    @property
    def genres(self) -> Collection[str]: ...

    @property
    def presets(self) -> Collection[str]: ...

    @property
    def latent(self) -> int: ...


def check(drummer: str, path: str, value: Value, model: ServedModel | None) -> tuple[str, Value]:
    """Return the path and the value as the score takes them, or refuse them.

    Args:
        drummer: its name, "" for the session.
        path: a control, or a control and a part: "density", "density.hh".
        value: what it shall be; None is the default again.
        model: what the engine serves; None: nothing is known of genres and presets yet.

    Raises:
        GrooveError: one sentence: what is wrong, and what would be right.

    >>> check("d1", "density.hh", 0.9, None)
    ('density.closed_hat', 0.9)
    >>> check("d1", "density", 2, None)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: density must be a number from 0 to 1, not 2
    """
    if drummer and not _NAME.fullmatch(drummer):
        raise GrooveError(f"a drummer's name is a small letter and then letters, digits or _, not {drummer!r}")
    if not drummer and path == "played":
        if not isinstance(value, Played):
            raise GrooveError("what was played is notes on a port")
        strokes(value.notes)
        return path, value
    if drummer and path in ("own", "idea"):  # a bar of the performer's own code; what was chosen among ideas
        if path == "idea" and value is None:
            return path, None
        if not isinstance(value, Pattern):
            raise GrooveError("a bar of one's own, or an idea, is a pattern")
        unpack(value.notes)
        return path, value
    if path in ("hush", "cancel"):
        if value is not None and (path == "hush" or value is not False):
            raise GrooveError(f"{path} takes no value")
        return path, value
    table = CONTROLS if drummer else SESSION_CONTROLS
    name, dot, part = path.partition(".")
    control = table.get(name)
    if control is None:
        if not drummer and path == "playing":
            return path, flag(name, value)
        what = "a drummer" if drummer else "the session"
        raise GrooveError(f"{what} has no {name!r}{closest(name, table)}; it has {', '.join(table)}")
    if name == "knob":
        path = f"knob.{_turned(drummer, part)}"
    elif dot:
        path = f"{name}.{_part(name, control, part)}"
    elif name == "lock":
        raise GrooveError("a lock is of a voice or a step: d1.bd.lock(), d1.lock('hats'), d1.lock(0, 8)")
    if name == "fill" and value is True:  # as a client without numbers of bars says it
        value = 1
    if name == "clear" and value is not True:
        raise GrooveError("what was played is forgotten by clear(), and comes back by undo()")
    if name == "drop" and value is False:
        raise GrooveError("a drop is made by drop(), and taken back by undo()")
    if isinstance(value, Resume) and name != "knob":
        return path, value
    if value is None:
        return path, None
    return path, _value(path, control, value, model)


def check_bars(drummer: str, path: str, bars: float) -> None:
    """Refuse that something holds for some bars only, where that makes no sense.

    Raises:
        GrooveError: it is of the session, or happens once.

    >>> check_bars("d1", "source", 4)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: source does not end by itself; bars= is for controls such as mute, feel or density
    """
    name = path.partition(".")[0]
    if bars and (not drummer or name in _FOR_GOOD):
        raise GrooveError(f"{name} does not end by itself; bars= is for controls such as mute, feel or density")


def _turned(drummer: str, path: str) -> str:
    """Return the control that a knob turns."""
    if drummer and path == "home":
        return path
    table = CONTROLS if drummer else SESSION_CONTROLS
    name, dot, part = path.partition(".")
    turning = [one for one, control in table.items() if control.kind in ("number", "genre")]
    if drummer:
        turning.append("home")
    if name not in turning:
        raise GrooveError(f"no knob can turn {path!r}{closest(name, turning)}; one can turn {', '.join(turning)}")
    return f"{name}.{_part(name, table[name], part)}" if dot else name


def _part(name: str, control: Control, part: str) -> str:
    if name == "lock" and part.isdigit() and int(part) < rhythms.LOOP_STEPS:
        return str(int(part))
    if part in SHORT:
        part = VOICES[SHORT.index(part)]
    allowed = {"voice": VOICES, "group or voice": (*GROUPS, *VOICES)}.get(control.per, ())
    if not allowed:
        raise GrooveError(f"{name} is of the whole drummer; it has no parts")
    if part not in allowed:
        known = dict.fromkeys((*allowed, *SHORT))
        raise GrooveError(f"{name} has no part {part!r}{closest(part, known)}; it has {', '.join(known)}")
    return part


def _value(path: str, control: Control, value: Value, model: ServedModel | None) -> Value:
    kind = control.kind
    if kind in ("number", "whole"):
        return _number(path, control, value)
    if kind == "genre":
        return _genre(value, model)
    if kind == "switch":
        return flag(path, value)
    if kind == "choice":
        return one_of(path, value, control.choices)
    if kind == "names":
        return _groups(path, value)
    if kind == "point":
        return _point(path, value, model)
    if kind == "source":
        return _source(value, model)
    if kind == "moves":
        if not isinstance(value, Moves):
            raise GrooveError("moves are made by every, sometimes and last_of")
        for move in value.moves:
            bar_transforms.check(move)
        return value
    if kind == "knob":
        return _knob(path, value)
    if kind == "outs":
        if not isinstance(value, Outs):
            raise GrooveError("out takes a target, as synth(), midi('port') or osc('127.0.0.1:9000', '/hit')")
        return value
    if not isinstance(value, str) or not value.strip():
        raise GrooveError(f"{path} takes a name, not {value!r}")
    return value


def _number(path: str, control: Control, value: Value) -> Value:
    def within(found: Any) -> float:
        return number(path, found, control.low, control.high)

    if control.kind == "whole":
        found = within(value)  # OSC may send it as a float
        if control.only and found not in control.only:
            raise GrooveError(f"{path} must be {' or '.join(map(str, control.only))}, not {value!r}")
        return int(found) if found.is_integer() else whole(path, value, control.low, control.high)
    if isinstance(value, Adaptive):
        if not control.asks:
            raise GrooveError(f"{path} is of how it is played; adaptive() is for what the model is asked, as follow")
        within(value.low)
        within(value.high)
        return value
    if isinstance(value, Line):
        within(value.start)
        within(value.end)
        return value
    if isinstance(value, str | Cycle):
        text = value.text if isinstance(value, Cycle) else value
        if path in _WITHOUT_LINE:
            raise GrooveError(f"{path} takes a number or a ramp, as line(120, 140, bars=8), not a pattern")
        try:
            cycle = pattern(text, read_number)
        except NotationError as error:
            takes = f"{path} takes numbers from {control.low:g} to {control.high:g}, or a pattern in time of such"
            raise NotationError(f"{takes}; {error.reason}", error.text, error.position, error.length) from None
        for event in cycle.query(0, 64):
            within(event.value)
        return Cycle(text)
    return within(value)


def _knob(path: str, value: Value) -> Value:
    if not isinstance(value, Knob):
        raise GrooveError("a knob is learned: learn(d1.follow), or learn(d1.follow, cc=21)")
    drummer_or_session = {**SESSION_CONTROLS, **CONTROLS}
    control = drummer_or_session.get(path.split(".")[1])
    for end in (value.low, value.high):
        if end is not None and (control is None or control.kind != "number"):
            raise GrooveError(f"{path.partition('.')[2]} has no range: low and high are of numbers")
        if end is not None and control is not None:
            _number(path.partition(".")[2], control, end)
    return value


def _genre(value: Value, model: ServedModel | None) -> Value:
    known = (*_served(model).genres, "any")

    def there(name: str) -> str:
        if name not in known:
            raise GrooveError(f"there is no genre {name!r}{closest(name, known)}; there are {', '.join(known)}")
        return name

    if isinstance(value, Weights):
        for name in value.of:
            there(name)
        if not sum(value.of.values()) > 0:
            raise GrooveError("the weights of genre must not all be 0")
        return value
    text = value.text if isinstance(value, Cycle) else value
    if not isinstance(text, str):
        raise GrooveError(f"genre is a name, a pattern of names or weights over names, not {value!r}")
    if re.fullmatch(r"[\w-]+", text):
        return there(text)
    for event in pattern(text, word).query(0, 64):
        there(event.value)
    return Cycle(text)


def _groups(path: str, value: Value) -> Value:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple):
        raise GrooveError(f"{path} takes names of groups, not {value!r}")
    for name in names:
        if name not in GROUPS:
            hint = closest(str(name), GROUPS)
            raise GrooveError(f"{path} takes groups: {', '.join(GROUPS)}; not {name!r}{hint}")
    if len(set(names)) == len(GROUPS):
        raise GrooveError(f"{path} must leave a group to play; it names all {len(GROUPS)}")
    return names


def _point(path: str, value: Value, model: ServedModel | None) -> Value:
    if isinstance(value, str):
        value = Point(name=value)
    if not isinstance(value, Point):
        raise GrooveError(f"{path} takes a point: the name of a preset, d1.z, or z('late night'); not {value!r}")
    if sum(map(bool, (value.name, value.z, value.notes))) != 1:
        raise GrooveError(f"{path} takes one point: a name, a latent or the notes of two bars")
    if value.name:
        served = _served(model)
        known = [*served.presets, *served.genres]
        if value.name not in known:
            hint = closest(value.name, known)
            raise GrooveError(f"there is no preset and no genre {value.name!r}{hint}; groovelive presets lists them")
    if value.z and model is not None and len(value.z) != 4 * model.latent:
        raise GrooveError(f"a latent of {model.name} has {model.latent} numbers, not {len(value.z) / 4:g}")
    for note in unpack(value.notes):
        if note.step >= rhythms.LOOP_STEPS:
            raise GrooveError("a rhythm that stands for a point lasts two bars")
    return value


def _source(value: Value, model: ServedModel | None) -> Value:
    if isinstance(value, Rhythm | Exact):
        rhythms.check(value)
    elif isinstance(value, Walk):
        for point in value.points:
            _point("a walk", point, model)
    elif isinstance(value, Point):
        _point("z", value, model)
    elif isinstance(value, Hearing):
        if not 1 <= len(value.ears) <= MAX_EARS:
            raise GrooveError(f"a drummer has 1 to {MAX_EARS} ears, not {len(value.ears)}")
    elif isinstance(value, FromDrummer):
        if not _NAME.fullmatch(value.drummer):
            raise GrooveError(f"no drummer is called {value.drummer!r}, whom another could follow")
    elif not isinstance(value, Home):
        raise GrooveError("a source is groove(...), play(...), another drummer, a latent or a walk")
    return value


def _served(model: ServedModel | None) -> ServedModel:
    if model is None:
        raise GrooveError("the engine is not there yet, so its genres and presets are not known; try again in a second")
    return model
