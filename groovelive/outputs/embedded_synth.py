"""Notes on the embedded synth: scsynth in this process, which plays each bundle at the sample that its tag names."""

from __future__ import annotations

import glob
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..errors import GrooveError
from ..osc_messages.codec import bundle, message
from ..osc_messages.timetags import WallClock
from ..runtime.hints import install
from ..score.targets import Synth
from ..synthesis import kits as sound
from .frames import Due
from .scheduler import Sink

_PATIENCE = 3.0  # seconds for scsynth to do what it was told
_GROUPS, _BUSES = 1000, 16  # those of the first kit
_PLUGINS = "/usr/lib64/alsa-lib"  # where the ALSA of nanosynth's wheel looks for the plugins of PipeWire, JACK, …


class World:
    """An scsynth that plays in real time on the default sound device; one in a process.

    Raises:
        GrooveError: nanosynth is not installed, or there is no sound device that it can open.
    """

    def __init__(self) -> None:
        if sys.platform == "linux" and not os.path.isdir(_PLUGINS):
            if folders := sorted(glob.glob("/usr/lib/*/alsa-lib")):
                os.environ.setdefault("ALSA_PLUGIN_DIR", folders[0])
        try:
            # an optional package, which prints and starts threads when it is loaded
            from nanosynth.exceptions import ServerCannotBoot
            from nanosynth.scsynth import EmbeddedProcessProtocol, Options
        except ImportError:
            raise GrooveError(f"the embedded synth is not installed: {install('synth')}") from None
        self._engine: Any = EmbeddedProcessProtocol(on_panic_callback=self._gone)
        self._engine.set_reply_callback(self._reply)
        self._quitting = False
        self._said = threading.Event()
        self._failed: list[str] = []
        options = Options(
            port=0,  # any that is free: 57110 may be an scsynth of the user's
            input_bus_channel_count=0,
            output_bus_channel_count=2,
            maximum_node_count=8192,
            memory_size=65536,
            hardware_buffer_size=512,
            load_synthdefs=False,
            verbosity=-1,
        )
        try:
            self._engine.boot(options)
        except ServerCannotBoot as error:
            raise GrooveError(f"this machine has no sound device that the embedded synth can open ({error})") from None
        self.lock = threading.Lock()
        self.slots: set[int] = set()

    def send(self, packet: bytes) -> None:
        """Send an OSC packet."""
        self._engine.send_packet(packet)

    def tell(self, messages: list[sound.Message]) -> None:
        """Send messages, and wait until all is done.

        Raises:
            GrooveError: scsynth failed to, or does not answer.
        """
        self._said.clear()
        self._failed.clear()
        for each in messages:
            self.send(_packet(each))
        self.send(message("/sync", 1))
        if not self._said.wait(_PATIENCE):
            raise GrooveError("the embedded synth does not answer")
        if self._failed:
            raise GrooveError(f"the embedded synth failed: {self._failed[0]}")

    def quit(self) -> None:
        """End scsynth."""
        self._quitting = True
        self.send(message("/quit"))
        self._engine.exit_future.result(_PATIENCE)

    def _gone(self) -> None:
        """End the process when scsynth has ended by itself: the conductor starts another."""
        if not self._quitting:
            os._exit(1)

    def _reply(self, packet: bytes) -> None:
        if packet.startswith(b"/synced\0"):
            self._said.set()
        elif packet.startswith(b"/fail\0"):
            self._failed.append(" ".join(packet.replace(b"\0", b" ").decode(errors="replace").split()[2:]))


class SynthSink(Sink):
    """A kit on the embedded synth.

    Raises:
        GrooveError: scsynth cannot play it.
    """

    ready = True

    def __init__(self, target: Synth, world: World, clock: WallClock) -> None:
        super().__init__(target)
        self._world, self._clock = world, clock
        with world.lock:
            self._slot = min(set(range(len(world.slots) + 1)) - world.slots)
            self._kit = sound.DrumKit(target.kit, group=_GROUPS + 10 * self._slot, bus=_BUSES + 2 * self._slot)
            setup = self._kit.setup()
            defs = [each for each in setup if each[0] == "/d_recv"]
            world.tell(defs)  # a definition is read beside the audio thread: what uses it must come after
            rest = [each for each in setup if each[0] != "/d_recv"]
            world.tell([*rest, ("/n_set", self._kit.master, "amp", float(target.gain))])
            world.slots.add(self._slot)

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a stroke with its time."""
        strokes = [_packet(each) for each in self._kit.strike(note.voice, float(note.velocity))]
        packet = bundle(self._clock.tag(at), strokes)
        return lambda: self._world.send(packet)

    def hush(self) -> None:
        """Free all sounding notes, and forget all bundles that scsynth has been sent."""
        self._world.send(message("/clearSched"))
        self._world.send(message("/g_deepFree", self._kit.group))

    def close(self) -> None:
        """Free all nodes of the kit."""
        self._world.send(message("/n_free", self._kit.group, self._kit.master))
        self._world.slots.discard(self._slot)

    def name(self) -> str:
        """Return what a sentence calls the synth."""
        return "embedded synth"


def _packet(each: sound.Message) -> bytes:
    return message(str(each[0]), *each[1:])
