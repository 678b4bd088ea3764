"""Gates, triggers and velocities as voltages, by a SuperCollider server on a DC-coupled interface."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ..errors import GrooveError
from ..osccodec import bundle, message
from ..timeline.targets import Cv, Lane
from .frames import Due
from .sender import Sink
from .server import Packet, Server
from .walltime import WallClock

_FIRST = 200  # above the node ids of kits
_TARGETS = itertools.count()
_DEFS = ("gl_cv_velocity", "gl_cv_gate", "gl_cv_trigger")
TAIL = 1  # of a group


def packets(lane: Lane, velocity: float, level: float, group: int) -> list[Packet]:
    """Return what makes a lane's outputs say that a voice of it is struck.

    >>> packets(Lane(voices=(0,), gate=0, velocity=4), 0.5, 1.0, 900)[0]
    ('/s_new', 'gl_cv_velocity', -1, 1, 900, 'out', 4, 'value', 0.5, 'length', 0.02)
    """
    found: list[Packet] = []
    values = velocity * level, level, level
    for out, name, value in zip((lane.velocity, lane.gate, lane.trigger), _DEFS, values, strict=True):
        if out >= 0:
            found.append(("/s_new", name, -1, TAIL, group, "out", out, "value", value, "length", lane.length))
    return found


class CvSink(Sink):
    """Lanes of voltages on a server.

    Raises:
        GrooveError: there is no server, or it cannot be set up.
    """

    def __init__(self, target: Cv, clock: WallClock, tell: Callable[[str], None]) -> None:
        super().__init__(target)
        self._target, self._clock, self._number = target, clock, next(_TARGETS)
        self._defs = _definitions()
        outputs = 1 + max(max(lane.gate, lane.trigger, lane.velocity) for lane in target.lanes)
        self._server = Server(
            target.host, target.port, boot=target.boot, outputs=max(outputs, 2), setup=self._set_up, tell=tell
        )

    @property
    def ready(self) -> bool:  # type: ignore[override]
        """Whether the server is there."""
        return self._server.there

    @property
    def _group(self) -> int:
        return self._server.group + _FIRST + self._number % 64

    def _set_up(self, server: Server) -> None:
        group = server.group + _FIRST + self._number % 64
        server.tell([("/d_recv", each) for each in self._defs])
        server.tell([("/n_free", group)], lenient=True)
        server.tell([("/g_new", group, TAIL, self._target.group)])

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a note to its lanes, with its time."""
        found = [
            message(str(each[0]), *each[1:])
            for lane in self._target.lanes
            if note.voice in lane.voices
            for each in packets(lane, float(note.velocity), self._target.level, self._group)
        ]
        if not found:
            return lambda: None
        packet = bundle(self._clock.tag(at), found)
        return lambda: self._server.send(packet)

    def hush(self) -> None:
        """Let all outputs fall to 0."""
        self._server.send(message("/g_deepFree", self._group))

    def close(self) -> None:
        """Free all, and log out."""
        self._server.send(message("/n_free", self._group))
        self._server.close()

    def name(self) -> str:
        """Return what a sentence calls the server."""
        return self._server.name


def _definitions() -> list[bytes]:
    from ..sound import FOLDER

    try:
        return [(FOLDER / f"{name}.scsyndef").read_bytes() for name in _DEFS]
    except OSError as error:
        raise GrooveError(f"the SynthDefs of CV are missing from this installation: {error.filename}") from None
