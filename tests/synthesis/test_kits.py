"""The kit: what is sent for a note, and whether what sounds is on time, in balance and alive to velocity."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from groovelive.errors import GrooveError
from groovelive.grooves.groove import VOICES, Groove, Note
from groovelive.synthesis import kits as sound
from groovelive.synthesis.kits import DrumKit, kits, render, render_kits, score, timed
from tests.support.paths import QUARK as SOURCES

RATE = 48000
EVERY_KIT = pytest.mark.parametrize("kit", kits())
Audio = NDArray[np.float64]


def read(path: Path) -> Audio:
    """Return the samples of a 24-bit stereo file, (frames, 2), full scale at 1."""
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getnchannels()) == (3, 2)
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3)
    padded = np.zeros((len(data), 4), np.uint8)
    padded[:, 1:] = data
    return padded.view("<i4").reshape(-1, 2) / 2.0**31


def dry(kit: str) -> DrumKit:
    return DrumKit(kit, room=0)


def one(voice: int | str, velocity: float = 0.8, offset: float = 0.0, bars: int = 1) -> Groove:
    return Groove.from_notes([(0, voice, velocity, offset)], steps=16 * bars)


def level(audio: Audio) -> float:
    """RMS in dB."""
    return float(10 * np.log10((audio**2).mean() + 1e-20))


def centroid(audio: Audio) -> float:
    power = np.abs(np.fft.rfft(audio.sum(axis=1))) ** 2
    return float((power * np.fft.rfftfreq(len(audio), 1 / RATE)).sum() / power.sum())


def thirds(audio: Audio) -> NDArray[np.float64]:
    """Energy in dB of the bands of a third of an octave from 40 Hz to 16 kHz."""
    power = np.abs(np.fft.rfft(audio.sum(axis=1))) ** 2
    edges = 40 * 2 ** (np.arange(27) / 3) * len(audio) / RATE
    return np.array([10 * np.log10(power[int(a) : int(b) + 1].sum()) for a, b in itertools.pairwise(edges)])


# What is sent


def test_every_voice_of_every_kit_is_shipped() -> None:
    assert {"acoustic", "electronic"} <= set(kits())
    for kit in kits():
        sent = [message[1] for message in DrumKit(kit).setup() if message[0] == "/d_recv"]
        assert len(sent) == len(VOICES) + 2
        names = [f"gl_{kit}_{voice}" for voice in VOICES] + ["gl_master", "gl_seed"]
        for name, definition in zip(names, sent, strict=True):
            assert isinstance(definition, bytes) and definition.startswith(b"SCgf")
            assert name.encode() in definition
            assert len(definition) < 9000  # a datagram on macOS holds 9216 bytes


def test_setup_makes_the_groups_before_it_puts_the_master_after_them() -> None:
    kit = DrumKit(group=4000, bus=60, out=2)
    seed, first, second, master = kit.setup(target=1, seed=5)[-4:]
    assert seed == ("/s_new", "gl_seed", -1, 0, 1, "seed", 5)
    assert first == ("/g_new", 4000, 1, 1)
    assert second == ("/g_new", 4001, 1, 4000)
    assert master == ("/s_new", "gl_master", 4002, 3, 4000, "in", 60, "out", 2, "room", 0.15)


def test_only_the_closed_hat_chokes_and_only_open_hats_are_choked() -> None:
    kit = DrumKit()
    for voice, name in enumerate(VOICES):
        *before, strike = kit.strike(voice, 0.7)
        assert strike[:2] == ("/s_new", f"gl_acoustic_{name}")
        assert strike[4] == (kit.open_hats if name == "open_hat" else kit.group)
        assert before == ([("/n_set", kit.open_hats, "t_choke", 1)] if name == "closed_hat" else [])


def test_times_come_from_the_grid_and_grooves_follow_each_other() -> None:
    first = Groove.from_notes([(0, "kick", 0.9, -0.25), (5, "snare", 0.5, 0.5)], steps=32)
    times = [seconds for seconds, _ in timed([first, first], tempo=150)]
    assert times == pytest.approx([0.0, 0.55, 3.2 - 0.025, 3.75])


def test_score_is_in_time_order() -> None:
    events = score([(2.0, Note(0, 0, 1.0, 0.0)), (1.0, Note(0, 1, 1.0, 0.0))], DrumKit())
    assert [seconds for seconds, _ in events] == [1.0, 2.0]


# Refusals


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"tempo": 0}, "tempo must be a number from 10 to 999, not 0"),
        ({"tempo": float("nan")}, "tempo must be a number from 10 to 999, not nan"),
        ({"tempo": "fast"}, "tempo must be a number from 10 to 999, not 'fast'"),
        ({"sample_rate": 7}, "sample_rate must be a number from 8000 to 192000, not 7"),
        ({"sample_rate": 44100.5}, "sample_rate must be a whole number of Hz, not 44100.5"),
        ({"tail": -1}, "tail must be a number from 0 to 60, not -1"),
        ({"kit": "acustic"}, "unknown kit 'acustic' (did you mean 'acoustic'?)"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict[str, float], sentence: str) -> None:
    with pytest.raises(GrooveError) as error:
        render(one("kick"), tmp_path / "x.wav", **arguments)  # type: ignore[arg-type]
    assert sentence in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("music", [[], [one("kick"), "bd sn"]])
def test_music_must_be_grooves(tmp_path: Path, music: list[Groove]) -> None:
    with pytest.raises(GrooveError, match="expected a Groove"):
        render(music, tmp_path / "x.wav")


def test_the_name_must_be_a_wav(tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match=r"must end in \.wav, not 'x\.mp3'"):
        render(one("kick"), tmp_path / "x.mp3")


def test_without_the_embedded_synth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(GrooveError, match="-m pip install nanosynth"):
        render(one("kick"), tmp_path / "x.wav")


def test_import_is_light() -> None:
    heavy = "import sys, groovelive.synthesis.kits; print({'nanosynth', 'onnxruntime', 'torch'} & set(sys.modules))"
    root = {**os.environ, "PYTHONPATH": str(SOURCES.parent)}
    run = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, env=root)
    assert run.stdout == "set()\n"


# From here on a file is written


@pytest.mark.synth
class TestRefusalsOfTheFile:
    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(GrooveError, match=r"cannot write .*: there is no folder"):
            render(one("kick"), tmp_path / "nowhere" / "x.wav")

    def test_a_folder_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "x.wav").mkdir()
        with pytest.raises(GrooveError, match="it is a folder"):
            render(one("kick"), tmp_path / "x.wav")
        assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]

    def test_too_long_for_the_format(self, tmp_path: Path) -> None:
        with pytest.raises(GrooveError, match=r"13\.3 hours do not fit into a WAV file"):
            render([Groove.empty(bars=2000)], tmp_path / "x.wav", tempo=10)
        assert not list(tmp_path.iterdir())

    def test_a_failing_synth_leaves_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "x.wav").write_bytes(b"old")
        monkeypatch.setattr(DrumKit, "setup", lambda self, seed: [({"not": "an address"},)])
        with pytest.raises(GrooveError, match=r"the embedded synth failed: .*address must be int or str"):
            render(one("kick"), tmp_path / "x.wav")
        assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]
        assert (tmp_path / "x.wav").read_bytes() == b"old"

    def test_a_short_file_is_not_passed_off_as_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sound, "_scsynth", lambda events, path, rate: path.write_bytes(b"RIFF"))
        with pytest.raises(GrooveError, match="too short"):
            render(one("kick"), tmp_path / "x.wav")
        assert not list(tmp_path.iterdir())


@pytest.mark.synth
def test_the_file_has_the_length_of_the_music_and_is_the_same_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    groove = Groove.from_notes([(0, "crash"), (4, "snare"), (8, "closed_hat")], steps=32)
    first = render([groove, groove], tmp_path / "a.wav", tempo=120, tail=0.5, sample_rate=44100)
    second = render([groove, groove], str(tmp_path / "b.wav"), tempo=120, tail=0.5, sample_rate=44100)
    assert (first, second) == (tmp_path / "a.wav", tmp_path / "b.wav")
    with wave.open(str(first)) as file:
        assert file.getframerate() == 44100
        # the engine closes the score one block or so after its last event
        assert 8.5 <= file.getnframes() / 44100 < 8.52
    assert first.read_bytes() == second.read_bytes()
    assert capfd.readouterr() == ("", "")


@pytest.mark.synth
@EVERY_KIT
def test_every_voice_starts_within_a_sample_of_its_place(tmp_path: Path, kit: str) -> None:
    tempo, offsets = 127, (-0.31, 0.07, 0.443)
    song = [one(voice, 0.9, offset, bars=4) for voice in VOICES for offset in offsets]
    song.insert(0, Groove.empty(bars=1))
    mono = np.abs(read(render(song, tmp_path / "x.wav", kit=dry(kit), tempo=tempo))).max(axis=1)
    expected = [seconds * RATE for seconds, _ in timed(song, tempo=tempo)]
    assert len(expected) == len(VOICES) * len(offsets)
    for place, voice in zip(expected, np.repeat(VOICES, len(offsets)), strict=True):
        start = int(place) - 1000
        onset = start + int(np.argmax(mono[start:] > 2e-4))
        assert abs(onset - place) <= 1, f"{voice} starts {onset - place:+.2f} samples off"


@pytest.mark.synth
@EVERY_KIT
def test_a_harder_stroke_is_louder_brighter_and_longer(tmp_path: Path, kit: str) -> None:
    velocities, strokes = (0.25, 0.6, 1.0), 3
    song = [one(voice, v, bars=2) for voice in VOICES for v in velocities for _ in range(strokes)]
    audio = read(render(song, tmp_path / "x.wav", kit=dry(kit), tempo=120, tail=0))[: len(song) * 4 * RATE]
    voices = audio.reshape(len(VOICES), len(velocities), strokes, 4 * RATE, 2)
    for voice, parts in zip(VOICES, voices, strict=True):
        loud = [np.mean([level(stroke) for stroke in part]) for part in parts]
        bright = [np.mean([centroid(stroke[: RATE // 2]) for stroke in part]) for part in parts]
        heard = [(np.abs(part) > 1e-3 * np.abs(part).max()).any(axis=(0, 2)) for part in parts]
        sounding = [frames.nonzero()[0].max() for frames in heard]
        assert loud[0] + 6 < loud[1] and loud[1] + 3 < loud[2], (voice, loud)
        assert bright[0] * 1.05 < bright[1] and bright[1] * 1.05 < bright[2], (voice, bright)
        assert sounding[0] < sounding[1] < sounding[2], (voice, sounding)


@pytest.mark.synth
@EVERY_KIT
def test_a_closed_hat_chokes_the_open_one_but_not_its_own_stroke(tmp_path: Path, kit: str) -> None:
    hat = (0, "open_hat", 0.9, 0.0)
    together = (0, "closed_hat", 0.3, 0.1)  # 12 ms later on the same step: one stroke
    next_hat = (2, "closed_hat", 0.3, 0.0)  # at 250 ms
    bars = [[hat], [hat, next_hat], [hat, (2, "snare", 0.1, 0.0)], [hat, together], [hat, together, next_hat]]
    song = [Groove.from_notes(notes, steps=32) for notes in bars]
    audio = read(render(song, tmp_path / "x.wav", kit=dry(kit), tempo=120, tail=0))[: len(bars) * 4 * RATE]
    ringing, choked, beside, same, later = (
        level(bar[int(0.4 * RATE) : int(0.5 * RATE)]) for bar in audio.reshape(len(bars), 4 * RATE, 2)
    )
    assert choked < ringing - 20
    assert beside > ringing - 1
    assert same > ringing - 1
    assert later < ringing - 20


# voice: centroid in Hz, seconds to fall by 60 dB (10 ms windows), peak in dB
REGISTERS = {
    "acoustic": {
        "kick": ((60, 250), (0.3, 0.6), (-8, -3)),
        "snare": ((2500, 6500), (0.15, 0.4), (-8, -3)),
        "closed_hat": ((7000, 11000), (0.06, 0.16), (-12, -3)),
        "open_hat": ((6000, 10000), (0.4, 1.0), (-14, -5)),
        "low_tom": ((80, 200), (0.5, 1.1), (-9, -4)),
        "mid_tom": ((120, 280), (0.4, 0.9), (-9, -4)),
        "high_tom": ((160, 400), (0.3, 0.8), (-9, -4)),
        "crash": ((5000, 10000), (1.8, 4.0), (-10, -3)),
        "ride": ((3500, 7000), (1.2, 3.0), (-13, -3)),
    },
    "electronic": {
        "kick": ((50, 120), (0.5, 0.9), (-8, -3)),
        "snare": ((3000, 8000), (0.15, 0.4), (-8, -3)),
        "closed_hat": ((7500, 11000), (0.06, 0.16), (-9, -2)),
        "open_hat": ((7000, 10000), (0.4, 1.0), (-10, -3)),
        "low_tom": ((85, 160), (0.5, 1.0), (-9, -4)),
        "mid_tom": ((130, 230), (0.4, 0.8), (-9, -4)),
        "high_tom": ((190, 330), (0.3, 0.6), (-9, -4)),
        "crash": ((6500, 11000), (1.5, 3.0), (-9, -2)),
        "ride": ((5000, 9000), (1.2, 2.2), (-11, -4)),
    },
}


@pytest.mark.synth
@EVERY_KIT
def test_the_kit_is_in_balance_and_each_voice_in_its_register(tmp_path: Path, kit: str) -> None:
    """Registers, lengths and levels as of a close-miked kit; a change of the sounds has to stay inside."""
    wanted = REGISTERS[kit]
    song = [one(voice, 1.0, bars=3) for voice in wanted]
    voices = read(render(song, tmp_path / "x.wav", kit=dry(kit), tempo=120, tail=0))[: len(song) * 6 * RATE]
    for (voice, (register, length, peak)), audio in zip(
        wanted.items(), voices.reshape(len(song), 6 * RATE, 2), strict=True
    ):
        power = (audio.reshape(-1, 480, 2) ** 2).mean(axis=(1, 2))
        seconds = int((power > power.max() / 1e6).nonzero()[0].max()) * 0.01
        assert register[0] < centroid(audio) < register[1], (voice, centroid(audio))
        assert length[0] < seconds < length[1], (voice, seconds)
        assert peak[0] < 20 * np.log10(np.abs(audio).max()) < peak[1], (voice, np.abs(audio).max())
        assert np.abs(audio[-RATE // 10 :]).max() == 0, f"{voice} does not end"
        assert np.abs(audio.mean(axis=0)).max() < 2e-5, f"{voice} has an offset"


@pytest.mark.synth
def test_kits_are_as_loud_as_each_other_and_differ_in_sound(tmp_path: Path) -> None:
    """Changing the kit changes neither the mix nor a rhythm's accents; but it is another kit."""
    velocities = (0.3, 0.6, 1.0)
    song = [one(voice, velocity) for voice in VOICES for velocity in velocities]
    kinds = []
    for kit in ("acoustic", "electronic"):
        audio = read(render(song, tmp_path / f"{kit}.wav", kit=dry(kit), tempo=120, tail=0))
        kinds.append(audio[: len(song) * 2 * RATE].reshape(len(VOICES), len(velocities), 2 * RATE, 2))
    for voice, acoustic, electronic in zip(VOICES, *kinds, strict=True):
        for first, second in zip(acoustic, electronic, strict=True):
            assert abs(level(first) - level(second)) < 4, (voice, level(first), level(second))
            assert abs(np.abs(first).max() / np.abs(second).max() - 1) < 0.6, voice
        apart = np.abs(thirds(acoustic[2]) - thirds(electronic[2]))
        assert np.median(apart) > 1.8, (voice, apart)


