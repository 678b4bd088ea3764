"""The parts of an outlet: OSC as bytes, timetags, frames, and the rules of lateness on a simulated clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groovelive import GrooveError
from groovelive.osc_messages.codec import bundle, message
from groovelive.osc_messages.timetags import WallClock
from groovelive.outputs.frames import Close, Counts, Due, EndAll, Flush, Notes, Open, orders
from groovelive.outputs.midi import MidiSink
from groovelive.outputs.scheduler import Scheduler, Sink
from groovelive.runtime.frames import Frames, frame
from groovelive.runtime.midi_ports import which
from groovelive.score.targets import Midi, Osc, Synth

MS = 1_000_000

ARGUMENTS = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1),
        st.floats(width=32, allow_nan=False),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
        st.binary(min_size=1, max_size=20),
    ),
    max_size=6,
)


@given(ARGUMENTS)
def test_messages_are_those_of_python_osc(arguments: list[str | int | float | bytes]) -> None:
    builder = pytest.importorskip("pythonosc.osc_message_builder").OscMessageBuilder(address="/hit")
    for argument in arguments:
        kind = {str: "s", int: "i", float: "f", bytes: "b"}[type(argument)]
        builder.add_arg(argument, kind)
    assert message("/hit", *arguments) == builder.build().dgram


def test_bundles_are_read_by_python_osc() -> None:
    reader = pytest.importorskip("pythonosc.osc_bundle").OscBundle
    tag = WallClock(monotonic=lambda: 0, wall=lambda: 1_700_000_000_500_000_000).tag(0)
    read = reader(bundle(tag, [message("/a", 1), message("/b", "x")]))
    assert [each.address for each in read] == ["/a", "/b"]
    assert read.timestamp == pytest.approx(1_700_000_000.5, abs=1e-6)


@given(st.integers(0, 2**62), st.integers(0, 10**12))
def test_tags_are_exact(start: int, apart: int) -> None:
    clock = WallClock(monotonic=lambda: 0, wall=lambda: 1_700_000_000_000_000_000)
    one, other = clock.tag(start % 10**17), clock.tag(start % 10**17 + apart)
    assert abs((other - one) * 10**9 - (apart << 32)) < 1 << 32  # within a nanosecond


def test_the_offset_stays_unless_the_clock_is_set() -> None:
    wall = [1_000 * MS]
    clock = WallClock(monotonic=lambda: 0, wall=lambda: wall[0])
    wall[0] += MS // 2
    assert not clock.look() and clock.offset == 1_000 * MS
    wall[0] += 5_000 * MS
    assert clock.look() and clock.offset == wall[0]


def test_frames_bring_orders_back() -> None:
    sent: list[Any] = [
        Open(1, Osc(port=9)), Open(2, Synth()), Notes([Due(1, 2**50, 3, 4, 0.5, "d1")]),
        Flush([1], 5), Flush(None, 6), EndAll(), Close(1),
    ]  # fmt: skip
    data, frames = frame(sent), Frames()
    bodies = [body for i in range(0, len(data), 7) for body in frames.feed(data[i : i + 7])]
    assert [orders.decode(body) for body in bodies] == sent


class Recorder(Sink):
    """Notes what it is told."""

    ready = True

    def __init__(self, target: Osc, now: list[int]) -> None:
        super().__init__(target)
        self.now = now
        self.played: list[tuple[int, int, int]] = []  # (step, sent, sounds)
        self.log: list[str] = []

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        def send() -> None:
            if note.velocity < 0:
                raise OSError(101, "Network is unreachable")
            self.played.append((note.step, self.now[0], at))

        return send

    def hush(self) -> None:
        self.log.append("hush")

    def close(self) -> None:
        self.log.append("close")

    def name(self) -> str:
        return "recorder"


def _simulated(faults: list[str], now: list[int]) -> Scheduler:
    def sleep(seconds: float) -> None:
        now[0] += round(seconds * 1e9)

    return Scheduler(faults.append, clock=lambda: now[0], sleep=sleep)


def _sender(target: Osc) -> tuple[Scheduler, Recorder, list[int], list[str]]:
    now, faults = [0], list[str]()
    sender = _simulated(faults, now)
    sink = Recorder(target, now)
    sender.add(1, sink)
    return sender, sink, now, faults


def _notes(*whens: int, velocity: float = 1.0) -> list[Due]:
    return [Due(1, when, step, 0, velocity, "d1") for step, when in enumerate(whens)]


def test_each_note_leaves_at_its_moment() -> None:
    sender, sink, now, _ = _sender(Osc(tagged=False, shift=0.002))
    sender.push(_notes(30 * MS, 10 * MS))
    assert sender.step() == 11 * MS
    now[0] = 11 * MS
    assert sender.step() == 19 * MS
    now[0] = 31 * MS
    assert sender.step() is None
    assert sink.played == [(1, 12 * MS, 12 * MS), (0, 32 * MS, 32 * MS)]


def test_tagged_notes_leave_ahead() -> None:
    sender, sink, now, _ = _sender(Osc(ahead=0.1, shift=-0.01))
    sender.push(_notes(200 * MS))
    assert sender.step() == 89 * MS
    now[0] = 91 * MS
    assert sender.step() is None
    assert sink.played == [(0, 91 * MS, 190 * MS)]
    assert sender.counts()[1] == Counts(sent=1, lead=99.0)


@pytest.mark.parametrize(
    ("tagged", "late_by", "expected"),
    [
        (False, 9, Counts(sent=1)),
        (False, 11, Counts(sent=1, late=1)),
        (False, 50, Counts(sent=1, late=1)),
        (False, 51, Counts(dropped=1)),
        (True, -1, Counts(sent=1, lead=1.0)),
        (True, 1, Counts(sent=1, late=1, lead=-1.0)),
        (True, 51, Counts(dropped=1)),
    ],
)
def test_late_notes(tagged: bool, late_by: int, expected: Counts) -> None:
    sender, _, now, _ = _sender(Osc(tagged=tagged))
    sender.push(_notes(500 * MS))
    now[0] = (500 + late_by) * MS
    sender.step()
    assert sender.counts()[1] == expected


def test_no_burst_after_a_stall() -> None:
    sender, sink, now, _ = _sender(Osc(tagged=False))
    sender.push(_notes(*(20 * MS * i for i in range(50))))
    now[0] = 990 * MS
    assert sender.step() is None
    assert [step for step, *_ in sink.played] == [47, 48, 49]
    assert sender.counts()[1].dropped == 47


def test_flush_takes_back_by_sink_and_time() -> None:
    sender, sink, now, _ = _sender(Osc(tagged=False))
    other = Recorder(Osc(tagged=False), now)
    sender.add(2, other)
    sender.push([*_notes(10 * MS, 20 * MS, 30 * MS), Due(2, 30 * MS, 9, 0, 1.0, "d2")])
    sender.flush([1], 20 * MS)
    now[0] = 40 * MS
    sender.step()
    assert [step for step, *_ in sink.played] == [0] and [step for step, *_ in other.played] == [9]
    sender.push(_notes(50 * MS))
    sender.flush(None, 0)
    assert sender.step() is None


def test_notes_may_come_before_their_sink_is_open() -> None:
    now = [0]
    sender = _simulated([], now)
    sender.add(1, Sink(Osc(tagged=False)))
    sender.push(_notes(10 * MS, 30 * MS))
    now[0] = 20 * MS
    sender.step()
    sink = Recorder(Osc(tagged=False), now)
    sender.add(1, sink)
    now[0] = 30 * MS
    sender.step()
    assert sink.played == [(1, 30 * MS, 30 * MS)]
    assert sender.counts()[1] == Counts(sent=1, dropped=1)


def test_panic_and_close() -> None:
    sender, sink, _, _ = _sender(Osc(tagged=False))
    sender.push(_notes(10 * MS))
    sender.panic()
    assert sender.step() is None and sink.log == ["hush"]
    sender.push(_notes(10 * MS))
    sender.remove(1)
    assert sender.step() is None and sink.log == ["hush", "close"] and sender.counts() == {}
    sender.push(_notes(10 * MS))
    assert sender.step() is None


def test_a_receiver_that_fails_is_told_and_counted() -> None:
    sender, _, _, faults = _sender(Osc(tagged=False))
    sender.push(_notes(0, velocity=-1.0))
    sender.step()
    assert faults == ["the recorder cannot be sent to: Network is unreachable"]
    sender.push([Due(1, 0, 0, 0, float("nan"), "d1")])
    sender.step()
    assert sender.counts()[1] == Counts(sent=1, dropped=1)


class Port:
    """A MIDI port that notes what goes through it."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, int]] = []
        self.ports: tuple[str, ...] = ()

    def open_virtual_port(self, name: str) -> None:
        self.name = name

    def send_raw(self, *data: int) -> None:
        self.sent.append((data[0], data[1], data[2]))

    def close_port(self) -> None:
        pass


