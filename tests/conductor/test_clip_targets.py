"""Drummers in Live: a real conductor and engine, the Remote Script in a stand-in that runs, and clips that change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import groovelive as gl
from groovelive import GrooveError
from groovelive.score.edits import Rhythm, unpack
from tests.ableton_live.abletonosc.test_live_set import Process
from tests.ableton_live.test_live_set import RunningLive, eventually
from tests.conductor.test_process import Serve

pytestmark = pytest.mark.realtime


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningLive]:
    live = RunningLive(tmp_path)
    yield live
    live.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    serve = Serve(tmp_path_factory.mktemp("ableton") / "run")
    serve.connection()
    yield serve
    serve.end()


@pytest.fixture
def live(serve: Serve, running: RunningLive, monkeypatch: pytest.MonkeyPatch) -> Iterator[gl.Session]:
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(serve.folder))
    monkeypatch.setenv("GROOVELIVE_ABLETON", f"127.0.0.1:{running.port}")
    with gl.open() as live:
        with gl.at("now"):
            live.bpm = 240
        yield live
        gl.hush()
        with gl.at("now"):
            for drummer in live.drummers:
                drummer.out = None


def notes(running: RunningLive, slot: int, track: int = 0) -> list[tuple[float, int]]:
    def read() -> list[tuple[float, int]]:
        clip = running.tracks[track]._slots[slot].clip
        return [] if clip is None else sorted((round(n.start_time, 3), n.pitch) for n in clip._store.notes)

    return running.do(read)  # type: ignore[no-any-return]


def playing(running: RunningLive, track: int = 0) -> int:
    return int(running.do(lambda: running.tracks[track].playing_slot_index))


def undone(running: RunningLive) -> int:
    return int(running.do(lambda: len(running.host.rt.undo.history)))


def roll(live: gl.Session, running: RunningLive) -> None:
    """Let Live play at the session's tempo."""
    live.ableton.tempo(240)
    live.ableton.play()


def test_loops_become_clips_on_the_line(live: gl.Session, running: RunningLive) -> None:
    roll(live, running)
    live.d1.out = gl.ableton("Drums", slots=(2, 3), bars=1)
    live.d1 >> gl.play("bd sn")
    eventually(lambda: playing(running) == 2, 10)
    assert notes(running, 2) == [(0.0, 36), (2.0, 38)]
    before = undone(running)
    time.sleep(2.5)  # two loops and more: what has not changed goes round
    assert undone(running) == before
    live.d1 >> gl.play("bd*4")
    eventually(lambda: playing(running) == 3, 8)
    assert undone(running) == before + 1
    assert notes(running, 3) == [(float(k), 36) for k in range(4)]
    assert notes(running, 2) == [(0.0, 36), (2.0, 38)]
    assert running.do(lambda: running.tracks[0]._slots[3].clip.name) == "d1 any 0 [gl]"
    assert any(out.sent >= 2 and out.name == "ableton Drums" for out in live.status().outs)
    live.wait(bars=1)  # Live's bars are not ours here: it was launched before our line
    gl.hush()
    eventually(lambda: notes(running, playing(running)) == [], 8)


def test_the_model_plays_in_live(live: gl.Session, running: RunningLive) -> None:
    roll(live, running)
    live.d1.out = gl.ableton("Drums", slots=(2, 3), history=True)
    live.d1.genre, live.d1.swing = "funk", 0.2
    live.d1 >> gl.groove("x..x..x...x.x...")
    eventually(lambda: playing(running) in (2, 3), 12)
    slot = playing(running)
    found = notes(running, slot)
    assert len(found) > 8 and {36, 38, 42} & {pitch for _, pitch in found}
    assert all(0 <= start < 8 for start, _ in found)
    assert any(start % 0.25 for start, _ in found)  # swing
    clip = running.do(lambda: running.tracks[0]._slots[slot].clip)
    assert running.do(lambda: clip.name) == "d1 funk 0 [gl]" and running.do(lambda: clip.length) == 8.0
    colour = running.do(lambda: clip.color_index)
    eventually(lambda: notes(running, 4) == found, 5)  # the history
    live.d1.genre = "latin"
    eventually(lambda: playing(running) not in (slot, -1), 12)
    eventually(lambda: len(notes(running, 5)) > 4, 5)
    assert running.do(lambda: running.tracks[0]._slots[5].clip.name) == "d1 latin 0 [gl]"
    assert running.do(lambda: running.tracks[0]._slots[5].clip.color_index) != colour


def test_live_varies_the_loop_by_the_models_chances(live: gl.Session, running: RunningLive) -> None:
    roll(live, running)
    live.d1.out = gl.ableton("Drums", slots=(2, 3), chances=True)
    live.d1 >> gl.groove("x..x..x...x.x...")
    eventually(lambda: playing(running) in (2, 3), 12)
    slot = playing(running)

    def read() -> list[tuple[float, float]]:
        return [(n.probability, n.velocity_deviation) for n in running.tracks[0]._slots[slot].clip._store.notes]

    chances = running.do(read)
    assert len({round(chance, 2) for chance, _ in chances}) > 5
    assert min(chance for chance, _ in chances) < 0.5 < max(chance for chance, _ in chances)
    assert all((deviation < 0) == (round(chance, 2) < 0.98) or abs(deviation) <= 1 for chance, deviation in chances)


