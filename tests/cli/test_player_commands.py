"""`groovelive drum` by the player, and `groovelive song`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest

import groovelive as gl
from groovelive.cli import main as cli
from groovelive.cli.drum import answer, listen
from groovelive.midi_files import reader as midifile
from groovelive.saving import joined

Run = Callable[..., tuple[int, str, str]]
KICK, SNARE, HAT = 0, 1, 2


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*words: str | Path) -> tuple[int, str, str]:
        code = cli.main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def melody(path: Path, program: int | None = None, name: str = "", bars: int = 4) -> Path:
    """Write eighths on one pitch."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    if program is not None:
        track.append(mido.Message("program_change", program=program))
    for _ in range(8 * bars):
        track.append(mido.Message("note_on", note=40, velocity=90))
        track.append(mido.Message("note_off", note=40, time=240))
    mido.MidiFile(type=0, ticks_per_beat=480, tracks=[track]).save(path)
    return path


class TestPlayer:
    def test_four_on_the_floor_gets_a_beat_in_rock(self) -> None:
        rhythm = gl.parse("x...x...x...x...")
        hits = [
            joined(answer(gl.load(), rhythm, bars=4, genre="rock", fills=0.0, seed=seed, instrument="typed")).hits
            for seed in range(16)
        ]
        bars = np.concatenate([one.reshape(4, 16, 9) for one in hits])
        assert bars[:, 0, KICK].mean() >= 0.7
        assert bars[:, [4, 12], SNARE].mean() >= 0.7

    def test_sixteen_bars_are_not_eight_equal_loops(self) -> None:
        loops = answer(gl.load(), gl.parse("x..x..x."), bars=16, genre="funk")
        assert len(loops) == 8 and sum(loop == loops[0] for loop in loops) < 3

    def test_loops_in_a_row_are_those_of_the_model(self) -> None:
        model, rhythm = gl.load(), gl.parse("x..x..x.")
        ours = answer(model, rhythm, bars=8, genre="funk", seed=3, tempo=100.0, instrument="typed")
        assert ours == model.loops(rhythm, 4, genre="funk", seed=3, tempo=100.0, instrument="typed")

    def test_the_same_seed_the_same_file(self, run: Run) -> None:
        for name, seed in (("a.mid", 5), ("b.mid", 5), ("c.mid", 6)):
            run("drum", "x..x..x.", "--seed", str(seed), "--bars", "4", "-o", name, "-q")
        assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() != Path("c.mid").read_bytes()

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("adherence", 0.0), ("variation", 2.0), ("complexity", 1.0), ("intensity", 1.0), ("fills", 4.0),
            ("phrase", 2), ("top_k", 2), ("temperature", 0.5), ("hands", False), ("instrument", "bass"),
            ("tempo", 240.0), ("density", 0.9), ("redirect", ["hats"]), ("sampling", "threshold"), ("max_hits", 2),
        ],
    )  # fmt: skip
    def test_every_control_is_heard(self, option: str, value: object) -> None:
        model, rhythm = gl.load(), gl.parse("x..xx.xx")
        told = {"genre": "rock", "instrument": "typed", "bars": 16, "fills": 2.0}
        plain = joined(answer(model, rhythm, **told))  # type: ignore[arg-type]
        assert joined(answer(model, rhythm, **(told | {option: value}))) != plain  # type: ignore[arg-type]

    def test_a_long_rhythm_is_followed_bar_by_bar(self) -> None:
        odd, other = ".x....x..x....x.", "...x.....x...x.."
        drums = joined(answer(gl.load(), gl.parse(odd, bars=4) + gl.parse(other, bars=4), adherence=1.0, genre="rock"))
        strong = drums.hits[:, [KICK, SNARE, 7]].any(1).reshape(2, 4, 16)
        for half, text in zip(strong, (odd, other), strict=True):
            own = np.array([mark == "x" for mark in text])
            assert half[:, own].mean() >= 0.9 > half[:, ~own].mean() + 0.3

    def test_follow_zero_plays_the_preset(self) -> None:
        model, rhythm = gl.load(), gl.parse("xxxxxxxx........")
        name = next(iter(model.presets))
        pattern = model.decode(name).hits > 0

        def likeness(follow: float) -> float:
            told = {"preset": name} if follow < 1 else {}
            loops = answer(model, rhythm, bars=8, follow=follow, **told)  # type: ignore[arg-type]
            hits = [loop.hits > 0 for loop in loops]
            return float(np.mean([(one & pattern).sum() / (one | pattern).sum() for one in hits]))

        assert likeness(0.0) > likeness(1.0) + 0.15

    def test_a_walk_arrives_in_another_genre(self) -> None:
        model, rhythm = gl.load(), gl.parse("x..x..x.")
        rides = []
        for seed in range(5):
            walk = answer(model, rhythm, bars=12, walk="jazz", genre="dance", seed=seed, instrument="typed")
            assert [groove.bars for groove in walk] == [1] * 12
            rides.append([joined(part).hits[:, [2, 3]].mean() for part in (walk[:3], walk[-3:])])
        first, last = np.mean(rides, 0)
        assert first > last + 0.1  # dance keeps time on the hats, jazz less

    def test_drums_are_completed(self, run: Run) -> None:
        code, _, err = run("drum", "bd ~ sn ~", "--role", "complete", "--bars", "4", "-o", "a.mid", "-q")
        hits = midifile.read("a.mid").groove.hits
        given = gl.parse("bd ~ sn ~", bars=4).hits
        assert (code, err) == (0, "")
        np.testing.assert_array_equal(hits[:, [KICK, SNARE]], given[:, [KICK, SNARE]])
        assert hits[:, 2:].sum() > 8

    def test_a_voice_of_another_rhythm_is_kept(self) -> None:
        keep = gl.parse("bd*4")
        loops = answer(gl.load(), gl.parse("x..x..x."), bars=5, keep=keep, locks=["kick"])
        for loop in loops:
            np.testing.assert_array_equal(loop.hits[:, KICK], keep[: loop.bars].hits[:, KICK])

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--guidance", "2"], "--guidance is the mirror's"),
            (["--mirror", "--fills", "2"], "--fills is the player's"),
            (["--mirror", "--instrument", "bass"], "--instrument is the player's"),
            (["--mirror", "--no-hands"], "--no-hands is the player's"),
            (["--instrument", "bas"], "bass"),
            (["--adherence", "2"], "adherence"),
            (["--phrase", "0"], "phrase"),
            (["--role", "complete"], "needs drums to complete"),
            (["--lock", "kick"], "needs drums to keep"),
            (["--keep", "bd"], "--keep needs --lock"),
            (["--lock", "kik", "--keep", "bd"], "kik"),
        ],
    )
    def test_mistakes(self, run: Run, words: list[str], sentence: str) -> None:
        code, out, err = run("drum", "x..x", *words, "-o", "a.mid")
        assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1 and os.listdir() == []


