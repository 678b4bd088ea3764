"""Notes on a running SuperCollider server, beside whatever else plays on it: bundles with the time of each stroke."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ..osc_messages.codec import bundle, message
from ..osc_messages.timetags import WallClock
from ..score.targets import Scsynth
from .frames import Due
from .sc_server import Server
from .scheduler import Sink

_BUSES = 1024  # of a server, as sclang and scsynth have it where nobody says otherwise
_KITS = itertools.count()  # of this process: each has node ids and buses of its own
_APART = 10  # node ids from kit to kit


class ScsynthSink(Sink):
    """A kit on a server: its own group, its own buses, and nothing else is ever freed.

    Args:
        tell: called with a sentence when the server goes and when it is back.

    Raises:
        GrooveError: there is no such kit, or no server, or it cannot be set up.
    """

    def __init__(self, target: Scsynth, clock: WallClock, tell: Callable[[str], None]) -> None:
        from ..synthesis.kits import DrumKit

        super().__init__(target)
        self._target, self._clock, self._number = target, clock, next(_KITS)
        self._kit = DrumKit(target.kit)  # a slip of the pen boots no server
        self._server = Server(
            target.host, target.port, boot=target.boot, outputs=target.out + 2, setup=self._set_up, tell=tell
        )

    @property
    def ready(self) -> bool:  # type: ignore[override]
        """Whether the server is there."""
        return self._server.there

    def _set_up(self, server: Server) -> None:
        from ..synthesis.kits import DrumKit

        target = self._target
        # The last of the buses: sclang gives its clients theirs from the front of their shares.
        bus = _BUSES - 2 * (4 * server.client + self._number % 4) - 2 if target.bus < 0 else target.bus
        self._kit = DrumKit(target.kit, group=server.group + _APART * (self._number % 16), bus=bus, out=target.out)
        packets = self._kit.setup(target=target.group)
        # A definition is read beside the audio thread: what uses it must come after.
        server.tell([each for each in packets if each[0] == "/d_recv"])
        server.tell([("/n_free", self._kit.group, self._kit.master)], lenient=True)  # of a life before this one
        rest = [each for each in packets if each[0] != "/d_recv"]
        server.tell([*rest, ("/n_set", self._kit.master, "amp", float(target.gain))])

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a stroke with its time."""
        strokes = [message(str(each[0]), *each[1:]) for each in self._kit.strike(note.voice, float(note.velocity))]
        packet = bundle(self._clock.tag(at), strokes)
        return lambda: self._server.send(packet)

    def hush(self) -> None:
        """Free the notes of the kit; those of others stay, and so do bundles on their way."""
        self._server.send(message("/g_deepFree", self._kit.group))

    def close(self) -> None:
        """Free the nodes of the kit, and log out."""
        self._server.send(message("/n_free", self._kit.group, self._kit.master))
        self._server.close()

    def name(self) -> str:
        """Return what a sentence calls the server."""
        return self._server.name