@pytest.mark.synth
@EVERY_KIT
def test_voices_are_told_apart_by_their_spectra(tmp_path: Path, kit: str) -> None:
    song = [one(voice, 0.8) for voice in VOICES]
    audio = read(render(song, tmp_path / "x.wav", kit=dry(kit), tempo=120, tail=0))[: len(song) * 2 * RATE]
    found = dict(zip(VOICES, map(centroid, audio.reshape(len(song), 2 * RATE, 2)), strict=True))
    assert found["low_tom"] * 1.25 < found["mid_tom"] < found["high_tom"] / 1.25, found
    assert found["kick"] * 1.25 < found["mid_tom"], found
    assert found["high_tom"] * 5 < found["snare"] < found["closed_hat"] * 0.8, found
    assert found["ride"] < found["open_hat"], found


@pytest.mark.synth
def test_two_kits_in_one_file(tmp_path: Path) -> None:
    """Each has its own hats, and one master keeps the sum below full scale."""
    open_hat, closed = Note(0, 3, 0.9, 0.0), Note(0, 2, 0.3, 0.0)

    def heard(**parts: list[tuple[float, Note]]) -> Audio:
        named: dict[str | DrumKit, list[tuple[float, Note]]] = {
            DrumKit(name, room=0): notes for name, notes in parts.items()
        }
        return read(render_kits(named, tmp_path / "x.wav", 1.0, tail=0))

    alone = heard(acoustic=[(0.1, open_hat)])
    closed_by_its_own = heard(acoustic=[(0.1, open_hat), (0.3, closed)])
    beside = heard(acoustic=[(0.1, open_hat)], electronic=[(0.3, closed)])
    late = slice(int(0.5 * RATE), int(0.6 * RATE))
    assert level(closed_by_its_own[late]) < level(alone[late]) - 20
    assert abs(level(beside[late]) - level(alone[late])) < 1
    full = [(0.1, Note(0, voice, 1.0, 0.0)) for voice in range(9)]
    loud = heard(acoustic=full, electronic=full)
    assert 0.9 < np.abs(loud).max() <= 10 ** (-0.3 / 20)


