"""What the fake promises, checked in-process on the manual clock (no sockets, no sleeping)."""
import threading

import pytest

from tests.support.fakelive import Host, lom
from tests.support.fakelive.core import ArgumentError
from tests.support.fakelive.notes import MidiNoteSpecification as Spec

SCRIPT = '''
from ableton.v2.control_surface import ControlSurface
import Live


class Script(ControlSurface):
    def __init__(self, c_instance):
        ControlSurface.__init__(self, c_instance)
        self.ticks, self.fast = [], []
        self.schedule_message(1, self.tick)
        self.timer = Live.Base.Timer(callback=self.fast_tick, interval=10, repeat=True)
        self.timer.start()

    def tick(self):
        self.ticks.append(self.song.current_song_time)
        self.schedule_message(1, self.tick)

    def fast_tick(self):
        self.fast.append(1)


def create_instance(c_instance):
    return Script(c_instance)
'''


@pytest.fixture
def host(tmp_path):
    h = Host("drums", clock="manual")
    yield h
    h.stop()


def script(host, tmp_path):
    folder = tmp_path / "Tiny"
    folder.mkdir()
    (folder / "__init__.py").write_text(SCRIPT)
    return host.load_script(str(folder))


def test_ticks(host, tmp_path):
    s = script(host, tmp_path)
    host.run_for(1.0)
    assert 9 <= len(s.ticks) <= 10
    assert 95 <= len(s.fast) <= 101


def test_freeze_stops_ticks_not_sound(host, tmp_path):
    s = script(host, tmp_path)
    host.song.tracks[0].clip_slots[0].fire()
    host.run_for(0.2)
    host.freeze(1.0)
    before, heard = len(s.ticks), len(host.engine.played)
    host.run_for(0.95)
    assert len(s.ticks) == before and len(host.engine.played) > heard


def test_new_set_makes_a_new_script(host, tmp_path):
    s, old = script(host, tmp_path), host.song
    track = old.tracks[0]
    host.load_set("default")
    assert host.scripts[0] is not s and track == None       # noqa: E711
    with pytest.raises(ArgumentError):
        track.name


def test_quantised_launch_lands_on_the_bar(host):
    song = host.song
    slot0, slot1 = song.tracks[0].clip_slots[0], song.tracks[0].clip_slots[1]
    slot1.create_clip(4.0).add_new_notes([Spec(50, 0.0, 0.25)])
    slot0.fire()
    host.run_for(0.7)
    slot1.fire()
    assert song.tracks[0].fired_slot_index == 1 and song.tracks[0].playing_slot_index == 0
    host.run_for(2.0)
    assert song.tracks[0].playing_slot_index == 1
    assert [l["time"] for l in host.engine.launches] == [0.0, 4.0]
    first = next(n for n in host.engine.played if n["pitch"] == 50)
    assert first["time"] == pytest.approx(4.0)


def test_every_note_sounds_once_per_loop(host):
    host.song.tracks[0].clip_slots[0].fire()
    host.run_for(3.995)               # two bars at 120, less one slice
    kicks = [n["time"] for n in host.engine.played if n["pitch"] == 36]
    assert kicks == pytest.approx([0, 1, 2, 3, 4, 5, 6, 7], abs=1e-6)


def test_listener_may_not_change_the_model(host):
    song, errors = host.song, []

    def react():
        try:
            song.metronome = True
        except RuntimeError as e:
            errors.append(str(e))
    song.add_tempo_listener(react)
    song.tempo = 90
    assert errors and errors[0].startswith("Changes cannot be triggered by notifications")
    with pytest.raises(RuntimeError):
        song.add_tempo_listener(react)
    song.remove_tempo_listener(react)
    with pytest.raises(RuntimeError):
        song.remove_tempo_listener(react)


