"""The benchmark of timing: straight 16ths from a conductor to receivers, under five loads, beside other systems."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from ..errors import GrooveError
from ..protocol.session import Draft
from ..runtime.hints import install
from ..score.edits import Exact, Outs
from ..score.targets import AnyTarget, Midi, Osc
from . import Figure, figure, reach, systems
from .arrivals import Arrival, GridReading, by_count, on_grid
from .loads import LOADS
from .performer import LoadedProcess, Performer, serve
from .receivers import PERIOD, RATE, MidiArrival, Monitor, Receiver, jack_if_there

_MS = 1_000_000
_SETTLE = 1.5  # seconds until a load is at work, and a new tempo has come
DRUMMER = "straight"


class TimingSizes(NamedTuple):
    """How much is measured: seconds are those of each cell, of a tempo and a load."""

    bpms: tuple[int, ...]
    loads: tuple[str, ...]
    seconds: float  # as the system allows
    ordinary: float  # without real time, at the first tempo
    peers: float  # of each other system, at the first tempo
    edits: int
    bars: int
    hushes: int
    walkers: int
    walk: float  # seconds
    tempos: int
    midi: bool = True


FULL = TimingSizes((120, 180), tuple(LOADS), 30, 20, 15, 40, 20, 10, 32, 20, 100)
QUICK = TimingSizes((180,), ("idle", "garbage"), 3, 2, 2, 4, 3, 2, 32, 3, 100)
LONG = 600  # seconds


def run(
    *,
    quick: bool = False,
    long: bool = False,
    tell: Callable[[str], None] = lambda what: None,
    sizes: TimingSizes | None = None,
) -> dict[str, Figure]:
    """Measure, and return the figures by name.

    Args:
        quick: whether a minute or so must do.
        long: whether the drift is measured over ten minutes, too.
        tell: called with what is being measured, and with what is left out and why.
        sizes: in place of those for quick or not.

    Raises:
        GrooveError: this system has no way to hand the receivers' process its notes.
    """
    if sys.platform == "win32":
        raise GrooveError("the benchmark of timing runs on Linux and macOS")
    sizes = sizes or (QUICK if quick else FULL)
    figures: dict[str, Figure] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gl-")))
        environment: dict[str, str] = {}
        monitor: Monitor | None = None
        if sizes.midi:
            environment, monitor = stack.enter_context(jack_if_there(folder, tell))
        bench = _Bench(stack.enter_context(Receiver()), stack.enter_context(Receiver()), monitor, tell)
        for name, extra in (("fifo", {}), ("ordinary", {"GROOVELIVE_FIFO": "0"})):
            place = folder / name
            place.mkdir(mode=0o700)
            with serve(place, environment | extra) as served, Performer(served.conductor.address) as performer:
                if name == "fifo" and not performer.state().fifo:
                    tell("SCHED_FIFO is not allowed here (it needs root, or an rtprio limit): its rows are left out")
                    bench.further(performer, served.conductor.pid, sizes, figures)
                    continue
                both = name == "fifo"
                for bpm in sizes.bpms if both else sizes.bpms[:1]:
                    for load in sizes.loads:
                        tell(f"{name}, {bpm} bpm, {load}")
                        seconds = sizes.seconds if both else sizes.ordinary
                        figures |= bench.cell(performer, served.conductor.address, name, load, bpm, seconds)
                if both:
                    bench.further(performer, served.conductor.pid, sizes, figures)
                if both and long:
                    tell("ten minutes for the drift")
                    figures |= bench.cell(performer, served.conductor.address, "long", "idle", sizes.bpms[0], LONG)
        figures |= bench.peers(sizes)
    return figures


class _Bench:
    def __init__(
        self, tagged: Receiver, untagged: Receiver, monitor: Monitor | None, tell: Callable[[str], None]
    ) -> None:
        self.tagged, self.untagged, self.monitor, self.tell = tagged, untagged, monitor, tell

    def cell(
        self, performer: Performer, address: str, name: str, load: str, bpm: int, seconds: float
    ) -> dict[str, Figure]:
        """Play 16ths at a tempo, beside a load, and return the figures."""
        targets: list[AnyTarget] = [Osc(port=self.tagged.port), Osc(port=self.untagged.port, tagged=False)]
        if self.monitor is not None:
            targets.append(Midi(port=self.monitor.port, length=0.02))
        performer.write(Draft("bpm", float(bpm)), Draft("out", Outs(tuple(targets)), DRUMMER))
        performer.write(Draft("source", Exact(text="hh*16"), DRUMMER))
        with LoadedProcess("groovelive.bench.performer", address, load, DRUMMER):
            time.sleep(_SETTLE)
            begin, mark = time.time_ns(), self.monitor.mark() if self.monitor else 0
            time.sleep(seconds)
            end, stop = time.time_ns(), self.monitor.mark() if self.monitor else 0
        time.sleep(0.3)  # till the receivers have handed over what they have
        performer.write(Draft("source", None, DRUMMER))
        performer.news.clear()
        tagged, untagged = self.tagged.between(begin, end), self.untagged.between(begin, end)
        if len(tagged) < 2 or len(untagged) < 2:
            raise GrooveError("the receivers heard nothing")
        strokes = self.monitor.between(mark, stop) if self.monitor else []
        return _figures(f"{name}.{load}.{bpm}", tagged, untagged, strokes, bpm)

    def further(self, performer: Performer, conductor: int, sizes: TimingSizes, figures: dict[str, Figure]) -> None:
        """Measure what a performer does, and many drummers."""
        for tagged, receiver in ((True, self.tagged), (False, self.untagged)):
            self.tell(f"edits at once, {'tagged' if tagged else 'untagged'}")
            figures |= reach.now(performer, receiver, tagged, sizes.edits)
            figures |= reach.hush(performer, receiver, tagged, sizes.hushes)
        self.tell("edits before a bar")
        figures |= reach.bars(performer, self.tagged, sizes.bars)
        self.tell(f"{sizes.walkers} drummers")
        figures |= reach.walkers(performer, self.tagged, conductor, sizes.walkers, sizes.walk)
        if "walkers.cpu" not in figures:
            self.tell(f"the conductor's share of a core is left out: {install('bench')}")
        self.tell("changes of tempo")
        figures |= reach.tempos(performer, self.tagged, sizes.tempos)

    def peers(self, sizes: TimingSizes) -> dict[str, Figure]:
        """Have the other systems that are installed play the same."""
        figures: dict[str, Figure] = {}
        found = systems.there()
        if missing := [name for name in systems.SYSTEMS if name not in found]:
            self.tell(f"{' and '.join(missing)} left out: {install('bench')}")
        bpm = sizes.bpms[0]
        for name in found:
            for load in sizes.loads:
                self.tell(f"{name}, {bpm} bpm, {load}")
                ports = str(self.untagged.port), str(self.tagged.port)
                with LoadedProcess("groovelive.bench.systems", name, load, str(bpm), *ports):
                    time.sleep(_SETTLE)
                    begin = time.time_ns()
                    time.sleep(sizes.peers)
                    end = time.time_ns()
                time.sleep(0.3)
                tagged, untagged = self.tagged.between(begin, end), self.untagged.between(begin, end)
                if len(untagged) < 2:
                    self.tell(f"{name} was not heard")
                    continue
                figures |= _peer(f"{name}.{load}.{bpm}", tagged, untagged, bpm)
        return figures


def _figures(
    name: str, tagged: Sequence[Arrival], untagged: Sequence[Arrival], strokes: Sequence[MidiArrival], bpm: int
) -> dict[str, Figure]:
    period = 60e9 / bpm / 4
    system, load, _ = name.split(".")
    readings = [
        on_grid([one.tag for one in tagged if one.tag is not None], period),
        on_grid([one.stamp for one in untagged], period),
    ]
    limit = 0.2 if system != "ordinary" else 8.0 if load == "procs" else 3.0
    figures = _tagged(name, tagged, readings[0], {"max": 1.0}, {"max": 0.0})
    figures[f"{name}.arrival"] = _errors(readings[1], _MS, "ms", "error of untagged notes on arrival", {"p99": limit})
    begun = [one.at for one in strokes if one.data.startswith("99")]
    if len(begun) > 1:
        readings.append(on_grid(begun, period))
        about = f"error of MIDI notes, which JACK here takes in periods of {1000 * PERIOD / RATE:.1f} ms"
        figures[f"{name}.midi"] = _errors(readings[2], _MS, "ms", about)
    for key in ("missing", "doubled"):
        count = float(sum(getattr(reading, key) for reading in readings))
        figures[f"{name}.{key}"] = figure([count], "note", f"{key}, of all targets", {"max": 0.0})
    drift = abs(readings[1].drift)
    figures[f"{name}.drift"] = figure([drift], "ppm", "untagged", {"max": 5.0} if system == "long" else None)
    return figures


def _peer(name: str, tagged: Sequence[Arrival], untagged: Sequence[Arrival], bpm: int) -> dict[str, Figure]:
    period = 60e9 / bpm / 4
    heard = by_count([one.stamp for one in untagged], [one.number for one in untagged], period)
    figures: dict[str, Figure] = {}
    if len(tagged) > 1:
        tags = [one.tag for one in tagged if one.tag is not None]
        figures = _tagged(name, tagged, by_count(tags, [one.number for one in tagged], period))
    figures[f"{name}.arrival"] = _errors(heard, _MS, "ms", "error of untagged notes on arrival")
    figures[f"{name}.missing"] = figure([heard.missing], "note", "missing")
    figures[f"{name}.doubled"] = figure([heard.doubled], "note", "doubled")
    figures[f"{name}.drift"] = figure([abs(heard.drift)], "ppm", "untagged")
    return figures


def _tagged(
    name: str,
    hits: Sequence[Arrival],
    reading: GridReading,
    exact: dict[str, float] | None = None,
    never: dict[str, float] | None = None,
) -> dict[str, Figure]:
    leads = [(one.tag - one.stamp) / _MS for one in hits if one.tag is not None]
    late = float(sum(lead < 0 for lead in leads))
    return {
        f"{name}.timetag": _errors(reading, 1000, "us", "error of timetags", exact),
        f"{name}.lead": figure(leads, "ms", "how long before its timetag a note arrives", least=True),
        f"{name}.late": figure([late], "note", "notes that arrive after their timetags", never),
    }


def _errors(reading: GridReading, unit: float, word: str, about: str, goal: dict[str, float] | None = None) -> Figure:
    return figure((abs(reading.errors) / unit).tolist(), word, about, goal)
