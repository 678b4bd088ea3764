"""Playing along on the simulated clock: response, memory, knobs, pedals, programs, and takes of it all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groovelive.conductor.offline import Offline
from groovelive.errors import GrooveError
from groovelive.midi_files.messages import ChannelMessage, channel_messages
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft, When
from groovelive.score.edits import ENGINE, Edit, Home, Line, Value, encode
from groovelive.score.inputs import Adaptive, Ear, Hearing, Knob, Played, Resume
from groovelive.score.queries import wish

KEYS = Hearing(ears=(Ear(port="Keys"),))


class Session:
    """A conductor on a simulated clock, and what it told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.offline = Offline(tell=self.told.append)

    def set(self, path: str, value: Value, drummer: str = "d1", when: str = "now") -> tuple[Edit, ...]:
        at: Any = When(when)  # type: ignore[arg-type]
        written: Any = self.offline.ask(messages.Write(edits=(Draft(path, value, drummer),), when=at, by="me"))
        edits: tuple[Edit, ...] = written.edits
        return edits

    def send(self, data: str, port: str = "Keys", beat: float | None = None) -> None:
        self.offline.ask(messages.Hands(port=port, data=bytes.fromhex(data), beat=beat))

    def hit(self, velocity: int = 100, port: str = "Keys") -> None:
        self.send(f"90 3c {velocity:02x} 80 3c 00", port)

    def cc(self, number: int, value: int, port: str = "Keys") -> None:
        self.send(f"b0 {number:02x} {value:02x}", port)

    def run(self, beats: float) -> None:
        self.offline.run(beats)

    def now(self, path: str, drummer: str = "d1") -> Any:
        """Return what a control is about to be."""
        return self.offline.score.value(drummer, path, float("inf"))

    def patterns(self) -> list[Edit]:
        return [edit for edit in self.offline.score.edits if edit.path == "pattern"]


@pytest.fixture
def session() -> Session:
    return Session()


# Bytes


def test_what_is_no_note_is_passed_over() -> None:
    clock, sensing, sysex = "f8", "fe", "f0 7e 7f 09 01 f7"
    data = f"{sensing} 90 3c 64 {clock} {sysex} 3d 65 b1 15 {clock} 40 41 f1 22 3e 66 91 3c 00 {sysex} 90 3c"
    found = list(channel_messages(bytes.fromhex(data)))
    assert found == [ChannelMessage(0x90, 1, 60, 100), ChannelMessage(0xB0, 2, 21, 64), ChannelMessage(0x90, 2, 60, 0)]
    # A number alone after SysEx, system common, or nothing, belongs to no status; after 41 the status was cut off.
    running = list(channel_messages(bytes.fromhex("90 3c 64 3d f8 65 fe 3c 00")))
    assert [message[2:] for message in running] == [(60, 100), (61, 101), (60, 0)]


def test_a_note_on_of_velocity_0_and_a_note_that_hangs(session: Session) -> None:
    session.set("source", KEYS)
    session.send("90 3c 00 80 3c 40")
    assert not session.offline.score.lane("", "played")
    session.send("90 3c 64")  # and never a note-off
    session.run(40)
    assert len(session.offline.score.lane("", "played")) == 1


# Response


def loops(session: Session, response: str | None, beat: float) -> list[float]:
    """Return at which beats the pattern changed after a hit at a beat."""
    if response is not None:
        session.set("response", response)
    session.set("source", KEYS)
    session.set("mirror", True)  # which answers to what is heard alone, and not anew in every loop
    session.set("memory", 1000.0)
    session.run(beat)
    before = len(session.patterns())
    session.hit()
    session.run(16 - beat)
    return [edit.beat for edit in session.patterns()[before:]]


@pytest.mark.parametrize(("response", "heard"), [(None, 8.0), ("bar", 8.0), ("now", 5.25), ("loop", 8.0)])
def test_response(session: Session, response: str | None, heard: float) -> None:
    assert loops(session, response, 5.25) == [heard]


def test_response_loop_waits_for_the_loop(session: Session) -> None:
    assert loops(session, "loop", 1.25) == [8.0]


