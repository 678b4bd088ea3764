"""The second way into Live: AbletonOSC's addresses, answered by a small responder in the stand-in.

With GROOVELIVE_ABLETONOSC, the folder of a checkout, the same tests run against the real one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import groovelive
from groovelive.ableton_live import (
    ClipChanged,
    Guarded,
    Late,
    Launched,
    LinkDown,
    LinkState,
    LiveNote,
    LiveSet,
    Lost,
    NotOffered,
    NotThere,
    OutOfRange,
    RefusedByLive,
    WrongType,
    connect,
)
from groovelive.ableton_live.abletonosc.live_set import OscSet
from groovelive.ableton_live.user_library import source
from groovelive.grooves.groove import Groove
from tests.ableton_live.test_live_set import eventually
from tests.support.fakelive import Operator
from tests.support.live_rig import free_port
from tests.support.paths import ROOT, SUPPORT

pytestmark = pytest.mark.realtime

FUNK = Groove.from_notes([(0, "kick", 1.0), (4, "snare", 0.9, 0.1), (6, "closed_hat", 0.5, -0.2)], steps=16)
REAL = os.environ.get("GROOVELIVE_ABLETONOSC")


def responder(folder: Path) -> Path:
    """The folder of a Remote Script."""
    if REAL:
        return Path(REAL)
    script = folder / "AbletonOSC"
    script.mkdir()
    shutil.copyfile(SUPPORT / "abletonosc_responder.py", script / "__init__.py")
    for name in ("osccodec.py", "errors.py"):
        shutil.copyfile(source() / name, script / name)
    return script


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Process:
    """The stand-in in a process of its own, where its ports are others than AbletonOSC's."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self.replies, self.control = free_udp_port(), free_udp_port(), free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fakelive", "--script", str(responder(folder)),
             "--set", "drums", "--quiet", "--port", str(self.port), "--reply-port", str(self.replies),
             "--control", str(self.control), *options],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None and "READY" in self.process.stdout.readline()
        self.at = Operator(self.control)

    def close(self) -> None:
        self.at.close()
        self.process.terminate()
        self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def process(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Process]:
    """Eight times as fast as Live, but for tests about time."""
    found = Process(tmp_path, *([] if request.node.get_closest_marker("usefixtures") else ["--speed", "8"]))
    yield found
    found.close()


@pytest.fixture
def in_time() -> None:
    """Seconds are seconds."""


in_real_time = pytest.mark.usefixtures("in_time")


@pytest.fixture
def live(process: Process) -> Iterator[OscSet]:
    with OscSet(process.port, process.replies) as found:
        yield found


def test_the_set_is_told(live: OscSet) -> None:
    assert [track.name for track in live.tracks()] == ["Drums", "Bass", "Voice"]
    assert [track.kind for track in live.tracks()] == ["midi", "midi", "audio"]
    assert len(live.scenes()) == 8 and live.hello.version == "AbletonOSC" and live.hello.live == "12.3"
    slots = live.slots("Drums")
    assert (slots[0].name, slots[0].state, slots[0].ours, slots[1].state) == ("Beat", "stopped", False, "empty")


def test_a_groove_is_written_confirmed_and_read(process: Process, live: OscSet) -> None:
    clip = live.clip("Drums", 2)
    assert clip.replace(FUNK, dry_run=True).changed and live.slots("Drums")[2].state == "empty"
    written = clip.replace(FUNK, name="funk", colour=7)
    assert (written.count, written.changed, written.colour) == (3, True, 7)
    found = clip.read()
    assert found.name == "funk [gl]" and found.loop == (0.0, 4.0) and found.hash == written.hash
    assert [note.name for note in found.groove()] == ["kick", "snare", "closed_hat"]
    undo = len(process.at.state()["undo"])
    assert not clip.replace(FUNK, name="funk").changed and len(process.at.state()["undo"]) == undo
    clip.replace([LiveNote(127, 1.0), LiveNote(0, 2.0)])  # the pitches that AbletonOSC's own defaults miss
    clip.replace([LiveNote(36, 5.0)], loop_start=4.0, loop_end=8.0)
    assert [note.pitch for note in clip.read().notes] == [36] and clip.info().loop_end == 8.0
    clip.replace([LiveNote(38, 4.5)], span=(4.0, 5.0))
    assert {(note.pitch, note.start) for note in clip.read().notes} == {(38, 4.5), (36, 5.0)}
    clip.set(name="again", length=2.0)
    assert clip.info().name == "again [gl]" and clip.info().length == 2.0
    clip.delete()
    assert live.slots("Drums")[2].state == "empty"
    assert live.new_clip("Drums", FUNK).slot == 1


