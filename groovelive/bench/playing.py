"""The benchmark of playing along: from a note that is played to drums that have changed, and what many notes do."""

from __future__ import annotations

import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.frames import from_frames, to_frames
from ..protocol.session import Draft
from ..score.edits import STEP, Edit, Exact, Outs, encode
from ..score.inputs import GRAIN, Ear, Hearing, Played, strokes
from ..score.targets import Midi
from . import Figure, figure, syncing
from .instrument import Instrument
from .performer import Performer, serve
from .receivers import Monitor, jack_if_there

_BPM = 120.0
_BEAT = 60e9 / _BPM  # ns
_MS = 1e6
_WAIT = 1.0  # seconds for an answer
_REST = (0.11, 0.37)  # seconds between two notes, so that they come at any place of a 16th
LATENCY = 0.05  # seconds that the MIDI target is played earlier, as for a receiver that is late by them
_CHANGED = _BEAT / 4 / _MS + 1000 * LATENCY + 25  # ms
PORT, DRUMMER = "Keys", "player"


class PlayingSizes(NamedTuple):
    """How much is measured."""

    notes: int
    dense: float  # seconds of 1,000 notes a second


FULL, QUICK = PlayingSizes(400, 10.0), PlayingSizes(40, 2.0)


class Listener(Performer):
    """A client that knows when it heard what."""

    def heard(self, seconds: float) -> Iterator[tuple[int, Edit]]:
        """Yield the edits that are told, with the ns of the monotonic clock at which they came."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0 and self._socket.poll(round(1000 * rest)):
            message = from_frames(self._socket.recv_multipart())
            at = time.monotonic_ns()
            news = messages.read_reply(message.body)
            if isinstance(news, messages.Edits):
                yield from ((at, edit) for edit in news.edits)

    def beginning(self) -> float:
        """Return when beat 0 was, in ns of the monotonic clock: by the quickest of some answers."""
        found = []
        for _ in range(50):
            before = time.monotonic_ns()
            beat = self.state().beat
            after = time.monotonic_ns()
            found.append((after - before, (before + after) / 2 - beat * _BEAT))
        return min(found)[1]


def run(
    *, quick: bool = False, tell: Callable[[str], None] = lambda what: None, sizes: PlayingSizes | None = None
) -> dict[str, Figure]:
    """Measure, and return the figures by name.

    Args:
        quick: whether some seconds must do.
        tell: called with what is being measured, and with what is left out and why.
        sizes: in place of those for quick or not.

    Raises:
        GrooveError: this system has no way to hand the receivers' process its notes.
    """
    if sys.platform == "win32":
        raise GrooveError("the benchmark of playing along runs on Linux and macOS")
    sizes = sizes or (QUICK if quick else FULL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gl-")))
        environment, monitor = stack.enter_context(jack_if_there(folder, tell))
        place = folder / "run"
        place.mkdir(mode=0o700)
        served = stack.enter_context(serve(place, environment))
        listener = stack.enter_context(Listener(served.conductor.address))
        _ready(listener)
        tell("notes by hand")
        figures = _by_hand(listener, sizes)
        if monitor is not None:
            keys = stack.enter_context(Instrument(PORT, environment))
            tell("notes on a MIDI port")
            figures |= _by_port(listener, keys, monitor, sizes)
            tell("1,000 notes a second")
            figures |= _dense(listener, keys, monitor, sizes)
    figures |= syncing.run(quick=quick, tell=tell)
    figures["earlier.wait"] = Figure(
        2000.0, 2000.0, 2000.0, 2000.0, "ms", 0,
        about="not measured: how long, by its documentation, the first of these systems waits for notes to settle",
    )  # fmt: skip
    return figures


def _ready(listener: Listener) -> None:
    """Wait for the engine."""
    end = time.monotonic() + 30
    while listener.state().model is None:
        if time.monotonic() > end:
            raise GrooveError("the engine does not start")
        time.sleep(0.1)


def _follow(listener: Listener, ear: Ear, *drafts: Draft) -> float:
    """Have the drummer follow an ear, at once, and return when beat 0 was, in ns."""
    listener.write(
        Draft("bpm", _BPM), Draft("source", Hearing(ears=(ear,)), DRUMMER), Draft("response", "now", DRUMMER),
        Draft("memory", 1000.0, DRUMMER), Draft("clear", True, DRUMMER), *drafts,
    )  # fmt: skip
    time.sleep(1.0)
    return listener.beginning()


class _Answer(NamedTuple):
    """A note and its answer: when the note came, was played, and was answered, and the first 16th of that (ns)."""

    came: float
    played: int
    answered: int
    first: float


def _answers(
    listener: Listener, beginning: float, play: Callable[[int, int], int], sizes: PlayingSizes
) -> list[_Answer]:
    chance = random.Random(7)
    found = []
    for k in range(sizes.notes):
        key = 36 + k % 48
        played = play(key, chance.randrange(20, 128))
        came = 0.0
        for at, edit in listener.heard(_WAIT):
            if isinstance(edit.value, Played):
                stroke = strokes(edit.value.notes)[-1]
                if stroke.key == key:
                    came = beginning + (edit.beat - stroke.ago / GRAIN) * _BEAT
            elif (edit.drummer, edit.path) == (DRUMMER, "pattern") and came:
                first = math.ceil(edit.beat / STEP) * STEP
                found.append(_Answer(came, played, at, beginning + first * _BEAT))
                break
        time.sleep(chance.uniform(*_REST))
    if len(found) < sizes.notes // 2:
        raise GrooveError(f"of {sizes.notes} notes only {len(found)} were answered")
    return found


def _by_hand(listener: Listener, sizes: PlayingSizes) -> dict[str, Figure]:
    beginning = _follow(listener, Ear())

    def play(key: int, velocity: int) -> int:
        at = time.monotonic_ns()
        id = b"hand"
        listener._socket.send_multipart(to_frames(id, messages.Hands(data=bytes((0x90, key, velocity)))))
        return at

    found = _answers(listener, beginning, play, sizes)
    about = "from a note that a client sends to the new pattern at that client"
    return {"hand.ready": figure([(one.answered - one.played) / _MS for one in found], "ms", about)}


def _by_port(listener: Listener, keys: Instrument, monitor: Monitor, sizes: PlayingSizes) -> dict[str, Figure]:
    out: Any = Midi(port=monitor.port, shift=-LATENCY)
    beginning = _follow(listener, Ear(port=PORT), Draft("out", Outs((out,)), DRUMMER))
    found = _answers(listener, beginning, lambda key, v: keys.send(f"90 {key:02x} {v:02x}")[0], sizes)
    return {
        "note.ready": figure(
            [(one.answered - one.came) / _MS for one in found], "ms",
            "from a note at a MIDI port, as it is read, to the new pattern at a client", {"median": 5.0, "p99": 15.0},
        ),
        "note.read": figure(
            [(one.came - one.played) / _MS for one in found], "ms",
            "from a note that is sent to when it is read: the periods of JACK, and half a millisecond",
        ),
        "note.changed": figure(
            [(one.first - one.came) / _MS for one in found], "ms",
            f"from a note to the first 16th of the new pattern, at {_BPM:g} bpm, as a MIDI target that is played "
            f"{1000 * LATENCY:g} ms earlier gets it: a 16th, that, and 25 ms for all the rest", {"max": _CHANGED},
        ),
    }  # fmt: skip


def _dense(listener: Listener, keys: Instrument, monitor: Monitor, sizes: PlayingSizes) -> dict[str, Figure]:
    out: Any = Midi(port=monitor.port, length=0.02)
    listener.write(Draft("out", Outs((out,)), "beside"), Draft("source", Exact(text="hh*16"), "beside"))
    listener.write(Draft("out", Outs(), DRUMMER))
    time.sleep(2.0)
    since, before = len(listener.log()), _out(listener)
    count = round(1000 * sizes.dense)
    keys.send(*(f"90 {36 + k % 48:02x} {1 + k * 37 % 127:02x}" for k in range(count)), every=0.001)
    time.sleep(1.0)
    after, made = _out(listener), listener.log()[since:]
    listener.write(Draft("source", None, "beside"), Draft("source", None, DRUMMER))
    notes = sum(len(strokes(edit.value.notes)) for edit in made if isinstance(edit.value, Played))
    size = sum(len(encode(edit)) for edit in made)
    about = f"while {count:,} notes come in {sizes.dense:g} s"
    return {
        "dense.late": figure([after.late - before.late], "note", f"16ths that were late {about}", {"max": 0.0}),
        "dense.dropped": figure([after.dropped - before.dropped], "note", f"that were dropped {about}", {"max": 0.0}),
        "dense.lost": figure([count - notes], "note", "of those that came, not in the log", {"max": 0.0}),
        "dense.edits": figure([len(made) / sizes.dense], "1/s", "edits a second in the log", {"max": 110.0}),
        "dense.log": figure([size / sizes.dense / 1000], "kB/s", "of the log"),
    }


def _out(listener: Listener) -> messages.OutState:
    time.sleep(0.6)  # the counts are told each half a second
    return next(out for out in listener.state().outs if out.name.startswith("midi"))
