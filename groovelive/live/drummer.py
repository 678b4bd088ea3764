"""A drummer as a performer sees it: what it follows, how it plays, and what will sound."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

from ..checks import flag, is_whole, number, whole
from ..checks import name as one_of
from ..errors import GrooveError
from ..grooves.candidates import By
from ..grooves.grid import GROUPS, VOICES, voice_indices
from ..grooves.groove import Groove
from ..protocol.session import Draft, When
from ..score.edits import Exact, FromDrummer, Home, Move, Moves, Outs, Point, Rhythm, Walk
from ..score.inputs import Resume
from ..score.rhythms import LOOP_STEPS
from . import display
from .bar_transforms import BarTransform
from .client import SessionClient
from .ideas import Ideas, think
from .inputs import JoinedInputs
from .latents import Latent, point_of
from .memory import HeardAndPlayed, look, playing
from .parts import part_of
from .scheduling import History
from .settings import Setting, lane
from .songs import Scheduled, schedule
from .sources import groove
from .stage_words import StageWords
from .targets import outs_of

_NOW = When("now")


class Drummer(StageWords):
    """A generated drum part.

    `drummer >> "x..x..x."` says what it follows, `drummer >> play(...)` what it plays, `drummer >> other` whom it
    follows: the rhythm is then what the other really plays, bar by bar. Its attributes say how, its verbs act now.
    Whatever is typed gives the drummer back, and shows what will sound.
    """

    _word = "drummer"

    follow = Setting("follow")
    mirror = Setting("mirror")
    instrument = Setting("instrument")
    adherence = Setting("adherence")
    variation = Setting("variation")
    complexity = Setting("complexity")
    intensity = Setting("intensity")
    fills = Setting("fills")
    phrase = Setting("phrase")
    section = Setting("section")
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
    swing_of = Setting("swing_of")
    feel = Setting("feel")
    humanise = Setting("humanise")
    nudge = Setting("nudge")

    bd, sn, hh, oh, lt = (
        part_of("kick"),
        part_of("snare"),
        part_of("closed_hat"),
        part_of("open_hat"),
        part_of("low_tom"),
    )
    mt, ht, cr, rd = part_of("mid_tom"), part_of("high_tom"), part_of("crash"), part_of("ride")
    kick, snare, hats, toms, cymbals = map(part_of, GROUPS)
    closed_hat, open_hat, low_tom, mid_tom, high_tom, crash, ride = map(part_of, VOICES[2:])

    def __init__(self, live: SessionClient, name: str) -> None:
        self._live, self._drummer, self._part = live, name, ""
        self._ideas: Ideas | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self._drummer

    # What

    def __rshift__(self, source: Any) -> Drummer:
        source = source.as_source() if hasattr(source, "as_source") else source
        if isinstance(source, Drummer):
            self._follow(source)
            return self
        if isinstance(source, Scheduled):
            schedule(self, source)
            return self
        if isinstance(source, JoinedInputs):
            drafts = [Draft("source", source.plain(), self._drummer)]
            if source.follow is not None:
                drafts.append(Draft("follow", self._typed("follow", source.follow), self._drummer))
            self._live.write(drafts)
            return self
        if isinstance(source, str | PathLike | Groove | np.ndarray | list):
            source = groove(source)
        if not isinstance(source, Rhythm | Exact):
            raise GrooveError(
                f"{self.name} >> 'x..x..x.', or {self.name} >> groove(...), follows, {self.name} >> play(...) plays, "
                f"and {self.name} >> d2 follows d2; not {source!r}"
            )
        self._write("source", source)
        return self

    def _follow(self, other: Drummer) -> None:
        if other._live is not self._live:
            raise GrooveError(f"{other.name} is of another session; {self.name} follows drummers of its own")
        self._write("source", FromDrummer(other.name))

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
        sphere = one_of("path", path, ("linear", "slerp")) == "slerp"
        bars = number("bars of a walk", bars, 0, 4096, above=True)
        way = tuple(point_of(self._live, point, "a walk") for point in points)
        self._write("source", Walk(points=way, bars=bars, path="slerp" if sphere else "linear"))
        return self

    def home(self) -> Drummer:
        """Fall back to the preset, at once: to `a`, or to that of the genre."""
        self._write("source", Home(), _NOW)
        return self

    def resume(self, control: str = "source") -> Drummer:
        """Let what led a control before a hand was on it lead it again, at once: a ramp, a pattern, a density, a knob.

        Without a name: follow again what it followed before it went `home`.
        """
        self._live.write([Draft(lane(control), Resume(), self._drummer)], _NOW)
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
        self._write("autopilot", flag("autopilot", on))
        return self

    def clear(self) -> Drummer:
        """Forget what was played to it, now; `undo()` brings it back."""
        self._write("clear", True, _NOW)
        return self

    def redirect(self, *groups: str) -> Drummer:
        """Ask for drums without these groups, whose energy moves to the others; without a name, for all again."""
        self._write("redirect", tuple(groups) or None)
        return self

    # Ideas

    def ideas(self, n: int = 8, *, by: By = "spread", first: int = 0, like: Groove | None = None) -> Ideas:
        """Return other answers that it could give to what it hears, for its next loop; nothing changes yet.

        Args:
            n: how many, 1..64.
            by: their order: "spread", each as far as can be from those before it; from the least to the most
                "density", "syncopation" or "distance" from what it plays now; "likely", the least surprising first; or
                as they were "drawn".
            first: the number of the first that is drawn; `first=8` are the next after the first eight.
            like: a Groove of two bars that they shall go on from; see also `Idea.more`.

        Raises:
            GrooveError: it follows nothing, or is a mirror.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> _ = live.d1 >> gl.groove("x..x..x.")
        >>> live.run(bars=2)
        >>> ideas = live.d1.ideas(3)
        >>> _ = live.d1.take(2)
        >>> live.run(bars=2)
        >>> bool(live.last(2).groove("d1").hits.sum() == ideas[2].groove.hits.sum())
        True
        """
        self._ideas = think(self, n, by=by, first=first, like=like)
        return self._ideas

    def take(self, number: int) -> Drummer:
        """Play one of the ideas shown last from the next bar on, and go on from there; `undo()` takes it back.

        Args:
            number: as it was shown, from 0.
        """
        if self._ideas is None:
            raise GrooveError(f"{self.name} has shown no ideas yet: {self.name}.ideas(8) shows some")
        self._ideas[whole("the number of an idea", number, 0, len(self._ideas) - 1)].play()
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

    def every(self, n: int, *transforms: BarTransform) -> Drummer:
        """Do something to every n-th bar, the first of each n: `d1.every(4, rotate(1/8))`."""
        return self._move("every", n, transforms)

    def last_of(self, n: int, *transforms: BarTransform) -> Drummer:
        """Do something to the last of every n bars: `d1.last_of(8, fill)`."""
        return self._move("last_of", n, transforms)

    def sometimes(self, p: float, *transforms: BarTransform) -> Drummer:
        """Do something to a bar with probability p: `d1.sometimes(.2, stutter(2))`."""
        return self._move("sometimes", p, transforms)

    def _move(self, when: Any, n: Any, transforms: tuple[Any, ...]) -> Drummer:
        if not transforms or not all(isinstance(one, BarTransform) for one in transforms):
            raise GrooveError(f"{when} takes a number and what is done then, as {when}({n}, fill)")
        n = number(f"the number of {when}", n)
        # The same line typed again takes the place of what it did the first time, whatever its numbers were.
        made = tuple(Move(when, n, one.name, one.amount) for one in transforms)
        block = self._live.block
        if block is not None and isinstance(held := block.set(self._drummer, "moves"), Moves):
            self._write("moves", Moves(Moves(made).to(held).moves, added=held.added))
        else:
            self._write("moves", Moves(made, added=True))
        return self

    def _moves(self) -> tuple[Move, ...]:
        """What is done to some bars; `d1.moves = ()` ends it all."""
        value = self._live.value(self._drummer, "moves")
        if isinstance(value, Moves) and value.added:  # in a block that is open
            value = value.to(self._live.score.value(self._drummer, "moves", self._live.present))
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
        self._write("out", outs_of(value))

    out = property(_out, _set_out, doc=_out.__doc__)

    # Verbs

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
            if is_whole(part) and 0 <= part < LOOP_STEPS:
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
        return playing(self._live, self._drummer)

    @property
    def hearing(self) -> HeardAndPlayed:
        """What it has heard, as it is told to hear it, and what it makes of that: side by side."""
        return look(self._live, self._drummer)

    def __repr__(self) -> str:
        return display.drummer(self._live, self._drummer)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        printer.text(display.drummer(self._live, self._drummer, colour=colour))

    def _repr_svg_(self) -> str:
        return display.drummer_svg(self._live, self._drummer)
