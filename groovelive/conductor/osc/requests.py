"""What OSC messages ask of the conductor, as typed requests: the table of docs/osc.md."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from ...checks import number
from ...errors import GrooveError, closest
from ...grooves.grid import STEPS_PER_BAR, Note
from ...osc_messages.codec import Argument, OscMessage
from ...protocol import session as messages
from ...protocol.base import EngineError
from ...protocol.due import when_of
from ...protocol.session import Draft, When
from ...score.edits import (
    Exact,
    FromDrummer,
    Home,
    Point,
    Rhythm,
    Source,
    Value,
    Walk,
    pack,
)
from ...score.names import NAMELESS
from .values import drafts, muted_but

MAX_TEXT = 4096  # characters
MAX_HITS = 4096


class Greeting(Struct, frozen=True):
    """Ask who is there, and say one's name, or ""."""

    version: int
    name: str = ""


class PatternOf(Struct, frozen=True):
    """Ask for two bars of a drummer, from `bar` on; 0 is the loop that plays now."""

    drummer: str
    bar: int


class Get(Struct, frozen=True):
    """Ask for what a control is now."""

    drummer: str
    path: str


class Names(Struct, frozen=True):
    """Ask for all genres, presets or drummers."""

    of: str


class Subscribe(Struct, frozen=True):
    """Ask for news, or for no more of them."""

    on: bool


class WalkTo(Struct, frozen=True):
    """Let a drummer walk from where it is."""

    drummer: str
    point: str
    bars: float
    when: When


class LeadTempo(Struct, frozen=True):
    """Lead the tempo, or give the lead back."""

    on: bool


class ClockReading(Struct, frozen=True):
    """Tell where one's own clock is: at `beat`, `ago` seconds ago."""

    beat: float
    bpm: float
    ago: float


class Phase(Struct, frozen=True):
    """Ask for the error of phase."""


Asked = (
    Greeting | PatternOf | Get | Names | Subscribe | WalkTo | LeadTempo | ClockReading | Phase
    | messages.Write | messages.Undo | messages.SceneRequest | messages.HushRequest | messages.ResetRequest
    | messages.PanicRequest
)  # fmt: skip
_Forwarded = (
    messages.Write | messages.Undo | messages.SceneRequest | messages.HushRequest | messages.ResetRequest
    | messages.PanicRequest
)  # fmt: skip
T = TypeVar("T")


class Arguments:
    """The arguments of a message after its id, taken one after the other; each error names the one at fault."""

    def __init__(self, message: OscMessage) -> None:
        self.address, self._rest = message.address, list(message.arguments[1:])
        for argument in self._rest:
            if isinstance(argument, str) and len(argument) > MAX_TEXT:
                raise self.wrong("", f"a text has at most {MAX_TEXT} characters, not {len(argument)}")
            if isinstance(argument, float) and not math.isfinite(argument):
                raise self.wrong("", f"{argument} is not a number that {self.address} can take")

    def wrong(self, field: str, sentence: str) -> EngineError:
        """Return an error."""
        return EngineError("BAD_REQUEST", sentence, field)

    def _next(self, field: str) -> Argument:
        if not self._rest:
            raise self.wrong(field, f"{self.address} lacks its {field}")
        return self._rest.pop(0)

    def __len__(self) -> int:
        return len(self._rest)

    def peek(self) -> Argument:
        """Return the next argument, or None."""
        return self._rest[0] if self._rest else None

    def any(self, field: str) -> Argument:
        """Take an argument of any type; Nil where there is none."""
        return self._rest.pop(0) if self._rest else None

    def text(self, field: str) -> str:
        """Take a string."""
        argument = self._next(field)
        if not isinstance(argument, str):
            raise self.wrong(field, f"{field} is a string, not {argument!r}")
        return argument

    def number(self, field: str, low: float = -1e9, high: float = 1e9) -> float:
        """Take an int or a float within a range."""
        argument = self._next(field)
        try:
            number(field, argument)  # first without the range, which for most is any
            return number(field, argument, low, high)
        except GrooveError as error:
            raise self.wrong(field, str(error)) from None

    def whole(self, field: str, low: int, high: int) -> int:
        """Take a whole number within a range; a float will do."""
        found = self.number(field, low, high)
        if not found.is_integer():
            raise self.wrong(field, f"{field} must be a whole number, not {found:g}")
        return int(found)

    def switch(self, field: str) -> bool:
        """Take 1 or 0, True or False."""
        argument = self._next(field)
        if argument not in (0, 1):
            raise self.wrong(field, f"{field} is 1 or 0, not {argument!r}")
        return bool(argument)

    def when(self) -> When:
        """Take a time, where there is one."""
        argument = self.any("when")
        if _left_out(argument):
            return When()
        try:
            return when_of(argument)
        except GrooveError:
            raise self.wrong(
                "when", f"when is 'next', 'now', '+8' (bars), '+2 beats' or the number of a bar, not {argument!r}"
            ) from None

    def over(self) -> float:
        """Take a number of bars, where there is one."""
        if self.peek() is None:
            self.any("over")
            return 0.0
        return self.number("over", 0, 256)

    def bars(self) -> float:
        """Take for how many bars something holds, where that is said; 0 is for good."""
        if self.peek() is None:
            self.any("bars")
            return 0.0
        return self.number("bars", 0, 4096)

    def end(self, made: T) -> T:
        """Return what was made, where no argument is left."""
        if self._rest:
            raise self.wrong("", f"{self.address} has {len(self._rest)} arguments more than it takes")
        return made


