"""The words that a performer has in reach: what, when, verbs; they act on the session that was opened last."""

from __future__ import annotations

import atexit
import contextlib
import getpass
import os
from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import number, whole
from ..errors import GrooveError, closest
from ..protocol.due import now
from ..protocol.engine import ModelInfo
from ..protocol.session import Draft, When
from ..score.edit_log import SESSION
from ..score.edits import Line, Point
from ..score.names import LONGEST, check_name
from .autostart import ensure
from .bar_transforms import (
    crash,
    degrade,
    double,
    fill,
    halve,
    louder,
    reverse,
    rotate,
    stutter,
    without,
)
from .clip import Clip
from .clocks import link, midi_clock
from .inputs import adaptive, hands, learn, midi_in, unlearn
from .latents import Latent, point_of
from .listings import Listed
from .recording import Recording
from .recording import replay as _replay
from .scheduling import At
from .session import Session
from .silence import SilenceWord
from .songs import song
from .sources import groove, play
from .targets import (
    ableton,
    cv,
    file,
    midi,
    osc,
    scsynth,
    superdirt,
    synth,
)

if TYPE_CHECKING:
    from ..model import Model

__all__ = [
    "Session", "ableton", "adaptive", "at", "crash", "cv", "degrade", "double", "file", "fill", "forever", "genres",
    "groove", "halve", "hands", "hush", "learn", "line", "link", "louder", "midi", "midi_clock", "midi_in", "now",
    "open", "osc", "panic", "play", "presets", "record", "redo", "replay", "reverse", "rotate", "scene", "scsynth",
    "session", "song", "stutter", "superdirt", "synth", "undo", "unlearn", "unsolo", "without", "z",
]  # fmt: skip

forever = float("inf")  # loops of memory: d1.memory = forever
_NOW = When("now")
_sessions: list[Session] = []


def open(
    *,
    realtime: bool | None = None,
    by: str | None = None,
    address: str | None = None,
    server: str | None = None,
    seed: int | None = None,
    notices: bool = True,
) -> Session:
    """Join the session that runs on this machine, or start one; it outlives this program.

    Args:
        realtime: False plays on a simulated clock, in this program alone: `live.run(bars=64)` lets time pass. By
            default True, unless the environment has GROOVELIVE_REALTIME=0.
        by: your name, as others read it, and as whose `undo` counts; by default GROOVELIVE_BY of the environment, or
            that of your account. Where another client is called so, the conductor gives you a number: maria-2.
        address: of a conductor on another machine, as "tcp://stage:5571".
        server: its public key or name, or "" to find it by the host's name; see `groovelive keys`.
        seed: of the session's chances.
        notices: whether it is said in a line when others join, leave or change what is heard; also `live.notices`.

    Raises:
        GrooveError: the conductor is not there, or does not let this machine in.

    >>> live = open(realtime=False)
    >>> _ = live.d1 >> groove("x..x..x.")
    >>> live.run(bars=2)
    >>> live.d1.genre = "funk"
    """
    if realtime is None:
        realtime = os.environ.get("GROOVELIVE_REALTIME") != "0"
    name = _name(by)
    if not realtime:
        if address is not None or server is not None:
            raise GrooveError("a session on a simulated clock is in this program; it has no address")
        from ..conductor.offline import Offline  # start-up time: it brings the model and ONNX Runtime

        offline = Offline(tell=lambda sentence: live.tell(sentence))
        live = Session(offline, name)
    else:
        from .remote import WireLine  # start-up time: it brings ZeroMQ, which a simulated session does without

        if address is None:
            ensure()
        live = Session(WireLine(name, address, server), name)
    live.notices = notices
    if not _sessions:
        atexit.register(_leave, os.getpid())
    _sessions.append(live)
    if seed is not None:
        live.send([Draft("seed", seed)], _NOW)
    return live


def _name(by: str | None) -> str:
    if by is None and not (by := os.environ.get("GROOVELIVE_BY")):
        try:
            return check_name(getpass.getuser()[:LONGEST].strip())
        except (KeyError, OSError, ImportError, GrooveError):
            return "performer"
    return check_name(by)


def _leave(pid: int) -> None:
    """Leave the sessions that a program leaves open at its end; not in a copy of its process."""
    for live in _sessions if pid == os.getpid() else ():
        with contextlib.suppress(Exception):  # whatever it is, the program is over
            if live.realtime and not live.closed:
                live.close()


def session() -> Session:
    """Return the session that was opened last and is not closed.

    Raises:
        GrooveError: there is none.
    """
    while _sessions and _sessions[-1].closed:
        _sessions.pop()
    if not _sessions:
        raise GrooveError("no session is open: live = groovelive.open() opens one")
    return _sessions[-1]


# What


def line(start: float, end: float, *, bars: float) -> Line:
    """Return a ramp for a control: from `start`, when it is set, to `end` in so many bars.

    >>> line(.2, .9, bars=16)
    Line(start=0.2, end=0.9, bars=16.0)
    """
    return Line(
        number("start of a line", start),
        number("end of a line", end),
        number("bars of a line", bars, 0, 4096, above=True),
    )


