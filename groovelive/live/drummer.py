"""A drummer as a performer sees it: what it follows, how it plays, and what will sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import GrooveError, closest
from ..grooves.grid import GROUPS, SHORT, VOICES, voice_indices
from ..protocol.engine import ControlInfo as Declared
from ..protocol.session import Draft, When
from ..score.controls import CONTROLS, Control
from ..score.edits import (
    Cycle,
    Exact,
    Home,
    Move,
    Moves,
    Outs,
    Point,
    Rhythm,
    Walk,
    Weights,
)
from ..score.inputs import Resume
from .bar_transforms import Act
from .inputs import Ears, Reading, as_typed, read
from .latents import Latent, point_of
from .scheduling import History

if TYPE_CHECKING:
    from ..grooves.groove import Groove
    from .memory import Hearing
    from .session import Live

_NOW = When("now")
_PER_VOICE = ("density", "threshold", "max_hits", "velocity", "nudge")


class Setting(property):
    """A control as an attribute: what is read is what was last set, or the default."""

    def __init__(self, name: str) -> None:
        self.name = name

        def get(self_: Any) -> Any:
            return read(self_._live, self_._drummer, self_._path(name), self_._get(name))

        def set(self_: Any, value: Any) -> None:
            self_._set(name, value)

        super().__init__(get, set)
        self.__doc__ = describe(name, CONTROLS[name])


def describe(name: str, control: Control, declared: Declared | None = None) -> str:
    """Return the help text of a control: what it does, its range and its default, the model's where it declares them.

    >>> describe("swing", CONTROLS["swing"])
    "how late every other 16th is; 1/3 is a triplet's (0..0.5 steps, default 0; or a pattern in time, or a ramp)"
    """
    low, high, default = control.low, control.high, control.default
    if declared is not None:
        low = control.low if declared.low is None else declared.low
        high = control.high if declared.high is None else declared.high
        default = declared.default if default is None else default
    said = "the model's" if default is None else f"{default:g}" if isinstance(default, int | float) else str(default)
    if control.kind in ("number", "whole"):
        unit = f" {control.unit}" if control.unit else ""
        also = "; or a pattern in time, or a ramp" if control.kind == "number" else ""
        return f"{control.about} ({low:g}..{high:g}{unit}, default {said}{also})"
    if control.kind == "choice":
        return f"{control.about} ({' or '.join(map(repr, control.choices))}, default {said})"
    if control.kind == "switch":
        return f"{control.about} (True or False, default {default})"
    if control.kind == "genre":
        return f"{control.about}: a name, weights over names, or a pattern of names in time"
    return control.about


class _Controlled:
    """What has controls: a drummer, or a voice or a group of it."""

    _live: Live
    _drummer: str
    _part: str

    def _path(self, name: str) -> str:
        return f"{name}.{self._part}" if self._part else name

    def _get(self, name: str) -> Any:
        value = self._live.value(self._drummer, _lane(self._path(name)))
        if value is None:
            declared = self._live.model.controls.get(name) if self._live.model is not None else None
            default = CONTROLS[name].default
            value = declared.default if default is None and declared is not None else default
        if CONTROLS[name].kind == "number" and isinstance(value, int | float):
            return Reading(value)
        if isinstance(value, Cycle):
            return value.text
        if isinstance(value, Weights):
            return dict(value.of)
        return Latent(self._live, value) if isinstance(value, Point) else value

    def _set(self, name: str, value: Any) -> None:
        self._write(name, self._typed(name, value))

    def _typed(self, name: str, value: Any) -> Any:
        kind = CONTROLS[name].kind
        if value is None:
            return None
        if kind == "genre" and isinstance(value, Mapping):
            try:
                return Weights({str(name): float(weight) for name, weight in value.items()})
            except (TypeError, ValueError):
                raise GrooveError(f"genres have numbers as weights: {{'funk': .7, 'jazz': .3}}; not {value}") from None
        if kind == "point":
            return point_of(self._live, value, name)
        if kind in ("number", "whole") and hasattr(value, "item"):
            return value.item()  # of NumPy
        return as_typed(name, value)

    def _write(self, name: str, value: Any, when: When | None = None) -> None:
        self._live.write([Draft(self._path(name), value, self._drummer)], when)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or isinstance(getattr(type(self), name, None), property):
            super().__setattr__(name, value)
            return
        raise AttributeError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        return f"a {type(self).__name__.lower()} has no {name!r}{closest(name, known)}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(self._unknown(name))


class Part(_Controlled):
    """A voice or a group of a drummer: `d1.bd`, `d1.hats`."""

    density = Setting("density")
    threshold = Setting("threshold")
    max_hits = Setting("max_hits")
    velocity = Setting("velocity")
    nudge = Setting("nudge")

    def __init__(self, live: Live, drummer: str, part: str) -> None:
        self._live, self._drummer, self._part = live, drummer, part

    def _voices(self) -> list[str]:
        return [VOICES[k] for k in voice_indices(self._part)]

    def _write(self, name: str, value: Any, when: When | None = None) -> None:
        if name == "density":  # a group has one density, not each of its voices
            paths = [_lane(f"density.{self._part}")]
        else:
            paths = [f"{name}.{voice}" for voice in self._voices()]
        self._live.write([Draft(path, value, self._drummer) for path in paths], when)

    def _get(self, name: str) -> Any:
        if name != "density" and self._part in GROUPS:
            value = type(self)(self._live, self._drummer, self._voices()[0])._get(name)
            return float(value) if isinstance(value, Reading) else value
        return super()._get(name)

    def mute(self) -> Part:
        """Silence it, now."""
        self._write("mute", True, _NOW)
        return self

    def unmute(self) -> Part:
        """Let it sound again, now."""
        self._write("mute", False, _NOW)
        return self

    def lock(self) -> Part:
        """Let it stay as it is, while the others go on changing."""
        self._write("lock", True, _NOW)
        return self

    def unlock(self) -> Part:
        """Let it change again."""
        self._write("lock", False, _NOW)
        return self

    def __repr__(self) -> str:
        values = {name: self._live.value(self._drummer, _lane(f"{name}.{self._part}")) for name in _PER_VOICE}
        told = ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
        return f"{self._drummer}.{self._part}{': ' + told if told else ''}"


def _part(name: str) -> property:
    def get(self: Drummer) -> Part:
        return Part(self._live, self._drummer, name)

    return property(get, doc=f"The {'group' if name in GROUPS else 'voice'} {name} of the drummer.")


class Drummer(_Controlled):
    """A generated drum part.

    `drummer >> groove(...)` says what it follows, `drummer >> play(...)` what it plays; its attributes say how, its
    verbs act now. Whatever is typed gives the drummer back, and shows what will sound.
    """

    follow = Setting("follow")
    a = Setting("a")
    b = Setting("b")
    blend = Setting("blend")
    genre = Setting("genre")
    density = Setting("density")
    guidance = Setting("guidance")
    temperature = Setting("temperature")
    sampling = Setting("sampling")
    threshold = Setting("threshold")
    max_hits = Setting("max_hits")
    drift = Setting("drift")
    response = Setting("response")
    seed = Setting("seed")
    tap_low = Setting("tap_low")
    tap_high = Setting("tap_high")
    tap_bias = Setting("tap_bias")
    tap_invert = Setting("tap_invert")
    tap_spread = Setting("tap_spread")
    tap_lean = Setting("tap_lean")
    tap_mirror = Setting("tap_mirror")
    tap_quantise = Setting("tap_quantise")
    memory = Setting("memory")
    recording = Setting("recording")
    velocity = Setting("velocity")
    quantise = Setting("quantise")
    swing = Setting("swing")
    humanise = Setting("humanise")
    nudge = Setting("nudge")

    bd, sn, hh, oh, lt = _part("kick"), _part("snare"), _part("closed_hat"), _part("open_hat"), _part("low_tom")
    mt, ht, cr, rd = _part("mid_tom"), _part("high_tom"), _part("crash"), _part("ride")
    kick, snare, hats, toms, cymbals = map(_part, GROUPS)
    closed_hat, open_hat, low_tom, mid_tom, high_tom, crash, ride = map(_part, VOICES[2:])

    def __init__(self, live: Live, name: str) -> None:
        self._live, self._drummer, self._part = live, name, ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self._drummer

    # What

    def __rshift__(self, source: Any) -> Drummer:
        source = source.as_source() if hasattr(source, "as_source") else source
        if isinstance(source, Ears):
            drafts = [Draft("source", source.plain(), self._drummer)]
            if source.follow is not None:
                drafts.append(Draft("follow", self._typed("follow", source.follow), self._drummer))
            self._live.write(drafts)
            return self
        if not isinstance(source, Rhythm | Exact):
            raise GrooveError(f"{self.name} >> groove(...) follows, {self.name} >> play(...) plays; not {source!r}")
        self._write("source", source)
        return self

    def _z(self) -> Latent:
        """Where it is in the latent space; set it to play from there: a Latent, or the name of a preset."""
        return Latent(self._live, Point(z=self._live.locate(drummer=self._drummer).tobytes()))

    def _set_z(self, value: Any) -> None:
        self._write("source", point_of(self._live, value, "z"))

    z = property(_z, _set_z, doc=_z.__doc__)

    def walk(self, *points: Any, bars: float = 16, path: str = "linear") -> Drummer:
        """Walk through the latent space, from point to point, evenly; it arrives after `bars`, and stays there.

        Args:
            points: two or more: latents (`d1.z`, `z("late night")`, `z.random(3)`), names of presets or genres, or
                rhythms of two bars.
            bars: how long the way takes.
            path: "linear", or "slerp" along the sphere.
        """
        if len(points) < 2:
            raise GrooveError(f"a walk leads from one point to another, or on to more; {len(points)} is too few")
        if path not in ("linear", "slerp"):
            raise GrooveError(f"path must be 'linear' or 'slerp', not {path!r}")
        if isinstance(bars, bool) or not isinstance(bars, int | float) or not 0 < bars <= 4096:
            raise GrooveError(f"a walk takes a number of bars above 0, up to 4096, not {bars!r}")
        way = tuple(point_of(self._live, point, "a walk") for point in points)
        self._write("source", Walk(points=way, bars=float(bars), path="slerp" if path == "slerp" else "linear"))
        return self

    def home(self) -> Drummer:
        """Fall back to the preset, at once: to `a`, or to that of the genre."""
        self._write("source", Home(), _NOW)
        return self

    def resume(self, control: str = "source") -> Drummer:
        """Let what led a control before a hand was on it lead it again, at once: a ramp, a pattern, a density, a knob.

        Without a name: follow again what it followed before it went `home`.
        """
        self._live.write([Draft(_lane(control), Resume(), self._drummer)], _NOW)
        return self

    def autopilot(self, on: bool = True) -> Drummer:
        """Let it play a whole set by itself, from the next bar on; `autopilot(False)` ends that.

        Where it hears a player it follows how densely and how loudly is played, plays its preset when a bar has passed
        in silence, and follows again when there is something to follow. It fills at the ends of phrases of 8
        bars, strays a little from what it plays, and turns to another genre every 32 bars, where none is set. follow,
        density, genre and home steer it: what is set is what it keeps to. It is in the log as "autopilot".

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1.autopilot()
        >>> live.run(bars=16)
        >>> {edit.by for edit in live.score.edits if edit.path == "source"}
        {'autopilot'}
        """
        if not isinstance(on, bool):
            raise GrooveError(f"an autopilot is on or off: autopilot() or autopilot(False), not {on!r}")
        self._write("autopilot", on)
        return self

    def clear(self) -> Drummer:
        """Forget what was played to it, now; `undo()` brings it back."""
        self._write("clear", True, _NOW)
        return self

    def redirect(self, *groups: str) -> Drummer:
        """Ask for drums without these groups, whose energy moves to the others; without a name, for all again."""
        self._write("redirect", tuple(groups) or None)
        return self

    # Own code and moves

    def _each_bar(self) -> Callable[[Any], Any]:
        """Your own code, a function from bar to bar: `@d1.each_bar` before it; `d1.each_bar = None` ends it."""

        def take(function: Any) -> Any:
            self._live.each_bar(self._drummer, function)
            return function

        return take

    def _set_each_bar(self, function: Any) -> None:
        self._live.each_bar(self._drummer, function)

    each_bar = property(_each_bar, _set_each_bar, doc=_each_bar.__doc__)

    def every(self, n: int, *acts: Act) -> Drummer:
        """Do something to every n-th bar, the first of each n: `d1.every(4, rotate(1/8))`."""
        return self._move("every", n, acts)

    def last_of(self, n: int, *acts: Act) -> Drummer:
        """Do something to the last of every n bars: `d1.last_of(8, fill)`."""
        return self._move("last_of", n, acts)

    def sometimes(self, p: float, *acts: Act) -> Drummer:
        """Do something to a bar with probability p: `d1.sometimes(.2, stutter(2))`."""
        return self._move("sometimes", p, acts)

    def _move(self, when: Any, n: Any, acts: tuple[Any, ...]) -> Drummer:
        if not acts or not all(isinstance(act, Act) for act in acts):
            raise GrooveError(f"{when} takes a number and what is done then, as {when}({n}, fill)")
        if isinstance(n, bool) or not isinstance(n, int | float):
            raise GrooveError(f"{when} takes a number first, not {n!r}")
        names = [act.name for act in acts]
        # The same line typed again takes the place of what it did the first time, whatever its numbers were.
        kept = [move for move in self.moves if (move.when, move.what) not in {(when, name) for name in names}]
        made = [Move(when, float(n), act.name, act.amount) for act in acts]
        self._write("moves", Moves((*kept, *made)))
        return self

    def _moves(self) -> tuple[Move, ...]:
        """What is done to some bars; `d1.moves = ()` ends it all."""
        value = self._live.value(self._drummer, "moves")
        return value.moves if isinstance(value, Moves) else ()

    def _set_moves(self, value: Any) -> None:
        if not isinstance(value, tuple | list) or not all(isinstance(move, Move) for move in value):
            raise GrooveError("moves are made by every, sometimes and last_of; d1.moves = () ends them")
        self._write("moves", Moves(tuple(value)))

    moves = property(_moves, _set_moves, doc=_moves.__doc__)

    # Where to

    def _out(self) -> Any:
        """Where its notes go: synth(), midi("port"), osc("127.0.0.1:9000", "/hit"), file("set.mid"); joined by +."""
        value = self._live.value(self._drummer, "out")
        return value if isinstance(value, Outs) else None

    def _set_out(self, value: Any) -> None:
        from .targets import outs_of

        self._write("out", outs_of(value))

    out = property(_out, _set_out, doc=_out.__doc__)

    # Verbs

    def mute(self) -> Drummer:
        """Silence it, now."""
        self._write("mute", True, _NOW)
        return self

    def unmute(self) -> Drummer:
        """Let it sound again, now."""
        self._write("mute", False, _NOW)
        return self

    def solo(self) -> Drummer:
        """Let only this drummer, and others with solo, sound, now; `unsolo()` ends it for all."""
        self._write("solo", True, _NOW)
        return self

    def lock(self, *parts: str | int) -> Drummer:
        """Let voices or groups (names), or steps (0..31 of the loop), stay as they are, from now."""
        return self._lock(parts, True)

    def unlock(self, *parts: str | int) -> Drummer:
        """Let them change again; without a name, all."""
        locked = tuple(path.partition(".")[2] for path in self._live.score.locks(self._drummer))
        return self._lock(parts or locked, False)

    def _lock(self, parts: tuple[Any, ...], on: bool) -> Drummer:
        names: list[str] = []
        for part in parts:
            if isinstance(part, int) and not isinstance(part, bool) and 0 <= part < 32:
                names.append(str(part))
            elif isinstance(part, str) and part.isdigit():
                names.append(part)
            elif isinstance(part, str):
                names += [VOICES[k] for k in voice_indices(part)]
            else:
                raise GrooveError(f"a lock is of a voice, a group or a step from 0 to 31, not {part!r}")
        if not names and on:
            raise GrooveError(f"say what shall stay: {self.name}.lock('kick'), {self.name}.lock(0, 8)")
        if names:
            self._live.write([Draft(f"lock.{name}", on, self._drummer) for name in dict.fromkeys(names)], _NOW)
        return self

    @property
    def history(self) -> History:
        """What was done to it, with bar numbers and who did it."""
        return History(self._live.score.history(self._drummer), self._live.score)

    # Pictures

    @property
    def heard(self) -> Groove:
        """What it has heard: the rhythm that it follows, or what is left of what was played to it, as two bars."""
        return self.hearing.heard

    @property
    def adjusted(self) -> Groove:
        """The same as it is told to hear it, by tap_low, tap_quantise and the like."""
        return self.hearing.adjusted

    @property
    def now(self) -> Groove:
        """The two bars that it plays now, as the model wrote them: locks and moves included, swing and the like not."""
        return self.hearing.now

    @property
    def hearing(self) -> Hearing:
        """What it has heard, as it is told to hear it, and what it makes of that: side by side."""
        from .memory import look

        return look(self._live, self._drummer)

    def __repr__(self) -> str:
        from .display import drummer

        return drummer(self._live, self._drummer)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        import os
        import sys

        from .display import drummer

        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        printer.text(drummer(self._live, self._drummer, colour=colour))

    def _repr_svg_(self) -> str:
        from .display import drummer_svg

        return drummer_svg(self._live, self._drummer)


def _lane(path: str) -> str:
    """Return a path as the score has it: with the long name of a voice."""
    name, _, part = path.partition(".")
    return f"{name}.{VOICES[SHORT.index(part)]}" if part in SHORT else path


def learn(declared: Mapping[str, Declared]) -> None:
    """Let the help texts say what a model declares of its controls."""
    for kind in (Drummer, Part):
        for name, setting in vars(kind).items():
            if isinstance(setting, Setting) and name in declared:
                setting.__doc__ = describe(name, CONTROLS[name], declared[name])