@pytest.fixture
def midi(monkeypatch: pytest.MonkeyPatch) -> tuple[Scheduler, Port, list[int]]:
    port, now = Port(), [0]
    monkeypatch.setattr("groovelive.outputs.midi.open_client", lambda kind: port)
    sender = _simulated([], now)
    notes = (36, 38, 42, 46, 43, 47, 50, 49, -1)
    target = Midi(port="x", virtual=True, notes=notes, length=0.05)
    sender.add(1, MidiSink(target, lambda at, action: sender.later(1, at, action)))
    return sender, port, now


def test_every_note_on_has_its_note_off(midi: tuple[Scheduler, Port, list[int]]) -> None:
    sender, port, now = midi
    sender.push([Due(1, 0, 0, 0, 1.0, "d"), Due(1, 30 * MS, 1, 0, 0.001, "d"), Due(1, 30 * MS, 1, 8, 1.0, "d")])
    sender.step()
    now[0] = 30 * MS
    sender.step()
    assert port.sent == [(0x99, 36, 127), (0x89, 36, 0), (0x99, 36, 1)]  # off before it is struck again
    now[0] = 55 * MS  # the note-off of the first stroke must not end the second
    sender.step()
    assert len(port.sent) == 3
    now[0] = 80 * MS
    assert sender.step() is None
    assert port.sent[3:] == [(0x89, 36, 0)]