def test_what_is_forgotten_is_answered_too(session: Session) -> None:
    session.set("response", "now")
    session.set("source", KEYS)
    session.set("memory", 0.5)
    session.run(1.0)
    session.hit()
    session.run(16)
    beats = [edit.beat for edit in session.patterns()]
    assert beats == [0.0, 1.0, 5.25]  # half a loop later, when the last 32nd of the step had passed
    assert session.patterns()[-1].value.notes == b""  # type: ignore[union-attr]


def test_a_clear_is_heard_at_once_and_so_is_its_undo(session: Session) -> None:
    session.set("source", KEYS)
    session.set("memory", 1000.0)
    session.hit()
    session.run(9)
    session.set("clear", True)
    session.run(1)
    assert session.patterns()[-1].beat == 9.0 and not session.patterns()[-1].value.notes  # type: ignore[union-attr]
    session.offline.ask(messages.Undo(by="me"))
    session.run(1)
    assert session.patterns()[-1].beat == 10.0 and session.patterns()[-1].value.notes  # type: ignore[union-attr]


def test_many_notes_are_few_edits_and_the_same_answer_is_none(session: Session) -> None:
    session.set("source", KEYS)
    session.send(" ".join(f"90 {key:02x} 64" for key in range(40, 90)))
    (edit,) = session.offline.score.lane("", "played")
    assert isinstance(edit.value, Played) and len(edit.value.notes) == 50 * 7 and edit.by == "midi:Keys"
    session.run(4)
    before = len(session.patterns())
    session.hit(100)
    session.run(8)  # a step is played that was played before: the tap changes, but only after the old is forgotten
    assert len(session.patterns()) - before <= 2


@pytest.mark.timeout(400)
def test_the_same_hands_make_the_same_session() -> None:
    logs = []
    for _ in range(2):
        session = Session()
        session.set("source", KEYS)
        session.set("response", "now")
        session.set("follow", Adaptive(low=0.2, high=0.9))
        chance = np.random.default_rng(5)
        for _ in range(60):
            session.hit(int(chance.integers(1, 128)))
            session.run(float(chance.uniform(0.05, 0.6)))
        logs.append([encode(edit) for edit in session.offline.score.edits])
    assert logs[0] == logs[1] and len(logs[0]) > 100


def test_early_hands_are_heard_when_they_were(session: Session) -> None:
    session.set("source", KEYS)
    session.run(3)
    session.send("90 3c 64", beat=2.05)
    session.send("90 3c 64", beat=77)  # nobody can have played later than now
    played = session.offline.score.lane("", "played")
    assert [edit.beat for edit in played] == pytest.approx([2.05, 3.0], abs=1e-5)


# Knobs


def test_a_knob_counts_once_it_has_passed_the_value(session: Session) -> None:
    session.set("source", KEYS)
    session.set("follow", 0.5)
    session.set("knob.follow", Knob(port="Keys", number=21))
    for value in (10, 20, 40):
        session.cc(21, value)
    assert session.now("follow") == 0.5
    session.cc(21, 70)
    assert session.now("follow") == pytest.approx(70 / 127)
    session.cc(21, 10)
    assert session.now("follow") == pytest.approx(10 / 127)
    session.set("follow", 0.9)  # a hand on it: the knob is let go
    session.cc(21, 30)
    assert session.now("follow") == 0.9
    session.cc(21, 127)
    assert session.now("follow") == 1.0
    session.cc(22, 5)
    session.cc(21, 5, port="Others")
    assert session.now("follow") == 1.0


def test_a_knob_has_a_range_and_is_undone_as_one_gesture(session: Session) -> None:
    session.set("density", 0.25)
    session.set("knob.density", Knob(number=1, low=0.25, high=0.75))
    for value in (0, 60, 127):
        session.cc(1, value)
        session.run(0.5)
    assert session.now("density") == 0.75
    session.offline.ask(messages.Undo(by="me"))
    assert session.now("density") == 0.25
    session.cc(1, 126)  # what was undone is taken over anew
    assert session.now("density") == 0.25
    session.cc(1, 0)
    session.cc(1, 64)
    assert session.now("density") == pytest.approx(0.5, abs=0.01)


