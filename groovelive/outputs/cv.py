"""Gates, triggers and velocities as voltages, by a SuperCollider server on a DC-coupled interface.

What an output is at each sample is decided on the server, by a node at the end of the output's bus
(`supercollider/SynthDefs/cv.scd`); a stroke is only a grain on that bus, with the time of the note.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

from ..errors import GrooveError
from ..osc_messages.codec import bundle, message
from ..osc_messages.timetags import WallClock
from ..score.targets import Cv, Lane
from ..synthesis.kits import FOLDER
from .frames import Due
from .sc_server import Packet, ScServer
from .scheduler import Sink

GAP = 1_000_000  # ns that a grain begins before its stroke: what is high then falls, so that it can rise on time
_FIRST = 200  # above the node ids of kits
_TARGETS = itertools.count()
_DEFS = ("gl_cv_stroke", "gl_cv_velocity", "gl_cv_gate", "gl_cv_trigger")
HEAD, TAIL = 0, 1  # of a group


def keepers(lane: Lane, level: float, group: int) -> list[Packet]:
    """Return what makes the nodes that hold a lane's outputs at their voltages.

    >>> keepers(Lane(voices=(0,), gate=0, velocity=4), 0.5, 900)[1]
    ('/s_new', 'gl_cv_gate', -1, 1, 900, 'out', 0, 'level', 0.5, 'length', 0.02)
    """
    found: list[Packet] = []
    if lane.velocity >= 0:
        found.append(("/s_new", "gl_cv_velocity", -1, TAIL, group, "out", lane.velocity, "level", level))
    for name, out, length in (("gate", lane.gate, lane.length), ("trigger", lane.trigger, lane.pulse)):
        if out >= 0:
            found.append(("/s_new", f"gl_cv_{name}", -1, TAIL, group, "out", out, "level", level, "length", length))
    return found


def strokes(lane: Lane, voice: int, velocity: float, group: int) -> list[Packet]:
    """Return what tells a lane's outputs that a voice of it is struck; due `GAP` before the stroke.

    Each voice of a lane has a sample of its own, so that those which are struck at once do not add up.

    >>> strokes(Lane(voices=(2, 3), gate=2, velocity=6), 3, 0.5, 900)[0]
    ('/s_new', 'gl_cv_stroke', -1, 0, 900, 'out', 6, 'value', 0.5, 'rank', 1)
    """
    outs = [out for out in (lane.velocity, lane.gate, lane.trigger) if out >= 0]
    rank = lane.voices.index(voice)
    return [("/s_new", "gl_cv_stroke", -1, HEAD, group, "out", out, "value", velocity, "rank", rank) for out in outs]


class CvSink(Sink):
    """Lanes of voltages on a server.

    Raises:
        GrooveError: two lanes share an output, there is no server, or it cannot be set up.
    """

    def __init__(self, target: Cv, clock: WallClock, tell: Callable[[str], None]) -> None:
        super().__init__(target)
        self._target, self._clock, self._number = target, clock, next(_TARGETS)
        self._defs = _definitions()
        used = Counter(out for lane in target.lanes for out in (lane.gate, lane.trigger, lane.velocity) if out >= 0)
        if twice := [out for out, times in used.items() if times > 1]:
            raise GrooveError(f"output {twice[0]} is used twice: each has one use, and voices can share a lane")
        outputs = 1 + max([1, *used])
        self._server = ScServer(
            target.host, target.port, boot=target.boot, outputs=outputs, setup=self._set_up, tell=tell
        )

    @property
    def ready(self) -> bool:  # type: ignore[override]
        """Whether the server is there."""
        return self._server.there

    @property
    def _group(self) -> int:
        return self._server.group + _FIRST + self._number % 64

    def _set_up(self, server: ScServer) -> None:
        group = server.group + _FIRST + self._number % 64
        server.tell([("/d_recv", each) for each in self._defs])
        server.tell([("/n_free", group)], lenient=True)
        held = [each for lane in self._target.lanes for each in keepers(lane, self._target.level, group)]
        server.tell([("/g_new", group, TAIL, self._target.group), *held])

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a note to its lanes, with its time."""
        found = [
            message(str(each[0]), *each[1:])
            for lane in self._target.lanes
            if note.voice in lane.voices
            for each in strokes(lane, note.voice, float(note.velocity), self._group)
        ]
        if not found:
            return lambda: None
        packet = bundle(self._clock.tag(at - GAP), found)
        return lambda: self._server.send(packet)

    def hush(self) -> None:
        """Let all outputs fall to 0."""
        self._server.send(message("/n_set", self._group, "t_hush", 1))

    def close(self) -> None:
        """Free all, and log out."""
        self._server.send(message("/n_free", self._group))
        self._server.close()

    def name(self) -> str:
        """Return what a sentence calls the server."""
        return self._server.name


def _definitions() -> list[bytes]:
    try:
        return [(FOLDER / f"{name}.scsyndef").read_bytes() for name in _DEFS]
    except OSError as error:
        raise GrooveError(f"the SynthDefs of CV are missing from this installation: {error.filename}") from None