@pytest.mark.parametrize("ending", ["panic", "remove", "end"])
def test_what_sounds_is_ended(midi: tuple[Scheduler, Port, list[int]], ending: str) -> None:
    sender, port, _ = midi
    sender.push([Due(1, 0, 0, 0, 1.0, "d"), Due(1, 0, 0, 1, 1.0, "d")])
    sender.step()
    sender.remove(1) if ending == "remove" else getattr(sender, ending)()
    assert port.sent[2:4] == [(0x89, 36, 0), (0x89, 38, 0)]
    assert port.sent[4:] == ([(0xB9, 123, 0), (0xB9, 120, 0)] if ending == "panic" else [])


def test_no_backend_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi2", None)
    with pytest.raises(GrooveError, match="-m pip install rtmidi2"):
        MidiSink(Midi(port="x"), lambda at, action: None)


def test_which_port() -> None:
    names = ["Midi Through:Port-0 14:0", "TR-8S:TR-8S MIDI 1 24:0", "TR-8S:TR-8S CTRL 24:1"]
    assert which("TR-8S:TR-8S MIDI 1 24:0", names) == 1
    assert which("TR-8S:TR-8S MIDI 1", names) == 1
    assert which("through", names) == 0
    assert which("", names[:1]) == 0
    with pytest.raises(GrooveError, match="could be several"):
        which("TR-8S", names)
    with pytest.raises(GrooveError, match="did you mean"):
        which("Midi Thruogh:Port-0", names)
    with pytest.raises(GrooveError, match="virtual=True"):
        which("x", [])