def test_types(host):
    song = host.song
    with pytest.raises(ArgumentError):
        song.tempo = "fast"
    with pytest.raises(RuntimeError):
        song.tempo = 5000
    with pytest.raises(ArgumentError):
        Spec(pitch=36.0, start_time=0.0, duration=1.0)
    with pytest.raises(AttributeError):
        song.tepmo = 100
    with pytest.raises(RuntimeError):
        song.tracks[0].clip_slots[0].clip.gain
    song.metronome = 1
    assert song.metronome is True


def test_undo_step(host):
    clip = host.song.tracks[0].clip_slots[0].clip
    before = [n.values() for n in clip.get_all_notes_extended()]
    depth = len(host.rt.undo.history)
    host.song.begin_undo_step()
    clip.remove_notes_extended(0, 128, -1000.0, 2000.0)
    clip.add_new_notes([Spec(36, 0.0, 0.25), Spec(38, 1.0, 0.25, probability=0.5)])
    clip.name = "new"
    host.song.end_undo_step()
    assert len(host.rt.undo.history) == depth + 1
    host.song.undo()
    assert [n.values() for n in clip.get_all_notes_extended()] == before and clip.name == "Beat"
    host.song.redo()
    assert clip.name == "new" and len(clip.get_all_notes_extended()) == 2


def test_loose_edits_pile_up(host):
    song = host.song
    song.tempo = 100
    song.create_scene(-1)
    assert len(host.rt.undo.history) == 1
    song.begin_undo_step()
    song.end_undo_step()
    assert len(host.rt.undo.history) == 1
    song.undo()
    assert song.tempo == 120 and len(song.scenes) == 8


def test_same_pitch_notes_never_overlap(host):
    clip = host.song.tracks[1].clip_slots[0].clip
    clip.add_new_notes([Spec(40, 0.0, 2.0)])
    clip.add_new_notes([Spec(40, 1.0, 1.0)])
    clip.add_new_notes([Spec(40, 1.0, 0.5, 33)])
    assert [(n.start_time, n.duration, n.velocity) for n in clip.get_all_notes_extended()] == [
        (0.0, 1.0, 100.0), (1.0, 0.5, 33.0)]


def test_note_modification_keeps_ids(host):
    clip = host.song.tracks[0].clip_slots[0].clip
    notes = clip.get_notes_extended(36, 1, 0.0, 4.0)
    ids = [n.note_id for n in notes]
    for n in notes:
        n.velocity = 11.0
    assert all(n.velocity != 11 for n in clip.get_notes_extended(36, 1, 0.0, 4.0))
    clip.apply_note_modifications(notes)
    assert [(n.note_id, n.velocity) for n in clip.get_notes_extended(36, 1, 0.0, 4.0)] == [
        (i, 11.0) for i in ids]


def test_threads_are_watched(host):
    t = threading.Thread(target=lambda: host.song.tempo, name="worker")
    t.start()
    t.join()
    assert host.rt.violations == [("worker", "Song.tempo")]


def test_versions(tmp_path):
    old = Host("drums", version="11.0.0", clock="manual")
    clip = old.song.tracks[0].clip_slots[0].clip
    assert not hasattr(clip, "get_all_notes_extended")
    assert clip.add_new_notes([Spec(60, 0.0, 1.0)]) is None
    assert not hasattr(old.song.tracks[0], "create_midi_clip")
    new = Host("drums", version="12.2.0", clock="manual")
    assert new.song.tracks[0].create_midi_clip(8.0, 4.0).is_arrangement_clip
    old.stop(), new.stop()


def test_arrangement_overwrites(host):
    track = host.song.tracks[0]
    source = track.clip_slots[0].clip
    track.duplicate_clip_to_arrangement(source, 0.0)
    track.duplicate_clip_to_arrangement(source, 4.0)
    track.duplicate_clip_to_arrangement(source, 2.0)
    assert [(c.start_time, c.end_time) for c in track.arrangement_clips] == [(0, 2), (2, 6), (6, 8)]


def test_drum_rack(host):
    rack = host.song.tracks[0].devices[0]
    assert rack.can_have_drum_pads and rack.drum_pads[36].name == "Kick"
    assert [p.note for p in rack.drum_pads if p.chains] == sorted(lom.KIT)