def test_several_drummers_share_a_track(live: gl.Session, running: RunningLive) -> None:
    roll(live, running)
    live.out = gl.ableton("Drums", slots=(2, 3), bars=1)
    with gl.at("+1"):
        live.d1 >> gl.play("bd*2")
        live.d2 >> gl.play("~ sn")
    eventually(lambda: playing(running) in (2, 3), 10)
    assert notes(running, playing(running)) == [(0.0, 36), (2.0, 36), (2.0, 38)]
    live.out = None


def test_what_can_not_be(live: gl.Session, running: RunningLive, monkeypatch: pytest.MonkeyPatch) -> None:
    names = running.do(lambda: [(track.name, track.has_midi_input) for track in running.tracks])
    audio = next(name for name, midi in names if not midi)
    before = running.do(running.host.state)["tracks"]
    with pytest.raises(GrooveError, match=r"holds 'Beat', which groovelive did not write: choose other slots"):
        live.d1.out = gl.ableton("Drums")
    with pytest.raises(GrooveError, match="no track is called 'Durms'"):
        live.d1.out = gl.ableton("Durms", slots=(2, 3))
    with pytest.raises(GrooveError, match="two slots from 0 to 7 of the track, not 2 and 99"):
        live.d1.out = gl.ableton("Drums", slots=(2, 99))
    with pytest.raises(GrooveError, match="a pair of slots"):
        live.d1.out = gl.ableton("Drums", slots=(2, 2))
    with pytest.raises(GrooveError, match="is no MIDI track"):
        live.d1.out = gl.ableton(audio, slots=(2, 3))
    monkeypatch.setenv("GROOVELIVE_ABLETON", "127.0.0.1:9")
    with pytest.raises(GrooveError, match=r"Ableton Live with GrooveLive is not at 127\.0\.0\.1:9"):
        live.d1.out = gl.ableton("Drums", slots=(2, 3))
    assert live.d1.out is None
    assert running.do(running.host.state)["tracks"] == before


def test_live_goes_and_is_back(live: gl.Session, running: RunningLive) -> None:
    told: list[str] = []
    live.tell = told.append  # type: ignore[method-assign, assignment]
    roll(live, running)
    live.d1.out = gl.ableton("Drums", slots=(2, 3), bars=1)
    live.d1 >> gl.play("bd sn")
    eventually(lambda: playing(running) == 2, 10)
    running.reload(pause=1.5)
    eventually(lambda: any("Ableton Live is back" in sentence for sentence in told), 10)
    assert sum("Ableton Live has gone" in sentence for sentence in told) == 1
    live.d1 >> gl.play("bd*4")
    eventually(lambda: [(float(k), 36) for k in range(4)] in (notes(running, 2), notes(running, 3)), 10)
    running.do(lambda: running.host.load_set("drums"))  # another document
    eventually(lambda: sum("Ableton Live is back" in sentence for sentence in told) == 2, 10)
    link: Any = live.ableton.link
    eventually(lambda: link.up, 10)
    live.ableton.play()
    eventually(lambda: playing(running) in (2, 3), 12)
    assert notes(running, playing(running)) == [(float(k), 36) for k in range(4)]


def test_what_was_played_is_left_as_clips(live: gl.Session, running: RunningLive) -> None:
    live.d1 >> gl.play("bd sn [~ hh]")
    live.wait(bars=3)
    clip = live.ableton.put(live.last(1), "Drums", name="take")
    assert clip.info().name.startswith("take") and len(clip.read().notes) == 3
    groove = gl.Groove.parse("bd*4, hh*8")
    other = live.ableton.put(groove, "Drums", 5)
    assert len(other.read().notes) == 24  # two bars
    with pytest.raises(GrooveError, match="did not write"):
        live.ableton.put(groove, "Drums", 0)
    with pytest.raises(GrooveError, match="a Groove or a Clip"):
        live.ableton.put("bd*4", "Drums")  # type: ignore[arg-type]
    start, end = live.ableton.arrange("Drums", 16.0, live.last(1))
    assert (start, end) == (16.0, 20.0)
    assert "Drums" in repr(live.ableton) and "bpm" in repr(live.ableton)