def test_the_next_controller_that_is_moved_is_learned(session: Session) -> None:
    session.set("knob.follow", Knob())
    session.set("knob.density", Knob())
    session.cc(7, 100)
    session.cc(9, 100)
    assert session.now("knob.follow") == Knob(port="Keys", channel=1, number=7)
    assert session.now("knob.density") == Knob(port="Keys", channel=1, number=9)
    assert session.told == [
        "d1.follow is turned by controller 7 on channel 1 of Keys",
        "d1.density is turned by controller 9 on channel 1 of Keys",
    ]
    session.cc(7, 127)
    assert session.now("follow") in (None, 1.0)


def test_a_knob_turns_genres_and_the_tempo(session: Session) -> None:
    session.set("knob.genre", Knob(number=2))
    session.set("knob.bpm", Knob(number=3, low=100, high=140), drummer="")
    session.cc(2, 0)
    model = session.offline.ask(messages.Here()).model  # type: ignore[union-attr]
    assert model is not None and session.now("genre") == model.genres[0]
    session.cc(2, 127)
    assert session.now("genre") == model.genres[-1]
    session.cc(3, 0)
    session.cc(3, 127)
    assert session.now("bpm", "") == 140


def test_a_pedal_goes_home_and_comes_back(session: Session) -> None:
    session.set("source", KEYS)
    session.set("knob.home", Knob(number=64))
    session.run(2.5)
    session.cc(64, 127)
    assert isinstance(session.now("source"), Home)
    session.cc(64, 100)
    session.run(1)
    session.cc(64, 0)
    assert session.now("source") == KEYS
    session.cc(64, 10)
    assert not session.told


def test_a_program_recalls_a_scene(session: Session) -> None:
    session.set("density", 0.3)
    session.set("scene", "verse", drummer="")
    session.run(4)
    session.set("density", 0.9)
    session.set("scene", "chorus", drummer="")
    session.run(4)
    session.send("c0 00")
    assert session.now("density") == 0.3
    session.run(4)
    session.send("c0 01 c0 01")
    assert session.now("density") == 0.9
    session.send("c0 05 c0 05")
    assert session.told == ["program 6 of Keys has no scene; the scenes are verse, chorus"]


# What leads a control


def test_a_hand_suspends_what_leads_and_resume_gives_it_back(session: Session) -> None:
    session.set("source", KEYS)
    session.set("follow", Adaptive(low=0.0, high=1.0))
    session.set("follow", 0.5)
    session.run(1)
    session.set("follow", Resume())
    assert session.now("follow") == Adaptive(low=0.0, high=1.0)
    session.set("density", Line(start=0.0, end=1.0, bars=4))
    session.run(2)
    session.set("density", 0.7)
    session.run(6)
    (edit,) = session.set("density", Resume())
    assert edit.value == Line(start=0.5, end=1.0, bars=2.0)
    session.offline.ask(messages.Undo(by="me"))
    assert session.now("density") == 0.7
    with pytest.raises(GrooveError, match=r"nothing led d1\.blend"):
        session.set("blend", Resume())


def test_resume_gives_a_control_back_to_its_knob(session: Session) -> None:
    session.set("blend", 0.5)
    session.set("knob.blend", Knob(number=5))
    session.cc(5, 0)
    session.set("blend", 0.6)
    (edit,) = session.set("blend", Resume())
    assert edit.value == 0.0


def test_adaptive_follow_falls_back_to_the_preset_in_silence(session: Session) -> None:
    session.set("source", KEYS)
    session.set("follow", Adaptive(low=0.0, high=1.0))
    for _ in range(16):
        session.hit()
        session.run(0.5)
    score = session.offline.score
    busy, silent = (wish(score, "d1", int(beat // 4), beat) for beat in (8.0, 24.0))
    assert busy is not None and silent is not None and busy.follow == pytest.approx(8 / 14) and silent.follow == 0.0
    session.run(16)
    last = session.patterns()[-1]
    assert last.by == ENGINE and last.value.notes  # type: ignore[union-attr]


def test_what_was_played_cannot_be_written(session: Session) -> None:
    with pytest.raises(GrooveError, match="request of its own"):
        session.set("played", Played(port="Keys", notes=bytes(7)[:4] + b"\x3c\x40\x01"), drummer="")