def test_a_thousand_notes_are_all_there(live: OscSet) -> None:
    notes = [LiveNote(36 + i % 9, i / 8, 0.1, 1.0 + i % 127) for i in range(1000)]
    written = live.clip(0, 1).replace(notes, length=128.0)
    assert written.count == 1000 and len(live.clip(0, 1).read().notes) == 1000


@pytest.mark.parametrize(("number", "options"), [(1000, ["--max-datagram", "9216"]), (3500, [])])
def test_more_notes_than_a_datagram_holds_are_read_in_pieces(tmp_path: Path, number: int, options: list[str]) -> None:
    process = Process(tmp_path, "--speed", "8", *options)
    try:
        with OscSet(process.port, process.replies) as live:
            notes = [LiveNote(36 + i % 9, i / 8, 0.125, 1.0 + i % 127) for i in range(number)]
            clip = live.clip(0, 1)
            assert clip.replace(notes, length=number / 8).count == number
            assert list(clip.read().notes) == sorted(notes)
            assert not clip.replace(notes).changed
            clip.replace(notes[:5] + notes[-5:], length=10 / 3)  # a length that no single float is
            assert len(clip.read().notes) == 10 and clip.info().length == pytest.approx(10 / 3)
    finally:
        process.close()


def test_notes_that_touch_are_held_as_they_are_written(process: Process, live: OscSet) -> None:
    written = live.clip(0, 1).replace([LiveNote(36, i * 0.1, 0.1) for i in range(2000)], length=200.0)
    assert written.count == 2000
    ends = process.at.eval("[(n.start_time, n.duration) for n in song.tracks[0].clip_slots[1].clip._store.notes]")
    assert all(duration == pytest.approx(0.1, abs=1e-4) for _, duration in ends)


def test_a_large_set_is_told(process: Process, live: OscSet) -> None:
    process.at.exec("[song.create_midi_track(-1) for _ in range(120)]")
    assert [track.index for track in live.tracks()] == list(range(123))


def test_what_is_wrong_has_a_type_and_changes_nothing(process: Process, live: OscSet) -> None:
    before = process.at.state()["tracks"]
    for error, act in [
        (NotThere, lambda: live.clip("Drumz", 0).read()), (NotThere, lambda: live.clip(0, 9).read()),
        (NotThere, lambda: live.clip(0, 3).read()), (NotThere, lambda: live.clip(9, 0).replace([])),
        (Guarded, lambda: live.clip(0, 0).replace([])), (Guarded, lambda: live.clip(0, 0).delete()),
        (WrongType, lambda: live.clip(2, 0).replace([])), (OutOfRange, lambda: live.tempo(10)),
        (NotOffered, lambda: live.clip(0, 1).replace([LiveNote(36, 0.0, probability=0.5)])),
        (NotOffered, lambda: live.arrange(0, 0.0, FUNK)), (NotThere, lambda: live.cancel_swap(0)),
        (OutOfRange, lambda: live.swap(0, 1, 2, FUNK, line=3.0)), (Guarded, lambda: live.clip(0, 0).fire()),
        (groovelive.GrooveError, lambda: live.clip(0, 1).replace([LiveNote(36, 0.0, velocity=0)])),
        (groovelive.GrooveError, lambda: live.clip(0, 1).replace([], color=1)),
        (OutOfRange, lambda: live.clip(0, 1).replace([LiveNote(36, 0.0, 1.0), LiveNote(36, 0.5, 1.0)])),
        (OutOfRange, lambda: live.clip(0, 1).replace([LiveNote(36, 1.0), LiveNote(36, 1.0)])),
        (OutOfRange, lambda: live.clip(0, 1).replace([LiveNote(36, 9000.0)])),
        (RefusedByLive, lambda: live.clip(0, 1).replace([LiveNote(36, 0.0)], launch_mode=99)),
    ]:  # fmt: skip
        with pytest.raises(error) as found:
            act()
        assert 15 < len(str(found.value)) < 300
    assert process.at.state()["tracks"] == before


def test_its_errors_are_raised(live: OscSet) -> None:
    with pytest.raises(RefusedByLive, match="AbletonOSC says: Error handling") as found:
        for _ in range(5):  # one that the clock's question heard is not told
            live.link.tell("/live/clip/set/name", 0, 5, "nothing there")
            live.link.ask("/live/song/get/tempo")
    assert "\n" not in str(found.value)
    with pytest.raises(RefusedByLive, match="older than groovelive needs"):
        for _ in range(5):
            live.link.ask("/live/song/get/nothing_of_that_name")


