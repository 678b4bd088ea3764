"""MIDI files as they are found: broken, cut, wrapped, counted wrongly; each is read as players do, with a remark."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import groovelive as gl
from groovelive.cli import drum, drum_command
from groovelive.errors import GrooveError
from groovelive.grooves.groove import Groove
from groovelive.midi_files.reader import grooves_to_midi, read
from groovelive.saving import save
from groovelive.synthesis import kits
from tests.midi_files.test_reader import BAR, HAT, KICK, PPQ, SNARE, STEP, metre, midi, places, raw_midi, track

CASES = Path(__file__).with_name("cases")
BASE = Groove.from_notes(
    [(16 * bar + step, voice, velocity / 127)
     for bar in range(2)
     for voice, velocity, steps in (("kick", 100, (0, 8)), ("snare", 90, (4, 12)), ("closed_hat", 70, range(0, 16, 2)))
     for step in steps],
    steps=32,
)  # fmt: skip
# What is said of each: "" where nothing was left out or mended.
READ_AS_BASE = {
    "m01-key-signature-mode-255": "a broken key signature left out",
    "m02-key-signature-empty": "a broken key signature left out",
    "m05b-tempo-empty": "a broken tempo left out",
    "m06-smpte-offset-short": "a broken SMPTE offset left out",
    "m07-port-and-prefix-empty": "a broken port left out; a broken channel prefix left out",
    "m08-riff-rmid": "",
    "m09-header-says-3-has-2": "its header counts 3 tracks, and it has 2 tracks",
    "m10-header-says-1-has-2": "its header counts 1 track, and it has 2 tracks",
    "m11-alien-chunk-between": "a chunk 'XFIH' left out",
    "m11c-alien-chunk-first": "a chunk 'XFKM' left out",
    "m12-track-length-too-long-last": "track 2 is of another length than it says",
    "m33-name-fr": "",
    "m33-name-en1": "",
    "m40b-percussive-organ-low": "",
    "m46-conflicting-signatures": "another track's 3/4 at beat 0 left out: the first track's metres count",
    "m54-tempo-0": "a broken tempo left out",
    "m64-last-bytes-missing": "track 1 is cut off at its end",
}
NO_TEMPO = ("m05b-tempo-empty", "m54-tempo-0")


def case(name: str) -> Path:
    (path,) = CASES.glob(f"{name}.*")
    return path


@pytest.mark.parametrize("name", READ_AS_BASE)
def test_a_file_that_players_play_is_read(name: str) -> None:
    performance = read(case(name))
    assert performance.groove == BASE
    assert performance.tempo_map == ((0, 120.0 if name in NO_TEMPO else 100.0),)
    assert "; ".join(performance.report.remarks) == READ_AS_BASE[name]
    assert READ_AS_BASE[name] in str(performance.report)


def test_running_status_goes_on_after_sysex() -> None:
    assert places(read(case("m15-running-status-after-sysex")).groove) == [
        (0, "kick", 0.0), (4, "snare", 0.0), (8, "kick", 0.0), (12, "snare", 0.0),
    ]  # fmt: skip


def test_every_word_that_plays_a_file_says_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(case("m28-last-bar-only-downbeat"))
    said = "the final downbeat left out (1 note alone in the last bar)"
    for words in (gl.play, gl.groove):
        assert words(path).steps == 48
        assert capsys.readouterr().err == f"groovelive: {path}: {said}\n"
    assert drum.listen(path).remarks == (f"{path}: {said}",)
    gl.play(str(case("m08-riff-rmid")))
    assert capsys.readouterr().err == ""


def test_a_file_is_read_as_a_performer_says(capsys: pytest.CaptureFixture[str]) -> None:
    drums, organ = str(case("m40b-percussive-organ-low")), str(case("m33-name-fr"))
    assert gl.play(drums).notes == gl.play(Groove.of(BASE)).notes
    assert gl.play(drums, track="organ").notes != gl.play(drums).notes
    assert (
        "no drums found, so track 3 'Percussive Organ' channel 3 is read as a rhythm alone" in capsys.readouterr().err
    )
    assert gl.groove(organ, part="tap").notes == gl.groove(BASE.tap()).notes
    swapped = {"kick": 38, "snare": 36, "closed_hat": 42}
    assert gl.play(organ, kit=swapped, channel=1).notes == gl.play(read(organ, kit=swapped).groove).notes
    for words in (gl.play, gl.groove):
        with pytest.raises(GrooveError, match="track= is for a MIDI file, and this is none"):
            words("x..x", track=1)
        with pytest.raises(GrooveError, match="7/8 is not there yet"):
            words(organ, metre="7/8")


def test_the_shell_reads_a_file_as_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    waltz = tmp_path / "waltz.mid"
    waltz.write_bytes(midi(track([(0, KICK), (BAR, SNARE), (BAR + STEP, HAT)], channel=1, meta=[metre(0, 3, 4)])))
    options = ["--metre", "4/4", "--part", "drums", "--channel", "1"]
    assert drum_command.main(["waltz.mid", *options, "--role", "complete", "-q", "-o", "out.mid"]) == 0
    assert {(0, "kick"), (16, "snare")} <= {(note.step, note.name) for note in Groove.of("out.mid")}
    with pytest.raises(GrooveError, match=r"waltz.mid is in 3/4; .* \(in a shell --metre 4/4\)"):
        drum_command.main(["waltz.mid", "-q"])
    with pytest.raises(GrooveError, match="--metre is of a MIDI file that is read, and none is"):
        drum_command.main(["x..x", "--metre", "4/4", "-q"])
    capsys.readouterr()


# Drums that nobody called so


def named(name: str, hits: list[tuple[int, int]], channel: int = 1) -> bytes:
    return midi(track([], meta=[]), track(hits, channel=channel, name=name))


def beat(bars: int = 2) -> list[tuple[int, int]]:
    hits = [(step * STEP, HAT) for step in range(0, 16 * bars, 2)]
    hits += [(step * STEP, KICK) for step in range(0, 16 * bars, 8)]
    return hits + [(step * STEP, SNARE) for step in range(4, 16 * bars, 8)]


@pytest.mark.parametrize("name", ["", "Spur 1", "Untitled", "kjx", "Track 2"])
def test_what_is_played_like_drums_is_drums(name: str) -> None:
    performance = read(named(name, beat()))
    assert {note.name for note in performance.groove} == {"kick", "snare", "closed_hat"}
    assert performance.instrument == "drums"


def test_a_melody_in_a_track_named_so_is_no_drums() -> None:
    performance = read(named("Beat", [(0, 72), (STEP, 74), (BAR + STEP, 76)]))
    assert performance.report.drums == () and places(performance.groove)[0] == (0, "closed_hat", 0.0)
    assert read(named("Bateri\u0301a", beat())).report.drums == ("track 2 'Bater\xeda' channel 1",)


def test_lines_and_chords_are_no_drums() -> None:
    line = [(step * STEP, pitch) for step, pitch in enumerate([36, 38, 40, 42, 44, 46, 38, 36] * 4)]  # a bass
    chords = [(bar * BAR, pitch) for bar in range(4) for pitch in (36, 40, 42, 46)]
    wide = [*beat(), (0, 90)]
    for hits in (line, chords, wide):
        performance = read(named("Track 1", hits))
        assert performance.report.drums == ()
        assert "no drums found, so track 2 'Track 1' channel 1 is read as a rhythm alone" in str(performance.report)


def test_what_is_played_like_drums_beside_real_drums_is_none() -> None:
    data = midi(track([(0, KICK)]), track(beat(), channel=2, name="Perc Bells"), track(beat(), channel=3))
    assert read(data).report.drums == ("track 1 channel 10",)
    congas = midi(track([(0, KICK)]), track([(STEP, 43)], channel=11, name="Percussion"))
    assert read(congas).report.drums == ("track 1 channel 10", "track 2 'Percussion' channel 11")


# Wrong lengths and bytes


def chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    return kind + (len(body) if length is None else length).to_bytes(4, "big") + body


HEADER = b"MThd" + bytes([0, 0, 0, 6, 0, 1, 0, 2]) + PPQ.to_bytes(2, "big")
FIRST = b"\x00\xff\x51\x03\x09\x27\xc0\x00\xff\x2f\x00"
DRUMS = b"\x00\x99\x24\x64\x83\x60\x26\x5a\x00\x2a\x50\x83\x60\x24\x64\x00\xff\x2f\x00"  # with running status
EXPECTED = [(0, "kick", 0.0), (4, "snare", 0.0), (4, "closed_hat", 0.0), (8, "kick", 0.0)]


@pytest.mark.parametrize("first", [None, 0, 1, 5, len(FIRST) - 1, len(FIRST) + 3, len(FIRST) + 8 + len(DRUMS), 2**31])
@pytest.mark.parametrize("last", [None, 0, 4, len(DRUMS) - 2, len(DRUMS) + 5, 2**32 - 1])
def test_lengths_that_lie(first: int | None, last: int | None) -> None:
    performance = read(HEADER + chunk(b"MTrk", FIRST, first) + chunk(b"MTrk", DRUMS, last))
    assert places(performance.groove) == EXPECTED
    assert performance.tempo == 100
    assert bool(performance.report.mended) == (first is not None or last is not None)


@pytest.mark.parametrize(
    "data",
    [
        HEADER + chunk(b"XFIH", b"x" * 9) + chunk(b"MTrk", FIRST) + chunk(b"MTrk", DRUMS),
        HEADER + chunk(b"MTrk", FIRST) + chunk(b"XFIH", b"x" * 9, 2**30) + chunk(b"MTrk", DRUMS),
        HEADER + chunk(b"MTrk", FIRST) + chunk(b"MTrk", DRUMS) + b"\xff\x00tail",
        HEADER + chunk(b"MTrk", FIRST) + b"\x01\x02\x03" + chunk(b"MTrk", DRUMS),
        HEADER[:4] + b"\0\0\0\x0a" + HEADER[8:] + b"more" + chunk(b"MTrk", FIRST) + chunk(b"MTrk", DRUMS),
        b"\0" * 128 + HEADER + chunk(b"MTrk", FIRST) + chunk(b"MTrk", DRUMS),
        HEADER + chunk(b"MTrk", FIRST) + chunk(b"MTrk", DRUMS[:-4] + b"\x05"),
        HEADER + chunk(b"MTrk", FIRST) + chunk(b"MTrk", b"\x00\x24\x64" + DRUMS),
        HEADER + chunk(b"MTrk", FIRST) + chunk(b"MTrk", b"\x00\xf8\x00\xf1\x03\x00\xf0\x03abc" + DRUMS),
        HEADER + chunk(b"MTrk", FIRST) + chunk(b"MTrk", DRUMS[:4] + b"\x00\xff\x01\x02hi" + DRUMS[4:]),
        b"RIFF\0\0\0\0RMID" + b"DISP\x03\0\0\0abc\0" + b"data\xff\xff\0\0" + HEADER + chunk(b"MTrk", FIRST)
        + chunk(b"MTrk", DRUMS),
    ],
)  # fmt: skip
def test_what_lies_between_the_tracks_and_in_them(data: bytes) -> None:
    assert places(read(data).groove) == EXPECTED
    assert read(data).tempo == 100


@pytest.mark.parametrize("source", ["base", "m15-running-status-after-sysex", "m08-riff-rmid", "m66-tempo-160-80-40"])
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_file_is_read_or_refused_in_one_sentence(source: str, seed: int) -> None:
    chance = random.Random(f"{source} {seed}")
    good = grooves_to_midi(BASE, ppq=480) if source == "base" else case(source).read_bytes()
    for _ in range(120):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(data) or 1)
            match chance.randrange(4):
                case 0:
                    data[place : place + 1] = bytes([chance.randrange(256)])
                case 1:
                    data[place:place] = chance.randbytes(chance.randint(1, 9))
                case 2:
                    del data[place : place + chance.randint(1, 9)]
                case _:
                    del data[chance.randrange(len(data) // 2, len(data) + 1) :]
        try:
            performance = read(bytes(data))
        except GrooveError as error:
            assert "\n" not in str(error) and len(str(error)) < 2000
        else:
            assert len(performance.groove) > 0
            assert "\n" not in str(performance.report) and performance.tempo <= 10_000


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x99\x24\x64" + b"\x00\x24\x64" * 70_000,  # notes without end
        b"\x00\xff\x58\x02\x04\x02" * 40_000 + b"\x00\x99\x24\x64",
        b"\x01\xff\x58\x02\x03\x02\x01\xff\x51\x03\x09\x27\xc0" * 20_000 + b"\x00\x99\x24\x64",
        b"\x00" * 300_000,
        b"\xff" * 300_000,
    ],
    ids=["notes", "metres", "tempos", "zeros", "ones"],
)
def test_a_huge_file_is_read_as_far_as_that_goes(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groovelive.midi_files.chunks.MAX_EVENTS", 60_000)
    try:
        performance = read(raw_midi(body))
    except GrooveError as error:
        assert len(str(error)) < 2000
    else:
        assert performance.report.notes <= 60_000
        assert "has more events than are read of a file" in str(performance.report) or len(performance.groove) == 1


def test_many_tracks() -> None:
    data = HEADER + chunk(b"MTrk", b"\x00\x90\x24\x64\x00\xff\x2f\x00") * 5_000
    performance = read(data, track=7)
    assert len(performance.groove) == 1 and len(performance.report.ignored) == 4_999
    with pytest.raises(GrooveError, match="has no notes on track 'x'") as error:
        read(data, track="x")
    assert len(str(error.value)) < 3000


# Tempos


def test_the_sound_has_the_tempos_of_the_file(tmp_path: Path) -> None:
    performance = read(case("m66-tempo-160-80-40"))
    assert performance.tempo_map == ((0, 160), (4, 80), (8, 40))
    times = [seconds for seconds, note in kits.timed(performance.groove, tempo=performance.tempo_map)]
    assert times[0] == 0 and max(times) == pytest.approx(1.5 + 3 + 12 - 0.75)
    pytest.importorskip("nanosynth")
    save([("", performance.groove)], [tmp_path / "x.wav"], tempo=performance.tempo_map)
    seconds = (tmp_path / "x.wav").stat().st_size / kits.BYTES_PER_FRAME / 48000
    assert seconds == pytest.approx(16.5 + 2.0, abs=0.1)  # and 2 s in which cymbals ring