def test_a_drummer_follows_a_clip(live: gl.Session, running: RunningLive) -> None:
    bass = live.ableton.put(gl.Groove.parse("x..x..x...x....."), "Bass", 4)
    rhythm = [0, 3, 6, 10]
    with gl.at("now"):
        live.d1 >> gl.groove("x.......")
    with gl.at("now"):
        live.d1 >> live.ableton.clip("Bass", 4)
    eventually(lambda: "live.ableton.clip('Bass', 4)" in repr(live.d1), 5)

    def heard() -> list[int]:
        source = live.value("d1", "source")
        return sorted(note.step for note in unpack(source.notes) if note.step < 16)

    assert heard() == rhythm
    before = len(live.score.edits)

    def by_hand() -> None:
        store = running.tracks[1]._slots[4].clip
        store.remove_notes_extended(0, 128, 0.0, 0.5)

    running.do(by_hand)
    eventually(lambda: heard() == [3, 6, 10], 8)
    edit = next(e for e in live.score.edits[before:] if e.path == "source")
    assert edit.by == "ableton" and edit.beat % 8 == 0  # from a loop on
    assert bass.info().name.endswith("[gl]")
    gl.undo()  # of the line that it follows the clip by: all that came of it
    eventually(lambda: isinstance(live.value("d1", "source"), Rhythm) and "clip" not in repr(live.d1), 5)
    with pytest.raises(GrooveError, match="slot 7 of track 1"):
        live.d1 >> live.ableton.clip("Bass", 7)


# The second way: AbletonOSC


@pytest.fixture
def osc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    process = Process(tmp_path)
    monkeypatch.setenv("GROOVELIVE_ABLETON", "127.0.0.1:9")
    monkeypatch.setenv("GROOVELIVE_ABLETONOSC_PORTS", f"{process.port},{process.replies}")
    yield process
    process.close()


def test_by_way_of_abletonosc(osc: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    osc.at.exec("song.tempo = 240; song.start_playing()")
    serve = Serve(tmp_path / "run")
    try:
        serve.connection()
        monkeypatch.setenv("GROOVELIVE_RUNTIME", str(serve.folder))
        with gl.open() as live:
            live.tell = told.append  # type: ignore[method-assign, assignment]
            with gl.at("now"):
                live.bpm = 240
            live.d1.out = gl.ableton("Drums", slots=(2, 3), bars=1)
            live.d1 >> gl.play("bd sn")
            eventually(lambda: osc.at.eval("song.tracks[0].playing_slot_index") in (2, 3), 12)
            slot = osc.at.eval("song.tracks[0].playing_slot_index")
            pitches = osc.at.eval(f"[n.pitch for n in song.tracks[0].clip_slots[{slot}].clip._store.notes]")
            assert sorted(pitches) == [36, 38]
            assert sum("by way of AbletonOSC" in sentence for sentence in told) == 1
            with pytest.raises(GrooveError, match="another program has the port"):
                _ = live.ableton  # one program alone is answered
    finally:
        serve.end()


def test_a_performer_by_way_of_abletonosc(osc: Process) -> None:
    with gl.open(realtime=False) as live:
        told: list[str] = []
        live.tell = told.append  # type: ignore[method-assign, assignment]
        clip = live.ableton.put(gl.Groove.parse("bd sn"), "Drums", 5, name="two")
        assert len(clip.read().notes) == 4 and "AbletonOSC" in told[0]
        live.d1 >> live.ableton.clip("Drums", 5)
        live.run(bars=2)
        assert live.last(2).events


# Who keeps time


def together(live: gl.Session, running: RunningLive) -> float:
    """Return how far the session and Live are apart, in ms, within a bar."""
    theirs, ours = running.do(lambda: running.host.song.current_song_time), live.beat
    apart = (theirs - ours + 2) % 4 - 2
    return abs(apart) * 60_000 / running.do(lambda: running.host.song.tempo)  # type: ignore[no-any-return]


def test_live_leads(live: gl.Session, running: RunningLive) -> None:
    running.do(lambda: setattr(running.host.song, "tempo", 150.0))
    live.ableton.play()
    live.ableton.follow_transport()
    try:
        eventually(lambda: live.status().leader == "Ableton Live", 5)
        eventually(lambda: abs(live.bpm - 150) < 0.01 and together(live, running) < 15, 20)
        live.d1.out = gl.ableton("Drums", slots=(2, 3), bars=1)
        live.d1 >> gl.play("bd sn")
        eventually(lambda: playing(running) == 2, 12)  # on our line, which is Live's
        with pytest.raises(GrooveError, match="Ableton Live leads the tempo"):
            live.bpm = 100
        running.do(lambda: setattr(running.host.song, "tempo", 90.0))
        eventually(lambda: abs(live.bpm - 90) < 0.01 and together(live, running) < 15, 20)
    finally:
        live.follow(None)


def test_live_follows(live: gl.Session, running: RunningLive) -> None:
    live.ableton.lead_transport()
    try:
        eventually(lambda: running.do(lambda: running.host.song.is_playing), 8)
        with gl.at("now"):
            live.bpm = 132
        eventually(lambda: abs(running.do(lambda: running.host.song.tempo) - 132) < 0.01, 8)
        eventually(lambda: together(live, running) < 20, 20)
    finally:
        live.lead(None)
