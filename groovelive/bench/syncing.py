"""Figures of other clocks, for the benchmark of playing: how far notes are from the beats of Link and MIDI clock."""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.session import Draft
from ..score.clocks import AnyClock, Link, MidiClock
from ..score.edits import Exact, Outs
from ..score.targets import Osc
from . import Figure, figure
from .linkpeer import LinkPeer, apart
from .performer import Performer, serve
from .receivers import Receiver, jack
from .sequencer import NAME, Sequencer

_BPM = 133.0
_BAR = 4 * 60 / _BPM  # seconds
_JITTER = 0.005  # seconds
_MET = 30.0  # seconds within which bar lines have come together
DRUMMER = "straight"


class SyncingSizes(NamedTuple):
    """How much is measured: seconds of 16ths, changes of tempo, and pairs of bars."""

    seconds: float
    changes: int
    pairs: int


FULL, QUICK = SyncingSizes(40, 20, 12), SyncingSizes(4, 3, 2)


def run(*, quick: bool = False, tell: Callable[[str], None] = lambda what: None) -> dict[str, Figure]:
    """Measure, and return the figures by name.

    Args:
        quick: whether some seconds must do.
        tell: called with what is being measured, and with what is left out and why.
    """
    figures: dict[str, Figure] = {}
    for what, measure in (("Link", _link_apart), ("MIDI clock", _midi)):
        tell(what)
        try:
            figures |= measure(quick)
        except GrooveError as error:
            tell(f"{what} is not measured: {error}")
    return figures


def _straight(performer: Performer, receiver: Receiver, bpm: float) -> None:
    drafts = (
        Draft("bpm", bpm), Draft("out", Outs((Osc(port=receiver.port),)), DRUMMER),
        Draft("source", Exact(text="hh*16"), DRUMMER),
    )  # fmt: skip
    performer.write(*drafts)


def _tags(receiver: Receiver, seconds: float) -> list[int]:
    """Wait, and return the times of the notes that sounded meanwhile, in ns of the wall clock."""
    begin = time.time_ns()
    time.sleep(seconds)
    end = time.time_ns()
    return [hit.tag for hit in receiver.since(begin - 1_000_000_000) if hit.tag is not None and begin <= hit.tag < end]


def _follow(performer: Performer, clock: AnyClock, near: float) -> None:
    """Follow a clock, and wait until our bar lines are within `near` ms of its own."""
    performer.ask(messages.Follow(clock=clock, by="bench"), messages.Done)
    end = time.monotonic() + _MET
    while time.monotonic() < end:
        state = performer.state()
        if state.phase is not None and abs(state.phase) < near:
            return
        time.sleep(0.05)
    raise GrooveError(f"the bar lines do not come together within {_MET:g} s")


# Link


def _link_apart(quick: bool) -> dict[str, Figure]:
    """Measure Link in a network of its own, where nobody else takes part in it."""
    done = apart([sys.executable, "-m", __name__, "quick" if quick else "full"])
    if done.returncode:
        raise GrooveError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended at once")
    found: dict[str, list[float]] = json.loads(done.stdout)
    return {
        "link.phase": figure(
            found["phase"], "ms", "16ths, by their notes' timetags, against the beats of a second peer", {"p99": 1.0}
        ),
        "link.led": figure(found["led"], "ms", "the same, where the session is led"),
        "link.change": figure(
            found["change"], "beats", "from another tempo at the peer to within a millisecond of its beat", {"max": 1.0}
        ),
        "link.floor": figure(found["floor"], "ms", "a third peer's beats against those of the second, the floor"),
    }  # fmt: skip