@pytest.mark.synth
@EVERY_KIT
@pytest.mark.parametrize("every", [1, 16])
def test_all_voices_at_once_at_full_velocity_do_not_clip(tmp_path: Path, kit: str, every: int) -> None:
    hits = np.zeros((16, len(VOICES)))
    hits[::every] = 1
    audio = read(render(Groove(hits, hits), tmp_path / "x.wav", kit=kit, tempo=180))
    assert np.isfinite(audio).all()
    assert 0.5 < np.abs(audio).max() <= 10 ** (-0.3 / 20)
    assert np.abs(audio.mean(axis=0)).max() < 0.005
    assert abs(level(audio[:, :1]) - level(audio[:, 1:])) < 2  # left and right


@pytest.mark.supercollider
def test_the_shipped_kit_is_what_its_sources_compile_to(tmp_path: Path) -> None:
    headless = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    run = subprocess.run(
        ["sclang", str(SOURCES / "compile.scd"), str(tmp_path)],
        env={**os.environ, **headless}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    compiled = {path.name: path.read_bytes() for path in tmp_path.glob("*.scsyndef")}
    shipped = {path.name: path.read_bytes() for path in sound.FOLDER.glob("*.scsyndef")}
    assert compiled.keys() == shipped.keys()
    stale = [name for name in shipped if shipped[name] != compiled[name]]
    assert not stale, "run `sclang supercollider/compile.scd`"