@in_real_time
def test_swaps_are_launched_on_their_lines(process: Process, live: OscSet) -> None:
    live.tempo(480.0)
    news: list[Any] = []
    live.on_swap(news.append)
    asked = [live.swap("Drums", 1, 2, FUNK, start=True)]
    eventually(lambda: len(news) == 1)
    for n in range(2):
        asked.append(live.swap("Drums", 1, 2, FUNK.rotate(n + 1), grid="2 bars"))
        eventually(lambda: len(news) == len(asked))
    assert [each.id for each in news] == [each.id for each in asked]
    assert all(isinstance(each, Launched) for each in news) and [each.slot for each in news] == [1, 2, 1]
    assert all(launch["time"] % 8 == 0 for launch in process.at.state()["launches"])
    far = live.swap("Drums", 1, 2, FUNK, line=4000.0)
    assert not far.fired
    assert live.cancel_swap("Drums") == far.id
    with pytest.raises(Late, match="less than"):
        for _ in range(40):
            live.swap("Drums", 1, 2, FUNK, grid="beat", late="refuse", dry_run=True)
    with pytest.raises(Guarded, match="not of the pair"):
        live.swap("Drums", 4, 5, FUNK)
    lost = live.swap("Drums", 1, 2, FUNK, grid="4 bars")
    eventually(lambda: live._swaps[0].fired)
    time.sleep(0.3)  # until AbletonOSC's tick
    process.at.exec("song.tracks[0].clip_slots[0].fire()")
    assert eventually(lambda: [each.id for each in news if isinstance(each, Lost)], 9.0) == [lost.id]


def test_a_watched_clip_is_looked_at(process: Process, live: OscSet) -> None:
    heard: list[ClipChanged] = []
    clip = live.clip("Bass", 0)
    end = clip.watch(heard.append)
    process.at.exec("song.tracks[1].clip_slots[0].clip.name = 'Line'")
    assert eventually(lambda: heard)[0].name == "Line"
    clip.replace([LiveNote(40, 0.0)], force=True)
    time.sleep(1.2)
    assert len(heard) == 1  # its own writes are no news
    process.at.exec("song.tracks[1].clip_slots[0].delete_clip()")
    assert eventually(lambda: heard[1:])[0].count == -1
    end()


@in_real_time
def test_the_clock_is_near(process: Process, live: OscSet) -> None:
    live.play()
    time.sleep(1.5)
    state = process.at.state()
    assert live.clock.beat() == pytest.approx(state["time"], abs=0.25)
    assert live.panic() == 0
    live.stop()


@in_real_time
def test_a_gone_live_and_another_set_are_told(process: Process, live: OscSet) -> None:
    states: list[LinkState] = []
    live.on_state(states.append)
    session = live.hello.session
    process.at.ask(freeze=5.0)
    assert eventually(lambda: [state.up for state in states], 9.0) == [False]
    assert eventually(lambda: len(states) == 2, 9.0) and states[1].up
    process.at.ask(load_set="default")
    eventually(lambda: live.hello.session != session)
    assert live.tracks()[0].name == "1-MIDI"


def test_lost_datagrams_are_asked_for_again(tmp_path: Path) -> None:
    process = Process(tmp_path, "--udp-loss", "0.05", "--speed", "8")
    try:
        with OscSet(process.port, process.replies) as live:
            for n in range(4):
                clip = live.clip(0, n + 1)
                for _ in range(3):
                    try:
                        clip.replace([LiveNote(36 + n, i / 2, 0.25) for i in range(8)])
                        break
                    except groovelive.ableton_live.LiveError:
                        continue
            clips = process.at.state()["tracks"][0]["clips"]
            assert all(len(clips[str(n + 1)]["notes"]) == 8 for n in range(4))
    finally:
        process.close()


def test_only_one_program_can_listen_and_where_nothing_is_it_says_what_to_do(process: Process) -> None:
    with OscSet(process.port, process.replies), pytest.raises(LinkDown, match="only one"):
        OscSet(process.port, process.replies)
    with pytest.raises(LinkDown, match="groovelive ableton install"):
        OscSet(free_udp_port(), free_udp_port())
    with pytest.raises(LinkDown, match="groovelive ableton install") as found:
        connect(port=free_port(), osc_port=free_udp_port(), osc_replies=free_udp_port())
    assert "AbletonOSC" in str(found.value)
    with connect(port=free_port(), osc_port=process.port, osc_replies=process.replies) as live:
        assert isinstance(live, OscSet) and not isinstance(live, LiveSet)


def test_what_answers_nothing_is_not_waited_for_long() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        began = time.monotonic()
        with pytest.raises(LinkDown):
            OscSet(silent.getsockname()[1], free_udp_port())
        assert time.monotonic() - began < 3.0