def _link(sizes: SyncingSizes, folder: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    with Receiver() as receiver, serve(folder, {}) as served, Performer(served.conductor.address) as performer:
        _straight(performer, receiver, _BPM)
        with LinkPeer(_BPM) as peer:
            time.sleep(1.5)
            _follow(performer, Link(), 0.5)
            time.sleep(1.0)
            tags = _tags(receiver, sizes.seconds)
            found["phase"] = [abs(error) * 1000 for error in peer.errors(tags)]
            with LinkPeer(_BPM) as third:
                time.sleep(1.5)
                theirs = third.errors(tags)
                found["floor"] = [abs(a - b) * 1000 for a, b in zip(peer.errors(tags), theirs, strict=True)]
            found["change"] = [_change(performer, peer, k) for k in range(sizes.changes)]
            peer.turn_to(_BPM)
            performer.ask(messages.LeadRequest(clock=Link(), by="bench"), messages.Done)
            time.sleep(2.0)
            found["led"] = [abs(error) * 1000 for error in peer.errors(_tags(receiver, sizes.seconds / 2))]
    return found


def _change(performer: Performer, peer: LinkPeer, k: int) -> float:
    """Have the peer change its tempo, and return the beats after which we are within 1 ms of its beat, and stay so."""
    bpm = (110.0, 133.0, 150.0)[k % 3]
    began = peer.turn_to(bpm)
    far = 0.0
    while (now := time.time()) < began + 3 * 60 / bpm:
        state = performer.state()
        if state.phase is None or abs(state.phase) > 1 or abs(state.bpm - bpm) > bpm / 100:
            far = now - began
        time.sleep(0.002)
    return far * bpm / 60


# MIDI clock


def _midi(quick: bool) -> dict[str, Figure]:
    sizes = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="gl-") as name, jack(Path(name)) as (environment, _):
        (place := Path(name) / "run").mkdir(mode=0o700)
        return _midi_phase(sizes, place, environment)


def _midi_phase(sizes: SyncingSizes, folder: Path, environment: Mapping[str, str]) -> dict[str, Figure]:
    everything = dict(environment)
    with (
        Receiver() as receiver,
        serve(folder, everything) as served,
        Performer(served.conductor.address) as performer,
        Sequencer(_BPM, everything, _JITTER) as sequencer,
    ):  # fmt: skip
        _straight(performer, receiver, _BPM)
        performer.ask(messages.Follow(clock=MidiClock(port=NAME), by="bench"), messages.Done)
        time.sleep(1.0)
        sequencer.say("start")
        time.sleep(2 * _BAR)
        _follow(performer, MidiClock(port=NAME), 3.0)
        time.sleep(2 * _BAR)
        errors, squares = [], []
        for _ in range(sizes.pairs):
            these = _against(_tags(receiver, 2 * _BAR), sequencer)
            errors += [abs(error) * 1000 for error in these]
            squares.append(1000 * math.sqrt(sum(error * error for error in these) / len(these)))
    about = "16ths, by the timetags of their notes, against a sequencer whose ticks have 5 ms of jitter, less its mean"
    return {
        "midi.phase": figure(errors, "ms", about),
        "midi.rms": figure(squares, "ms", "the same, the root of the mean square over two bars", {"max": 2.0}),
    }


def _against(tags: list[int], sequencer: Sequencer) -> list[float]:
    """Return by how many seconds notes are after the 16ths of a sequencer, whose ticks are late by some in the mean."""
    due, beat, late = sequencer.place()
    offset = time.monotonic_ns() - time.time_ns()
    found = []
    for tag in tags:
        at = beat + (tag + offset - due - late * 1e9) / 60e9 * sequencer.bpm
        found.append(((at + 0.125) % 0.25 - 0.125) * 60 / sequencer.bpm)
    return found


def main(size: str) -> dict[str, Any]:
    """Be the process that measures Link."""
    with tempfile.TemporaryDirectory(prefix="gl-") as name:
        (place := Path(name) / "run").mkdir(mode=0o700)
        return _link(QUICK if size == "quick" else FULL, place)


if __name__ == "__main__":
    try:
        print(json.dumps(main(sys.argv[1])))
    except GrooveError as error:
        sys.exit(str(error))