class _Z:
    """Points of the latent space: `z("late night")` is a preset's, `z.random(3)` one drawn with a seed."""

    def __call__(self, point: Any) -> Latent:
        return Latent(session(), point_of(session(), point))

    def random(self, seed: int = 0) -> Latent:
        """Return a latent drawn from the prior N(0, I), the same for the same seed."""
        seed = whole("a seed", seed, 0)
        live = session()
        if live.model is None or not live.model.latent:
            raise GrooveError("the model that is served has no latent space")
        draw = np.random.default_rng(seed).standard_normal(live.model.latent).astype(np.float32)
        return Latent(live, Point(z=draw.tobytes()))

    def __dir__(self) -> list[str]:
        return ["random"]

    def __repr__(self) -> str:
        return "z(name) or z.random(seed): a point of the latent space"


z = _Z()


def _served() -> ModelInfo | Model:
    """Return what knows genres and presets: the model that the session plays, or the shipped one."""
    model = session().model if any(not live.closed for live in _sessions) else None
    if model is not None:
        return model
    from ..model import load  # start-up time: a client of a conductor does without the model

    return load()


def _presets() -> dict[str, str]:
    return {name: one if isinstance(one, str) else one.genre for name, one in _served().presets.items()}


genres = Listed('genres; d1.genre = "funk"', lambda: dict.fromkeys((*_served().genres, "any"), ""))
presets = Listed('presets; d1.z = "late night", or d1.a', _presets)

# When


def at(when: Any, *, over: float = 0.0) -> At:
    """Return a block whose edits are all due at one moment, and are undone together.

    Args:
        when: "+8", bars from the one that plays; "+2 beats"; a bar's number, from 1; or `now`.
        over: bars in which the old goes over into the new; genres and latents morph.

    >>> live = open(realtime=False)
    >>> with at("+8", over=4):
    ...     live.d1.genre, live.d1.density = "funk", 0.8
    >>> [(edit.path, edit.beat) for edit in live.pending]
    [('genre', 32.0), ('density', 32.0)]
    """
    return session().at(when, over=over)


# Verbs


hush = SilenceWord(
    "hush",
    lambda: session().hush(),
    """Let every drummer fall silent, and call off what is planned; what rings, rings out.

    Replays, songs, moves, fills, ramps, autopilots and your own code end. It says what it did, and `undo()` brings all
    of it back. In IPython `hush` alone does it, or Esc Esc; in a shell `groovelive hush`. In `with at("+8"):` it is due
    then.
    """,
)
panic = SilenceWord(
    "panic",
    lambda: session().panic(),
    "Silence everything at once, as `hush` does, but also what rings: every note ended, every synth freed.",
)


def unsolo() -> None:
    """End the solos of all drummers, and of their voices, now; those that are planned stay planned."""
    live = session()
    score = live.score
    lanes = [(name, path) for name in score.drummers for path in ("solo", *score.solos(name))]
    drafts = [Draft(path, False, name) for name, path in lanes if live.value(name, path)]
    if drafts:
        live.write(drafts, _NOW)


def undo() -> None:
    """Undo what you did last, a line, a whole block or a hush, and say what that was."""
    session().undo()


def redo() -> None:
    """Do again what you undid last, and say what that was."""
    session().redo()


class _Scenes:
    """Scenes: `scene.save("verse")` keeps what is set, `scene.verse()` sets it, `scene.verse(over=2)` in two bars.

    Both also stand in `with at(...)`.
    """

    def save(self, name: str) -> None:
        """Keep all that is set now under a name."""
        session().write([Draft("scene", name, SESSION)], _NOW)

    @property
    def names(self) -> list[str]:
        """The scenes that were saved."""
        return list(dict.fromkeys(str(edit.value) for edit in session().score.lane(SESSION, "scene")))

    def __getitem__(self, name: str) -> Any:
        def recall(over: float | None = None) -> None:
            session().recall(name, over)

        recall.__doc__ = (
            f"Set everything as it was when the scene {name!r} was saved; over so many bars: scene.{name}(over=2)."
        )
        return recall

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.names:
            hint = closest(name, self.names)
            raise AttributeError(f"there is no scene {name!r}{hint}; scene.save({name!r}) makes one")
        return self[name]

    def __dir__(self) -> list[str]:
        return ["names", "save", *self.names] if _sessions else ["names", "save"]

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    def __repr__(self) -> str:
        return f"scenes: {', '.join(self.names) or 'none yet'}"


scene = _Scenes()

# Keeping


def record(*paths: str | PathLike[str]) -> Recording:
    """Return a block whose music is in files when it ends: `with record("set.mid", "set.take"): ...`.

    Args:
        paths: names that end in .mid, .wav (extra `synth`), .svg or .take.
    """
    return Recording(session(), paths)


def replay(path: str | PathLike[str], *, play: bool | None = None) -> Clip:
    """Return what a take holds, note for note, and play it from the next bar on, where a session runs in real time.

    Args:
        path: of a .take.
        play: False only returns it.
    """
    is_open = any(not live.closed for live in _sessions)
    sounding = is_open and session().realtime if play is None else play
    return _replay(path, session() if sounding else None)


def in_reach(live: Session) -> dict[str, Any]:
    """Return what IPython has in reach: the session, d1 to d9, and the words."""
    names: Iterable[str] = (name for name in __all__ if name not in ("Session", "open", "session"))
    return {"live": live, **{f"d{k}": live[f"d{k}"] for k in range(1, 10)}, **{n: globals()[n] for n in names}}