def _left_out(argument: Argument) -> bool:
    """Return whether an argument is not there, or an empty text in its place."""
    return argument is None or (isinstance(argument, str) and not argument.strip())


def _is_time(argument: Argument) -> bool:
    """Return whether an argument that may be left out is a time; if not, it is the next argument."""
    try:
        when_of(argument)
    except GrooveError:
        return False
    return True


def _write(edits: tuple[Draft, ...], when: When | None = None, over: float = 0.0) -> messages.Write:
    return messages.Write(edits=edits, when=when or When(), over=over, by=NAMELESS)


def _hello(take: Arguments) -> Asked:
    version = take.whole("version", -(2**31), 2**31 - 1) if len(take) else 1
    return take.end(Greeting(version, take.text("name") if len(take) else ""))


def _set(take: Arguments) -> Asked:
    drummer, path, value = take.text("drummer"), take.text("path"), take.any("value")
    when, over, bars = take.when(), take.over(), take.bars()
    made = tuple(msgspec.structs.replace(draft, bars=bars) for draft in drafts(drummer, path, value))
    return take.end(_write(made, when, over))


def _source(take: Arguments) -> Asked:
    drummer, kind = take.text("drummer"), take.text("kind")
    text = take.text("text") if len(take) else ""
    when, over = take.when(), take.over()
    made: dict[str, Callable[[], Source | None]] = {
        "follow": lambda: Rhythm(text=text), "play": lambda: Exact(text=text), "z": lambda: Point(name=text),
        "drummer": lambda: FromDrummer(drummer=text), "home": Home, "none": lambda: None,
    }  # fmt: skip
    if kind not in made:
        raise take.wrong("kind", f"a source is {', '.join(made)}; not {kind!r}{closest(kind, made)}")
    lacking = {"z": "z needs the name of a point", "drummer": "drummer needs the name of another to follow"}
    if kind in ("follow", "play", *lacking) and not text.strip():
        raise take.wrong("text", lacking.get(kind, f"a source to {kind} needs a text"))
    return take.end(_write((Draft("source", made[kind](), drummer),), when, over))


def _walk(take: Arguments) -> Asked:
    drummer, bars = take.text("drummer"), take.number("bars", 1e-3, 4096)
    when = take.when() if _left_out(take.peek()) or _is_time(take.peek()) else When()
    points = [take.text("point") for _ in range(len(take))]
    if not 1 <= len(points) <= 16:
        raise take.wrong("point", f"a walk leads over 1 to 16 points, not {len(points)}")
    if len(points) == 1:
        return WalkTo(drummer, points[0], bars, when)
    way = Walk(points=tuple(Point(name=point) for point in points), bars=bars)
    return _write((Draft("source", way, drummer),), when)


def _listen(take: Arguments) -> Asked:
    drummer, steps = take.text("drummer"), take.whole("steps", STEPS_PER_BAR, 64 * STEPS_PER_BAR)
    if len(take) > 3 * MAX_HITS:
        raise take.wrong("step", f"a rhythm has at most {MAX_HITS} hits, not {len(take) // 3}")
    if steps % STEPS_PER_BAR:
        raise take.wrong("steps", f"steps come in whole bars of {STEPS_PER_BAR}, not {steps}")
    notes = []
    while len(take):
        step = take.whole("step", 0, steps - 1)
        notes.append(Note(step, 0, take.number("velocity", 0, 1), take.number("offset", -0.5, 1)))
    return _write((Draft("source", Rhythm(notes=pack(notes), steps=steps), drummer),))


def _only(take: Arguments) -> Asked:
    drummer = take.text("drummer")
    parts = [take.text("part") for _ in range(len(take))]
    return _write(tuple(Draft(f"mute.{voice}", on, drummer) for voice, on in muted_but(parts).items()), When("now"))