@pytest.mark.parametrize(
    ("program", "name", "instrument"),
    [
        (33, "", "bass"), (27, "", "guitar"), (0, "", "piano"), (None, "Fingered Bass", "bass"), (None, "", "any"),
        (81, "Lead", "any"), (33, "Piano", "bass"), (None, "Bassoon", "any"), (None, "E-Guitar 1", "guitar"),
    ],
)  # fmt: skip
def test_who_plays_is_told_by_the_track(tmp_path: Path, program: int | None, name: str, instrument: str) -> None:
    heard = listen(str(melody(tmp_path / "a.mid", program, name)))
    assert heard.instrument == instrument and not heard.drums


def test_a_bass_is_told_by_its_file(run: Run, tmp_path: Path) -> None:
    melody(tmp_path / "bass.mid", 33)
    for name, words in (("a", []), ("b", ["--instrument", "bass"]), ("c", ["--instrument", "typed"])):
        assert run("drum", "bass.mid", "--genre", "funk", *words, "-o", f"{name}.mid", "-q")[0] == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() != Path("c.mid").read_bytes()


class TestSong:
    def test_a_song(self, run: Run) -> None:
        code, out, err = run(
            "song", "A4 B2 A4", "--tempo", "90", "--section", "A", "genre=funk", "density=kick=.3,hats=.5",
            "--section", "B", "genre=jazz", "intensity=.8", "--count-in", "1", "--ending", "-o", "a.mid", "-o", "a.svg",
        )  # fmt: skip
        assert (code, err) == (0, "")
        assert "count-in1 A4 B2 A4 ending1: 12 bars at 90, 0:32" in out and "bars 2–5" in out and "wrote a.svg" in out
        song = gl.load().song(
            "A4 B2 A4", tempo=90, A={"genre": "funk", "density": {"kick": 0.3, "hats": 0.5}},
            B={"genre": "jazz", "intensity": 0.8}, count_in=1, ending=True,
        )  # fmt: skip
        written = midifile.read("a.mid")
        assert written.tempo == pytest.approx(90, abs=0.01)
        np.testing.assert_array_equal(written.groove.hits, song.groove.hits)

    def test_a_prime_and_a_rhythm_are_heard(self, run: Run) -> None:
        midifile.write("prime.mid", gl.parse("bd*4, hh*8, [~ sn]*2", bars=4))
        for name, words in (("a", []), ("b", ["--prime", "prime.mid"]), ("c", ["--rhythm", "x..x..x."]), ("d", [])):
            assert run("song", "A4", *words, "-o", f"{name}.mid", "-q")[0] == 0
        a, b, c, d = (Path(f"{name}.mid").read_bytes() for name in "abcd")
        assert a == d and a != b and a != c

    def test_a_long_section(self) -> None:
        assert gl.load().song("A258").groove.bars == 258

    def test_a_form_with_a_mistake_shows_where(self, run: Run) -> None:
        code, out, err = run("song", "A8 B8,", "-o", "a.mid")
        assert (code, out) == (2, "") and os.listdir() == []
        assert err.splitlines()[1:] == ["  A8 B8,", "     ^^^"]

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--section", "C", "genre=funk"], "no section 'C'"),
            (["--section", "A", "genr=funk"], "did you mean 'genre'?"),
            (["--section", "A", "genre=fnuk"], "did you mean 'funk'?"),
            (["--section", "A", "funk"], "written as genre=funk"),
            (["--section", "A", "fills=many"], "a number was expected"),
            (["--section", "A", "hands=perhaps"], "yes or no"),
            (["--complexity", "2"], "complexity"),
            (["--tempo", "900"], "tempo"),
            (["--count-in", "-1"], "count_in"),
        ],
    )
    def test_mistakes(self, run: Run, words: list[str], sentence: str) -> None:
        code, out, err = run("song", "A2 B2", *words, "-o", "a.mid")
        assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1 and os.listdir() == []
