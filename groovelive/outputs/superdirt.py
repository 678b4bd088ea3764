"""Notes for SuperDirt, the sampler of TidalCycles: `/dirt/play` with names and values, and their time."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..grooves.grid import VOICES
from ..osc_messages.codec import Argument, bundle, message
from ..osc_messages.timetags import WallClock
from ..score.edits import BEATS_PER_BAR, STEP
from ..score.targets import SuperDirt
from .frames import Due
from .osc import reach
from .scheduler import Sink

_HATS = (VOICES.index("closed_hat"), VOICES.index("open_hat"))


def fields(target: SuperDirt, note: Due) -> dict[str, Argument] | None:
    """Return what SuperDirt is told of a note, by name, in the types that Tidal uses; None where it has no sample.

    A cycle of Tidal is a bar here. SuperDirt plays a sound `gain` to the fourth power as loud, and a velocity is felt
    as its square, so that the gain is the velocity's root.

    Source: `used-parameters.scd` and `SuperDirt.sc` of SuperDirt; the names s, n, gain, cps, cycle, delta, orbit, cut.

    >>> note = Due(sink=1, when=0, step=4, voice=0, velocity=0.25, drummer="d1", beat=1.0, bpm=120.0)
    >>> fields(SuperDirt(), note)
    {'s': 'bd', 'n': 0.0, 'gain': 0.5, 'cps': 0.5, 'cycle': 0.25, 'delta': 0.125, 'orbit': 0}
    """
    name, _, number = target.samples[note.voice].partition(":")
    if name == "~":
        return None
    cps = note.bpm / 60 / BEATS_PER_BAR
    found: dict[str, Argument] = {
        "s": name,
        "n": float(number or 0),
        "gain": target.gain * math.sqrt(note.velocity),
        "cps": cps,
        "cycle": note.beat / BEATS_PER_BAR,
        "delta": STEP * 60 / note.bpm,
        "orbit": target.orbit,
    }
    if target.cut and note.voice in _HATS:
        found["cut"] = target.cut
    return found


class SuperDirtSink(Sink):
    """Sends notes to a SuperDirt.

    Raises:
        GrooveError: there is no such host.
    """

    ready = True

    def __init__(self, target: SuperDirt, clock: WallClock) -> None:
        super().__init__(target)
        self._target, self._clock = target, clock
        self._socket, self._where = reach(target.host, target.port)

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a note that sounds at the monotonic moment `at`."""
        said = fields(self._target, note)
        if said is None:
            return lambda: None
        play = message("/dirt/play", *(part for pair in said.items() for part in pair))
        data = bundle(self._clock.tag(at), [play])
        return lambda: self._send(data)

    def _send(self, data: bytes) -> None:
        self._socket.sendto(data, self._where)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def name(self) -> str:
        """Return what a sentence calls the receiver."""
        return f"SuperDirt {self._target.host}:{self._target.port}"