def _scene(take: Arguments) -> Asked:
    what, name = take.text("what"), take.text("name")
    when, over = take.when(), take.over()
    if what not in ("save", "recall"):
        raise take.wrong("what", f"a scene is 'save' or 'recall', not {what!r}")
    if what == "save":
        return take.end(_write((Draft("scene", name),), when, over))
    return take.end(messages.SceneRequest(name=name, when=when, over=over, by=NAMELESS))


def _playing(on: Value) -> Callable[[Arguments], Asked]:
    return lambda take: take.end(_write((Draft("playing", on),), When("now")))


def _quiet(take: Arguments) -> Asked:
    drummer = take.text("drummer") if len(take) else ""
    if drummer:
        return take.end(messages.HushRequest(by=NAMELESS, drummers=(drummer,)))
    silent = messages.HushRequest if take.address == "/gl/hush" else messages.PanicRequest
    return take.end(silent(by=NAMELESS))


_REQUESTS: dict[str, Callable[[Arguments], Asked]] = {
    "/gl/hello": _hello,
    "/gl/set": _set,
    "/gl/source": _source,
    "/gl/walk": _walk,
    "/gl/listen": _listen,
    "/gl/pattern": lambda take: take.end(
        PatternOf(take.text("drummer"), take.whole("bar", 0, 10**6) if len(take) else 0)
    ),
    "/gl/get": lambda take: take.end(Get(take.text("drummer"), take.text("path"))),
    "/gl/undo": lambda take: take.end(messages.Undo(by=NAMELESS)),
    "/gl/redo": lambda take: take.end(messages.Undo(by=NAMELESS, redo=True)),
    "/gl/hush": _quiet,
    "/gl/panic": _quiet,
    "/gl/reset": lambda take: take.end(messages.ResetRequest(by=NAMELESS)),
    "/gl/only": _only,
    "/gl/scene": _scene,
    "/gl/bpm": lambda take: take.end(_write((Draft("bpm", take.number("bpm")),), take.when(), take.over())),
    "/gl/play": _playing(True),
    "/gl/stop": _playing(False),
    "/gl/subscribe": lambda take: take.end(Subscribe(take.switch("subscribe") if len(take) else True)),
    "/gl/genres": lambda take: take.end(Names("genres")),
    "/gl/presets": lambda take: take.end(Names("presets")),
    "/gl/drummers": lambda take: take.end(Names("drummers")),
    "/gl/lead": lambda take: take.end(LeadTempo(take.switch("lead"))),
    "/gl/clock": lambda take: take.end(
        ClockReading(take.number("beat"), take.number("bpm", 20, 400), take.number("seconds", 0, 10))
    ),
    "/gl/phase": lambda take: take.end(Phase()),
}


class Call(NamedTuple):
    """A request, its id, and what of several equal ones only the last counts for (`key`), where it is a fader's."""

    id: int
    asked: Asked
    key: tuple[str, ...] | None


def id_of(message: OscMessage) -> int | None:
    """Return the id of a request, or None where the message is none."""
    id = message.arguments[0] if message.arguments else None
    if not message.address.startswith("/gl/") or isinstance(id, bool) or not isinstance(id, int):
        return None
    return id if -(2**31) <= id < 2**31 else None


def call(message: OscMessage, id: int) -> Call:
    """Return what a message asks for.

    Raises:
        GrooveError: one sentence, and the field at fault.

    >>> from groovelive.osc_messages.codec import OscMessage
    >>> call(OscMessage("/gl/set", (0, "d1", "density", 0.5, "now")), 0).key
    ('d1', 'density', 'now', '0.0 0.0')
    >>> call(OscMessage("/gl/sat", (7,)), 7)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    groovelive.protocol.base.EngineError: there is no request /gl/sat (did you mean '/gl/set'?); ...
    """
    make = _REQUESTS.get(message.address)
    if make is None:
        address = message.address[:40]
        hint = closest(address, _REQUESTS)
        raise EngineError("BAD_REQUEST", f"there is no request {address}{hint}; docs/osc.md has them all")
    asked = make(Arguments(message))
    if not isinstance(asked, _Forwarded):
        return Call(id, asked, None)
    # Through the same check as what comes over ZeroMQ: the length of names, the range of numbers.
    known = messages.read_request(msgspec.msgpack.encode(asked))
    assert isinstance(known, _Forwarded)
    key = None
    if id == 0 and message.address in ("/gl/set", "/gl/bpm") and isinstance(known, messages.Write):
        draft, when = known.edits[0], known.when
        at = when.at if when.at in ("next", "now") else f"{when.at} {when.number:g}"
        key = (draft.drummer, draft.path, at, f"{known.over} {draft.bars}")
    return Call(id, known, key)
