"""MIDI files: laid on the grid as played, cut into loops, and read back as they were written."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.errors import GrooveError
from groovelive.grooves.groove import Groove, Note
from groovelive.midi_files.reader import grooves_to_midi, read, read_groove, write

PPQ = 480
STEP, BAR = PPQ // 4, PPQ * 4
KICK, SNARE, HAT = 36, 38, 42

Hit = tuple[int, int] | tuple[int, int, int]  # tick, pitch[, velocity]


def track(
    hits: Sequence[Hit], channel: int = 10, name: str = "", meta: Sequence[Any] = (), end: int = 0
) -> mido.MidiTrack:
    """Return a mido track of `hits`; `meta` holds (tick, message)."""
    events = [(tick, message) for tick, message in meta]
    if name:
        events.append((0, mido.MetaMessage("track_name", name=name.encode().decode("latin-1"))))
    for tick, pitch, *velocity in hits:
        loudness = velocity[0] if velocity else 100
        events.append((tick, mido.Message("note_on", channel=channel - 1, note=pitch, velocity=loudness)))
        events.append((tick + 10, mido.Message("note_off", channel=channel - 1, note=pitch)))
    events.sort(key=lambda event: event[0])
    events.append((max(end, events[-1][0] if events else 0), mido.MetaMessage("end_of_track")))
    now, messages = 0, mido.MidiTrack()
    for tick, message in events:
        messages.append(message.copy(time=tick - now))
        now = tick
    return messages


def midi(*tracks: Any, ppq: int = PPQ, kind: int = 1) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=ppq, tracks=list(tracks))
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def metre(tick: int, numerator: int, denominator: int) -> tuple[int, Any]:
    return tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def tempo(tick: int, bpm: float) -> tuple[int, Any]:
    return tick, mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm))


def places(groove: Groove) -> list[tuple[int, str, float]]:
    return [(note.step, note.name, round(note.offset, 4)) for note in groove]


# Onto the grid


def test_a_note_goes_to_the_nearest_16th_and_keeps_its_distance() -> None:
    hits = [(0, KICK), (STEP + 30, HAT), (3 * STEP - 30, HAT), (4 * STEP + 59, SNARE), (6 * STEP - 60, SNARE)]
    groove = read_groove(midi(track(hits)))
    assert places(groove) == [
        (0, "kick", 0.0), (1, "closed_hat", 0.25), (3, "closed_hat", -0.25),
        (4, "snare", 0.4917), (6, "snare", -0.5),
    ]  # fmt: skip


@pytest.mark.parametrize("ppq", [24, 30, 96, 120, 384, 480, 960, 9600, 32767])
def test_any_ppq(ppq: int) -> None:
    hits = [(round(step * ppq / 4), KICK) for step in range(32)]
    groove = read_groove(midi(track(hits), ppq=ppq))
    assert groove.hits[:, 0].sum() == 32
    assert np.abs(groove.offsets).max() <= 2.0 / ppq + 1e-6


def test_a_note_just_ahead_of_a_downbeat_belongs_to_it() -> None:
    hits = [(0, KICK), (BAR, KICK), (2 * BAR - 20, SNARE), (2 * BAR + 8 * STEP, KICK), (3 * BAR + STEP, HAT)]
    first, second, third = read(midi(track(hits))).loops()
    assert places(first) == [(0, "kick", 0.0), (16, "kick", 0.0)]
    assert places(second) == [(0, "kick", 0.0), (16, "snare", -0.1667), (24, "kick", 0.0)]
    assert places(third)[0] == (0, "snare", -0.1667)


def test_of_two_notes_in_one_step_the_louder_stays() -> None:
    performance = read(midi(track([(0, SNARE, 40), (20, SNARE, 90), (30, 40, 60), (STEP, SNARE, 50)])))
    assert performance.groove.velocities[:2, 1] == pytest.approx([90 / 127, 50 / 127])
    assert places(performance.groove) == [(0, "snare", 0.1667), (1, "snare", 0.0)]
    assert performance.report.collisions == 2
    assert "2 notes lost to a louder one" in str(performance.report)


def test_of_two_equally_loud_notes_the_first_stays() -> None:
    assert places(read_groove(midi(track([(10, SNARE), (30, SNARE)])))) == [(0, "snare", 0.0833)]


def test_a_final_downbeat_makes_no_bar() -> None:
    performance = read(midi(track([(0, KICK), (STEP, HAT), (BAR, KICK), (BAR + 20, 49)])))
    assert performance.groove.bars == 1
    assert performance.report.after_end == 2
    assert "final downbeat left out" in str(performance.report)


def test_a_file_that_ends_on_a_bar_line_lasts_until_there() -> None:
    hits = [(0, KICK), (BAR, KICK)]
    assert read_groove(midi(track(hits, end=4 * BAR))).bars == 4
    assert read_groove(midi(track(hits, end=4 * BAR + 7))).bars == 1


def test_notes_of_velocity_0_are_note_offs() -> None:
    assert len(read_groove(midi(track([(0, KICK), (STEP, KICK, 0)])))) == 1


# Loops


def bars_of(*steps: int) -> bytes:
    return midi(track([(step * STEP, KICK) for step in steps]))


def test_loops_overlap_by_their_hop() -> None:
    performance = read(bars_of(0, 16, 32, 48, 64, 65))
    starts = {hop: len(performance.loops(bars=2, hop=hop)) for hop in (1, 2, 3, 4)}
    assert starts == {1: 4, 2: 2, 3: 2, 4: 1}
    assert [loop.bars for loop in performance.loops(bars=5)] == [5]
    assert all(loop.bars == 2 for loop in performance.loops())


def test_a_short_performance_is_filled_with_silence() -> None:
    performance = read(bars_of(0, 4))
    (loop,) = performance.loops()
    assert (performance.groove.bars, loop.bars, len(loop)) == (1, 2, 2)


def test_silent_loops_are_left_out() -> None:
    assert len(read(bars_of(0, 5 * 16 + 1)).loops(bars=1)) == 2


@pytest.mark.parametrize("wrong", [{"bars": 0}, {"hop": 0}])
def test_a_loop_has_at_least_one_bar(wrong: dict[str, int]) -> None:
    with pytest.raises(GrooveError, match="from 1 up"):
        read(bars_of(0)).loops(**wrong)


# Which tracks are drums


def test_channel_10_is_drums_and_the_rest_a_tap() -> None:
    bass = track([(0, 40, 60), (STEP, 40, 80), (STEP + 10, 44, 90)], channel=2, name="Bass")
    performance = read(midi(track([(0, KICK)], name="x"), bass))
    assert places(performance.groove) == [(0, "kick", 0.0)]
    assert performance.tap.shape == (16, 3)
    assert performance.tap[:3, 0].tolist() == [1, 1, 0]
    assert performance.tap[:2, 1:] == pytest.approx(np.array([[60 / 127, 0], [90 / 127, 10 / STEP]]))
    assert performance.report.drums == ("track 1 'x' channel 10",)
    assert performance.report.flattened == ("track 2 'Bass' channel 2",)
    assert performance.report.collisions == 0
    with pytest.raises(ValueError, match="read-only"):
        performance.tap[0, 0] = 0


def test_drums_alone_are_tapped_themselves() -> None:
    performance = read(midi(track([(0, KICK, 50), (0, SNARE, 90), (STEP, HAT, 70)])))
    assert performance.tap.tolist() == performance.groove.tap().tolist()


@pytest.mark.parametrize(
    "name",
    ["Drums", "my drumkit", "Percussion 2", "808 Core Kit", "Beat", "Batterie", "Batería", "BATERIA 1", "Schlagzeug",
     "Slagverk", "perkusja", "Ударные", "ドラム", "Drum & Bass Kit", "Kick",
     "Hi-Hat", "Trommer", "爵士鼓", "Bass Drum", "Synth Drums"],
)  # fmt: skip
def test_tracks_named_like_drums_are_drums(name: str) -> None:
    lead = track([(STEP, 38)], channel=1, name="Lead")
    performance = read(midi(track([(0, KICK)], channel=1, name=name), lead))
    assert places(performance.groove) == [(0, "kick", 0.0)]


@pytest.mark.parametrize(
    "name", ["", "Steel Drums", "steeldrum", "Kitchen", "Superb", "Percussive Organ", "Perc Piano"]
)
def test_other_tracks_are_played_on_the_closed_hat(name: str) -> None:
    performance = read(midi(track([(0, KICK, 127)], channel=1, name=name)))
    assert places(performance.groove) == [(0, "closed_hat", 0.0)]
    assert performance.report.drums == ()
    assert "no drums found" in str(performance.report)


def test_in_a_type_0_file_only_channel_10_is_drums_whatever_its_title() -> None:
    both = track([(0, KICK)], name="Drum study")
    both.insert(1, mido.Message("note_on", channel=0, note=60, velocity=99, time=0))
    performance = read(midi(both, kind=0))
    assert places(performance.groove) == [(0, "kick", 0.0)]
    assert performance.report.flattened == ("track 1 'Drum study' channel 1",)


def test_choosing_a_track_a_channel_and_a_part() -> None:
    data = midi(
        track([(0, KICK)], name="Drums"),
        track([(STEP, SNARE)], channel=3, name="Größe"),
        track([(32, 60)], channel=3),
    )
    assert places(read_groove(data, track="größe", part="drums")) == [(1, "snare", 0.0)]
    assert places(read_groove(data, track=2)) == [(1, "closed_hat", 0.0)]
    assert places(read_groove(data, channel=10, part="tap")) == [(0, "closed_hat", 0.0)]
    performance = read(data, track=2, channel=3)
    assert len(performance.report.ignored) == 2
    assert "ignored track 1 'Drums' channel 10" in str(performance.report)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"track": "drms"}, r"no notes on track 'drms' \(did you mean 'Drums'\?\); it has track 1"),
        ({"track": 7}, "no notes on track 7"),
        ({"track": 1, "channel": 2}, "no notes on track 1 and channel 2"),
        ({"channel": 0}, "from 1 to 16, not 0"),
        ({"part": "drum"}, "part must be"),
        ({"kit": "rollend"}, "unknown kit"),
    ],
)
def test_a_wrong_choice_says_what_there_is(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GrooveError, match=message):
        read(midi(track([(0, KICK)], name="Drums")), **options)


# Kits


def test_what_is_not_in_the_kit_is_counted() -> None:
    data = midi(track([(0, 35), (0, 58), (STEP, 81), (2 * STEP, 81)]))
    assert read(data).report.unmapped == {81: 2}
    roland = read(data, kit="roland")
    assert roland.report.unmapped == {35: 1, 81: 2}
    assert places(roland.groove) == [(0, "low_tom", 0.0)]
    assert "not in the kit: pitch 35 x1, 81 x2" in str(roland.report)


def test_nothing_in_the_kit_is_an_error() -> None:
    with pytest.raises(GrooveError, match=r"is in the kit roland \(its pitches: 80, 81\)"):
        read(midi(track([(0, 81), (0, 80)])), kit="roland")


def test_a_kit_of_ones_own(tmp_path: Path) -> None:
    kit = tmp_path / "pads.json"
    kit.write_text('{"ride": [81]}')
    assert places(read_groove(midi(track([(0, 81)])), kit=kit)) == [(0, "ride", 0.0)]


# Tempo and metre


def test_the_tempo_map() -> None:
    conductor = track([], meta=[tempo(0, 97), tempo(BAR, 140.5), tempo(2 * BAR, 61)])
    performance = read(midi(conductor, track([(0, KICK)])))
    assert performance.tempo_map == ((0, 97), (4, 140.5), (8, 61))
    assert performance.tempo == 97


def test_without_a_tempo_it_is_120_in_4_4() -> None:
    performance = read(midi(track([(0, KICK)], meta=[tempo(BAR, 90)])))
    assert performance.tempo_map == ((0, 120), (4, 90))
    assert performance.time_signatures == ((0, 4, 4),)


@pytest.mark.parametrize(("n", "d"), [(5, 8), (3, 4), (6, 8), (7, 8), (12, 8), (5, 4)])
def test_another_metre_is_refused_by_its_name(n: int, d: int) -> None:
    data = midi(track([(0, KICK), (BAR, KICK), (BAR + STEP, KICK)], meta=[metre(0, n, d)]))
    with pytest.raises(
        GrooveError, match=f"is in {n}/{d}; groovelive reads 4/4 .* not there yet; metre='4/4'"
    ) as error:
        read(data)
    assert "\n" not in str(error.value)
    assert places(read_groove(data, metre="4/4")) == [(0, "kick", 0.0), (16, "kick", 0.0), (17, "kick", 0.0)]


@pytest.mark.parametrize("n", [2, 4, 8])
def test_bars_of_four_quarters_are_read(n: int) -> None:
    assert read_groove(midi(track([(0, KICK), (BAR + STEP, KICK)], meta=[metre(0, n, n)]))).bars == 2


def test_bars_in_another_metre_are_left_out_and_told() -> None:
    waltz = 2 * BAR
    resumed = waltz + 2 * 3 * PPQ
    hits = [(0, KICK), (BAR, SNARE), (waltz + PPQ, HAT), (resumed - 10, 49), (resumed + BAR + STEP, KICK)]
    conductor = track([], meta=[metre(0, 4, 4), metre(waltz, 3, 4), metre(resumed, 4, 4)])
    performance = read(midi(conductor, track(hits)))
    assert places(performance.groove) == [
        (0, "kick", 0.0), (16, "snare", 0.0), (32, "crash", -0.0833), (49, "kick", 0.0),
    ]  # fmt: skip
    assert performance.report.skipped == ((3, 4, "3/4", 1),)
    assert "bars 3-4 left out (3/4, 1 note)" in str(performance.report)
    assert [str(metre) for metre in performance.time_signatures] == ["4/4", "3/4", "4/4"]
    assert performance.sections == ((0, 2), (2, 2))
    assert [places(loop)[0] for loop in performance.loops()] == [(0, "kick", 0.0), (0, "crash", -0.0833)]


def test_the_tempo_map_follows_the_bars_that_are_read() -> None:
    waltz = 2 * BAR
    resumed = waltz + 3 * PPQ
    changes = {0: 100, PPQ: 90, waltz: 80, waltz + PPQ: 60, resumed + PPQ: 50}
    tempos = [tempo(tick, bpm) for tick, bpm in changes.items()]
    conductor = track([], meta=[metre(0, 4, 4), metre(waltz, 3, 4), metre(resumed, 4, 4), *tempos])
    performance = read(midi(conductor, track([(STEP, KICK), (resumed + BAR + STEP, KICK)])))
    assert performance.groove.bars == 4
    assert performance.tempo_map == ((0, 100), (1, 90), (8, 60), (9, 50))


def test_a_last_section_in_another_metre() -> None:
    performance = read(midi(track([(0, KICK), (BAR, KICK), (BAR + 5 * PPQ, KICK)], meta=[metre(BAR, 5, 4)])))
    assert performance.groove.bars == 1
    assert performance.report.skipped == ((2, 3, "5/4", 2),)


def test_a_metre_told_twice_changes_nothing() -> None:
    again = [metre(0, 4, 4), metre(BAR, 4, 4), metre(3 * BAR, 4, 4)]
    performance = read(midi(track([(step * STEP, KICK) for step in range(0, 64, 8)], meta=again)))
    assert performance.sections == ((0, 4),)


# What can't be read


def raw_midi(track_data: bytes, kind: int = 0, division: int = PPQ) -> bytes:
    header = b"MThd" + (6).to_bytes(4) + kind.to_bytes(2) + (1).to_bytes(2) + division.to_bytes(2)
    return header + b"MTrk" + len(track_data).to_bytes(4) + track_data


ONE_NOTE = b"\x00\x99\x24\x64" + b"\x10\x89\x24\x00" + b"\x00\xff\x2f\x00"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, this is no music", "is not a MIDI file"),
        (b"MThd\0\0", "damaged"),
        (raw_midi(ONE_NOTE)[:-10], "is damaged, and has no notes that can be read: track 1 is cut off"),
        (raw_midi(ONE_NOTE)[:18], "is damaged, and has no notes that can be read: track 1 ends too early"),
        (raw_midi(ONE_NOTE)[:14], "is damaged: it ends too early, and has no track"),
        (raw_midi(b"\x00\x24\x64"), "is damaged, and has no notes that can be read: track 1 has 2 bytes that begin no"),
        (raw_midi(ONE_NOTE, kind=2), "of type 2"),
        (raw_midi(ONE_NOTE, division=0xE728), "SMPTE"),
        (raw_midi(ONE_NOTE, division=0), "ticks per quarter"),
        (raw_midi(b"\x00\xff\x2f\x00"), "has no notes"),
        (raw_midi(b"\xff\xff\xff\x7f" + ONE_NOTE[1:]), r"lasts 139,811 bars \(a broken delta time"),
        (raw_midi(b"\xff" * 30 + b"\x7f" + ONE_NOTE[1:]), "a broken delta time"),
        (b"MThd" + bytes(33 << 20), "more than 32 MB"),
    ],
)  # fmt: skip
def test_bad_files_get_one_sentence(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    for source in (data, path, io.BytesIO(data)):
        with pytest.raises(GrooveError, match=message) as error:
            read(source)
        assert "\n" not in str(error.value)
    assert str(path) in str(_error_of(path))


def _error_of(path: Path) -> GrooveError:
    with pytest.raises(GrooveError) as error:
        read(path)
    return error.value


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match=r"cannot read .*none\.mid: No such file"):
        read(tmp_path / "none.mid")
    with pytest.raises(GrooveError, match="cannot read"):
        read(tmp_path)
    with pytest.raises(GrooveError, match="cannot read"):
        read("a\0b.mid")
    with pytest.raises(GrooveError, match="binary file"):
        read(io.StringIO("text"))  # type: ignore[arg-type]


def test_data_bytes_beyond_127_are_clipped() -> None:
    groove = read_groove(raw_midi(b"\x00\x99\x24\xf0" + ONE_NOTE[4:]))
    assert groove.velocities[0, 0] == 1


def test_broken_metres_and_tempos_are_passed_over() -> None:
    metres = b"\x00\xff\x58\x04\x00\x02\x18\x08" + b"\x00\xff\x58\x04\x04\x63\x18\x08" + b"\x00\xff\x58\x01\x04"
    tempos = b"\x00\xff\x51\x03\x00\x00\x00" + b"\x00\xff\x51\x03\x00\x00\x01" + b"\x00\xff\x51\x02\x07\xa1"
    performance = read(raw_midi(metres + tempos + ONE_NOTE))
    assert (performance.tempo, performance.time_signatures) == (120, ((0, 4, 4),))
    assert performance.report.mended == ("a broken metre left out x3", "a broken tempo left out x3")


def test_ten_thousand_bars() -> None:
    performance = read(bars_of(*range(1, 160_000, 16)))
    assert performance.groove.bars == len(performance.groove) == 10_000
    assert len(performance.loops()) == 9_999
    again = read_groove(grooves_to_midi(performance.groove))
    assert np.array_equal(again.hits, performance.groove.hits)


# Writing


@st.composite
def grooves(draw: st.DrawFn, max_bars: int = 3) -> Groove:
    steps = 16 * draw(st.integers(1, max_bars))
    cell = st.tuples(st.integers(0, steps - 1), st.integers(0, 8), st.integers(1, 127), st.floats(-0.5, 0.5, width=32))
    cells = draw(st.lists(cell, min_size=1, max_size=40))
    notes = [(step, voice, velocity / 127, offset) for step, voice, velocity, offset in cells]
    return Groove.from_notes(notes, steps=steps)


@given(grooves())
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_again(groove: Groove) -> None:
    again = read(grooves_to_midi(groove)).groove
    assert np.array_equal(again.hits, groove.hits)
    assert np.array_equal(again.velocities, groove.velocities)
    expected = groove.offsets.copy()
    expected[0] = expected[0].clip(0)  # a file cannot begin before its beginning
    assert np.abs(again.offsets - expected).max() < 1e-3
    assert read(grooves_to_midi(again)).groove == again


@given(grooves(), st.sampled_from([24, 30, 96, 480, 32767]), st.floats(0.01, 8), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_notes_of_one_pitch_never_overlap(groove: Groove, ppq: int, length: float, repeats: int) -> None:
    data = grooves_to_midi(groove, ppq=ppq, note_length=length, repeats=repeats)
    file = mido.MidiFile(file=io.BytesIO(data))
    sounding: dict[int, int] = defaultdict(int)
    tick = began = 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "note_on":
            began += 1
            sounding[message.note] += 1
            assert sounding[message.note] == 1
        elif message.type == "note_off":
            sounding[message.note] -= 1
            assert sounding[message.note] == 0
    assert not any(sounding.values())
    assert began == len(groove) * repeats
    assert tick == groove.steps * repeats * ppq // 4
    assert np.array_equal(read_groove(data).hits, np.tile(groove.hits, (repeats, 1)))


def onsets(data: bytes) -> list[tuple[int, int, int]]:
    tick, found = 0, []
    for message in mido.MidiFile(file=io.BytesIO(data)).tracks[0]:
        tick += message.time
        if message.type == "note_on":
            found.append((tick, message.note, message.velocity))
    return found


def test_an_early_first_step_is_early_at_the_seams_only() -> None:
    groove = Groove.from_notes([(0, "kick", 1.0, -0.25), (8, "snare", 1.0)], steps=16)
    assert onsets(grooves_to_midi(groove, repeats=3, ppq=480)) == [
        (0, 36, 127), (960, 38, 127), (1890, 36, 127), (2880, 38, 127), (3810, 36, 127), (4800, 38, 127),
    ]  # fmt: skip


def test_a_song_is_its_grooves_one_after_the_other() -> None:
    verse, chorus = Groove.from_notes([(0, "kick")], steps=32), Groove.from_notes([(4, "snare")], steps=16)
    song = read_groove(grooves_to_midi([verse, chorus, verse]))
    assert song.bars == 5
    assert places(song) == [(0, "kick", 0.0), (36, "snare", 0.0), (48, "kick", 0.0)]


def test_timed_notes_keep_their_flams() -> None:
    notes = [Note(20, 1, 0.4, -0.25), Note(20, 1, 0.8, 0.0), Note(40, 0, 1.0, 0.5)]
    data = grooves_to_midi(notes, ppq=480)
    assert onsets(data) == [(2370, 38, 51), (2400, 38, 102), (4859, 36, 127)]
    assert read(data).groove.bars == 3


def test_two_notes_of_one_pitch_at_one_moment_are_the_louder() -> None:
    notes = [Note(4, 1, 0.4, 0.0), Note(4, 1, 0.8, 0.0), Note(4, 1, 0.2, 0.0)]
    assert [velocity for _, _, velocity in onsets(grooves_to_midi(notes))] == [102]


def test_a_hit_of_velocity_0_still_sounds() -> None:
    assert onsets(grooves_to_midi([Note(0, 0, 0.0, 0.0)]))[0][2] == 1


def test_silence_lasts() -> None:
    file = mido.MidiFile(file=io.BytesIO(grooves_to_midi(Groove.empty(4), tempo=120)))
    assert file.length == pytest.approx(8)
    with pytest.raises(GrooveError, match="has no notes"):
        read(grooves_to_midi(Groove.empty(4)))


@pytest.mark.parametrize("bpm", [3.6, 60, 97, 133.333, 999, 10_000])
def test_the_tempo_comes_back(bpm: float) -> None:
    assert read(grooves_to_midi([Note(0, 0, 1, 0)], tempo=bpm)).tempo == pytest.approx(bpm, rel=1e-5)


def test_a_tempo_map_is_written_up_to_the_end() -> None:
    data = grooves_to_midi(Groove.from_notes([(0, "kick")]), tempo=[(0, 90), (4, 120), (8, 60)])
    assert read(data).tempo_map == ((0, 90), (4, 120))
    assert mido.MidiFile(file=io.BytesIO(data)).length == pytest.approx(4 * 60 / 90 + 4 * 60 / 120)


def test_channel_name_kit_and_note_length() -> None:
    groove = Groove.from_notes([(0, "kick", 1.0), (8, "snare", 1.0)])
    data = grooves_to_midi(groove, channel=3, name="鼓 drums", kit={"kick": 60, "snare": 61}, note_length=0.5, ppq=100)
    (messages,) = mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks
    assert messages.name == "鼓 drums"
    notes = [(m.type, m.channel, m.note, m.time) for m in messages if not m.is_meta]
    assert notes == [
        ("note_on", 2, 60, 0), ("note_off", 2, 60, 50), ("note_on", 2, 61, 150), ("note_off", 2, 61, 50),
    ]  # fmt: skip
    assert read(data, kit={"kick": 60, "snare": 61}).report.drums == ("track 1 '鼓 drums' channel 3",)


@pytest.mark.parametrize("kit", ["roland", "gm", "addictive", "ezdrummer", "ableton"])
def test_every_kit_reads_what_it_writes(kit: str) -> None:
    groove = Groove.from_notes([(2 * voice, voice, 1.0) for voice in range(9)])
    assert read_groove(grooves_to_midi(groove, kit=kit), kit=kit) == groove


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tempo": 0}, "from 3.6 to 10000 BPM, not 0"),
        ({"tempo": float("nan")}, "tempo must be a number .*, not nan"),
        ({"tempo": [(1, 120)]}, "at beat 0"),
        ({"tempo": []}, "at beat 0"),
        ({"tempo": [(0, 120), (8, 90), (4, 80)]}, "must rise"),
        ({"tempo": [(0, 120), (float("inf"), 90)]}, "must be a number, not inf"),
        ({"tempo": "fast"}, "not 'fast'"),
        ({"kit": {"snare": 38}}, "has no note for kick"),
        ({"note_length": 0}, "above 0 beats"),
        ({"note_length": float("inf")}, "above 0 beats"),
        ({"repeats": 0}, "repeats must be"),
        ({"channel": 17}, "from 1 to 16, not 17"),
        ({"ppq": 10}, "ppq must be"),
        ({"ppq": 96.0}, "ppq must be"),
    ],
)
def test_bad_arguments_leave_no_file(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GrooveError, match=message):
        write(tmp_path / "out.mid", Groove.from_notes([(0, "kick")]), **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("music", "message"),
    [
        ([], "nothing to write"),
        ([Note(0, 0, 1, 0), Groove.empty()], "nothing to write"),
        (["kick"], "nothing to write"),
        ([Note(-1, 0, 1, 0)], "step of a note"),
        ([Note(0, 9, 1, 0)], "voice of a note"),
        ([Note(0, 0, 1.4, 0)], "velocity of a note"),
        ([Note(0, 0, float("nan"), 0)], "velocity of a note"),
        ([Note(0, 0, 1, 0.6)], "offset of a note"),
    ],
)
def test_music_that_is_none(music: Any, message: str) -> None:
    with pytest.raises(GrooveError, match=message):
        grooves_to_midi(music)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    groove = Groove.from_notes([(0, "kick", 1.0), (4, "snare", 1.0)])
    path = tmp_path / "loop.mid"
    path.write_bytes(b"what was there before")
    assert write(path, groove, tempo=90) == path
    assert write(str(path), groove, tempo=100) == path
    assert [p.name for p in tmp_path.iterdir()] == ["loop.mid"]
    assert (read(path).groove, read(str(path)).tempo) == (groove, 100)
    with path.open("rb") as file:
        assert read(file).groove == groove
    assert Groove.from_midi(path) == groove


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    groove = Groove.from_notes([(0, "kick")])
    (tmp_path / "folder.mid").mkdir()
    for place in (tmp_path / "no" / "where.mid", tmp_path / "folder.mid"):
        with pytest.raises(GrooveError, match="cannot write"):
            write(place, groove)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.mid"]


def test_a_file_that_is_replaced_in_vain_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "loop.mid"
    path.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(GrooveError, match=r"cannot write .*: No space left on device"):
        write(path, Groove.from_notes([(0, "kick")]))
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["loop.mid"]
