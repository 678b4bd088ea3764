"""The command line: its main job, its help, and one sentence for everything that can be wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest

import groovelive as gl
from groovelive.cli import drum as drumming
from groovelive.cli import main as cli
from groovelive.cli.drum import answer, listen
from groovelive.cli.drum_command import EXAMPLES
from groovelive.midi_files import reader as midifile
from groovelive.training import download as fetch

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as done:  # --help and --version
            code = int(done.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def midi_file(path: Path, notes: list[tuple[int, int]], *, channel: int = 0, metre: tuple[int, int] = (4, 4)) -> Path:
    """Write a file of 120 ticks a 16th with `notes`: (tick, pitch)."""
    track = mido.MidiTrack([mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1])])
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(96)))
    now = 0
    for tick, pitch in notes:
        track.append(mido.Message("note_on", note=pitch, velocity=90, channel=channel, time=tick - now))
        track.append(mido.Message("note_off", note=pitch, channel=channel, time=30))
        now = tick + 30
    mido.MidiFile(type=0, ticks_per_beat=480, tracks=[track]).save(path)
    return path


class TestDrum:
    def test_a_typed_rhythm(self, run: Run) -> None:
        code, out, err = run("drum", "x..x..x.", "--genre", "funk", "-o", "beat.mid", "-o", "beat.svg")
        assert (code, err) == (0, "")
        assert "bars 1–2" in out and "kick" in out and "wrote beat.mid" in out
        written = midifile.read("beat.mid")
        expected = gl.load().loops("x..x..x.", 1, genre="funk", instrument="typed", tempo=120)[0]
        assert written.tempo == 120 and np.array_equal(written.groove.hits, expected.hits)
        assert Path("beat.svg").read_text(encoding="utf-8").startswith("<svg")
        assert sorted(os.listdir()) == ["beat.mid", "beat.svg"]

    def test_a_melody_is_followed_with_its_tempo(self, run: Run, tmp_path: Path) -> None:
        melody = midi_file(tmp_path / "bass.mid", [(0, 40), (360, 43), (720, 45), (5 * 1920, 40)])
        code, _, err = run("drum", melody, "-o", "drums.mid", "-q")
        assert code == 0 and "note: " in err and "the final downbeat left out (1 note alone in the last bar)" in err
        written = midifile.read("drums.mid")
        assert written.tempo == pytest.approx(96, abs=0.01)
        assert written.groove.bars == midifile.read(melody).groove.bars >= 5

    def test_drums_are_flattened_to_a_tap(self, run: Run, tmp_path: Path) -> None:
        drums = midi_file(tmp_path / "drums.mid", [(0, 36), (480, 38), (960, 36), (1440, 38)], channel=9)
        assert run("drum", drums, "--mirror", "-o", "again.mid", "-q")[0] == 0
        tap = gl.Groove.from_tap((midifile.read(drums).groove[0] + midifile.read(drums).groove[0]).tap())
        assert np.array_equal(midifile.read("again.mid").groove.hits, gl.load().mirror(tap).hits)

    def test_every_control_reaches_the_drummer(self, run: Run) -> None:
        seen: dict[str, object] = {}
        model = gl.load()

        class Spy:
            genres, presets, player = model.genres, model.presets, None

            def drum(self, tap: gl.Groove, **controls: object) -> gl.Groove:
                seen.update(controls)
                return model.drum(tap)

        grooves = answer(Spy(), gl.parse("x..."), density={"hats": 0.2}, seed=3)  # type: ignore[arg-type]
        assert seen == {"density": {"hats": 0.2}, "seed": 3, "mirror": True} and len(grooves) == 1

        original, gl_model = drumming.answer, sys.modules["groovelive.model"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gl_model, "load", lambda path: Spy())
            preset = next(iter(model.presets))
            code, _, err = run(
                "drum", "x...", "--genre", "funk:.7,jazz:.3", "--density", "kick=.3,hats=.6",
                "--follow", ".5", "--preset", preset, "--redirect", "hats,toms", "--guidance", "2",
                "--temperature", "1.5", "--sampling", "bernoulli", "--max-hits", "4", "--seed", "7",
            )  # fmt: skip
        assert (code, err) == (0, "") and drumming.answer is original
        assert seen == {
            "genre": {"funk": 0.7, "jazz": 0.3}, "density": {"kick": 0.3, "hats": 0.6}, "follow": 0.5,
            "preset": preset, "redirect": ["hats", "toms"], "guidance": 2.0, "temperature": 1.5,
            "sampling": "bernoulli", "max_hits": 4, "seed": 7, "mirror": True,
        }  # fmt: skip

    @pytest.mark.parametrize("bars", [1, 2, 3, 8])
    def test_bars(self, run: Run, bars: int) -> None:
        code, _, _ = run("drum", "x..x", "--bars", str(bars), "-o", "song.mid", "--tempo", "90")
        written = midifile.read("song.mid")
        assert code == 0 and written.groove.bars == bars and written.tempo == pytest.approx(90, abs=0.01)

    def test_the_same_seed_the_same_file(self, run: Run) -> None:
        for name in ("a.mid", "b.mid"):
            run("drum", "x..x..x.", "--sampling", "bernoulli", "--seed", "5", "--bars", "4", "-o", name, "-q")
        run("drum", "x..x..x.", "--sampling", "bernoulli", "--seed", "6", "--bars", "4", "-o", "c.mid", "-q")
        assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() != Path("c.mid").read_bytes()

    def test_quiet(self, run: Run) -> None:
        assert run("drum", "x..x", "-q", "-o", "a.mid") == (0, "wrote a.mid\n", "")

    def test_another_kit_map(self, run: Run) -> None:
        run("drum", "x..x..x.", "-o", "gm.mid", "-q")
        run("drum", "x..x..x.", "-o", "addictive.mid", "-q", "--kit", "addictive")
        assert Path("gm.mid").read_bytes() != Path("addictive.mid").read_bytes()
        assert np.array_equal(
            midifile.read("gm.mid").groove.hits, midifile.read("addictive.mid", kit="addictive").groove.hits
        )

    def test_what_was_left_out_is_told(self, run: Run, tmp_path: Path) -> None:
        drums = midi_file(tmp_path / "drums.mid", [(0, 36), (480, 90), (960, 36)], channel=9)
        code, _, err = run("drum", drums, "-q")
        assert code == 0 and err.startswith("groovelive: note: ") and "pitch 90" in err

    @pytest.mark.synth
    def test_another_sound(self, run: Run) -> None:
        for sound in ("acoustic", "electronic"):
            assert run("drum", "x..x", "-o", f"{sound}.wav", "-q", "--sound", sound)[0] == 0
        first, second = (Path(f"{sound}.wav").read_bytes() for sound in ("acoustic", "electronic"))
        assert len(first) == len(second) and first != second

    @pytest.mark.synth
    def test_sound(self, run: Run) -> None:
        assert run("drum", "x..x", "-o", "a.wav", "-q")[0] == 0
        assert Path("a.wav").read_bytes()[:4] == b"RIFF" and Path("a.wav").stat().st_size > 100_000
        assert os.listdir() == ["a.wav"]

    def test_no_synth(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert_refused(run("drum", "x..x", "-o", "a.wav"), "-m pip install nanosynth")


class TestWalkOfTheMirror:
    def test_a_walk_to_a_genre_arrives(self) -> None:
        model, rhythm = gl.load(), gl.parse("x..x..x.")
        walk = answer(model, rhythm, bars=8, walk="jazz", genre="rock", mirror=True)
        assert [groove.bars for groove in walk] == [1] * 8
        assert walk[0] == model.mirror(rhythm, genre="rock")[0]
        assert walk[-1] == model.mirror(rhythm, genre="jazz")[1]

    def test_a_walk_to_a_preset_arrives(self) -> None:
        model, rhythm = gl.load(), gl.parse("x..x..x.")
        name = list(model.presets)[-1]
        walk = answer(model, rhythm, bars=4, walk=name, mirror=True)
        assert walk[0] == model.mirror(rhythm)[0]
        assert walk[-1] == model.decode(name)[1]

    def test_a_mixture_walks(self) -> None:
        model, rhythm = gl.load(), gl.parse("x..x..x.")
        walk = answer(model, rhythm, bars=3, walk="jazz", genre={"rock": 3.0, "jazz": 1.0}, mirror=True)
        half = {"rock": 0.375, "jazz": 0.625}
        assert walk[1] == model.mirror(rhythm, genre=half)[1] and walk[2] == model.mirror(rhythm, genre="jazz")[0]

    def test_a_walk_to_nowhere(self, run: Run) -> None:
        assert_refused(run("drum", "x..x", "--walk", "jaz", "-o", "a.mid"), "did you mean 'jazz'?")
        preset = next(iter(gl.load().presets))
        assert_refused(run("drum", "x..x", "--walk", preset, "--preset", preset), "leave them out")


def test_a_rest_of_two_bars_is_a_rest() -> None:
    rhythm = gl.parse("x..x..x.") + gl.Groove.empty(bars=2) + gl.parse("x...")
    first, rest, last = answer(gl.load(), rhythm)
    assert len(first) and len(last) and not len(rest)


def test_a_tempo_map_is_kept_in_midi(tmp_path: Path, run: Run) -> None:
    midifile.write(tmp_path / "in.mid", gl.parse("hh*8", bars=4), tempo=[(0, 100), (8, 140)])
    assert run("drum", "in.mid", "-o", "out.mid", "-q")[0] == 0
    assert [round(bpm) for _, bpm in midifile.read("out.mid").tempo_map] == [100, 140]


class TestBadInput:
    @pytest.fixture
    def inputs(self, tmp_path: Path) -> Path:
        (tmp_path / "empty.mid").write_bytes(b"")
        (tmp_path / "text.mid").write_text("this is not MIDI")
        midi_file(tmp_path / "five.mid", [(0, 40), (480, 41)], metre=(5, 8))
        midi_file(tmp_path / "silent.mid", [])
        midi_file(tmp_path / "long.mid", [(0, 40), (10_000 * 1920 - 120, 40)])
        whole = midi_file(tmp_path / "whole.mid", [(tick * 120, 40) for tick in range(32)]).read_bytes()
        (tmp_path / "cut.mid").write_bytes(whole[:24])
        return tmp_path

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("missing.mid", "cannot read missing.mid"),
            ("empty.mid", "empty.mid is empty"),
            ("text.mid", "text.mid is not a MIDI file"),
            ("cut.mid", "cut.mid is damaged, and has no notes that can be read"),
            ("five.mid", "five.mid is in 5/8"),
            ("silent.mid", "silent.mid has no notes"),
            ("long.mid", "1 to 1,000 bars, not 10,000; --bars"),
        ],
    )
    def test_midi_files(self, run: Run, inputs: Path, name: str, sentence: str) -> None:
        before = sorted(os.listdir(inputs))
        assert_refused(run("drum", name, "-o", "out.mid", "-o", "out.svg"), sentence)
        assert sorted(os.listdir(inputs)) == before

    def test_a_part_of_a_long_file_can_be_had(self, run: Run, inputs: Path) -> None:
        assert run("drum", "long.mid", "--bars", "2", "-o", "out.mid", "-q")[0] == 0

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["drum"], "required: rhythm"),
            (["drum", "~"], "has no notes"),
            (["drum", " "], "there is no rhythm"),
            (["drum", "x..x", "--genre", "fnuk"], "did you mean 'funk'?"),
            (["drum", "x..x", "--genre", "fnuk:.5,jazz:.5"], "did you mean 'funk'?"),
            (["drum", "x..x", "--genre", "funk:a"], "funk:.7,jazz:.3"),
            (["drum", "x..x", "--genre", "funk:-1,jazz:2"], "weight of genre funk"),
            (["drum", "x..x", "--genre", "funk:0,jazz:0"], "must not all be 0"),
            (["drum", "x..x", "--genre", "funk:0,jazz:0", "--walk", "jazz"], "must not all be 0"),
            (["drum", "x..x", "--genre", "funk:.5,funk:.5"], "funk:.7,jazz:.3"),
            (["drum", "x..x", "--density", "1.4"], "1.4"),
            (["drum", "x..x", "--density", "nan"], "nan"),
            (["drum", "x..x", "--density", "much"], "a density is a number from 0 to 1"),
            (["drum", "x..x", "--density", "hats=1.4"], "1.4"),
            (["drum", "x..x", "--density", "hat=.4"], "did you mean 'hats'?"),
            (["drum", "x..x", "--redirect", "hat"], "did you mean 'hats'?"),
            (["drum", "x..x", "--follow", "2"], "follow"),
            (["drum", "x..x", "--follow", "nan"], "follow"),
            (["drum", "x..x", "--temperature", "-1"], "temperature"),
            (["drum", "x..x", "--mirror", "--guidance", "nan"], "guidance"),
            (["drum", "x..x", "--max-hits", "-1"], "hits"),
            (["drum", "x..x", "--seed", "-1"], "seed"),
            (["drum", "x..x", "--sampling", "dice"], "threshold"),
            (["drum", "x..x", "--preset", "nothing", "--follow", ".5"], "no preset"),
            (["drum", "x..x", "--preset", "nothing"], "preset"),
            (["drum", "x..x", "--kit", "rolland"], "did you mean 'roland'?"),
            (["drum", "x..x", "--sound", "elektronic"], "did you mean 'electronic'?"),
            (["drum", "x..x", "--bars", "0"], "1 to 1,000 bars, not 0"),
            (["drum", "x..x", "--bars", "10000"], "1 to 1,000 bars, not 10,000"),
            (["drum", "x..x", "--bars", "two"], "--bars"),
            (["drum", "x..x", "--tempo", "0"], "tempo"),
            (["drum", "x..x", "--tempo", "nan"], "tempo"),
            (["drum", "x..x", "--colour"], "--colour"),
            (["drmu", "x..x"], "did you mean 'drum'?"),
        ],
    )
    def test_arguments(self, run: Run, words: list[str], sentence: str) -> None:
        outputs = ["-o", "out.mid", "-o", "out.svg"] if words[0] == "drum" else []
        assert_refused(run(*words, *outputs), sentence)
        assert os.listdir() == []

    @pytest.mark.parametrize("text", ["bd [sn", "bd snn", "bd*"])
    def test_notation_shows_where(self, run: Run, text: str) -> None:
        code, out, err = run("drum", text, "-o", "out.mid")
        first, shown, carets = err.rstrip("\n").split("\n")
        assert (code, out) == (2, "") and first.startswith("groovelive: ") and shown == f"  {text}"
        assert set(carets) == {" ", "^"} and os.listdir() == []

    @pytest.mark.parametrize(
        ("output", "sentence"),
        [
            ("no/such/folder/a.mid", "there is no folder no/such/folder"),
            ("a.mp3", "must end in .mid, .wav or .svg"),
            ("a", "must end in .mid, .wav or .svg"),
            ("folder.mid", "it is a folder"),
            ("./good.mid", "named twice"),
        ],
    )
    def test_outputs(self, run: Run, output: str, sentence: str) -> None:
        Path("folder.mid").mkdir()
        assert_refused(run("drum", "x..x", "-o", "good.mid", "-o", output), sentence)
        assert os.listdir() == ["folder.mid"]

    def test_an_output_that_fails_while_it_is_written_leaves_none(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> str:
            raise OSError(28, "No space left on device")

        Path("a.mid").write_text("mine")
        monkeypatch.setattr("groovelive.saving.svg_song", full)
        assert_refused(run("drum", "x..x", "-o", "a.mid", "-o", "b.svg"), "No space left on device")
        assert os.listdir() == ["a.mid"] and Path("a.mid").read_text() == "mine"

    def test_a_folder_that_is_closed(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        assert_refused(run("drum", "x..x", "-o", "a.mid"), "closed to you")


class TestOtherCommands:
    def test_no_arguments_print_the_help(self, run: Run) -> None:
        code, out, err = run()
        assert (code, err) == (0, "") and out == run("--help")[1]
        assert all(word in out for word in ("drum", "demo", "train", "evaluate", "data", "presets", "genres"))

    def test_the_examples_of_the_help_are_right(self, run: Run, tmp_path: Path) -> None:
        import shlex

        for name in ("bass.mid", "loop.mid", "song.mid", "waltz.mid"):
            midi_file(tmp_path / name, [(0, 40), (360, 43), (960, 40)])
        midi = mido.MidiFile(tmp_path / "song.mid")
        midi.tracks[0].name = "Bass"
        midi.save(tmp_path / "song.mid")
        lines = [line for line in (cli.EXAMPLES + EXAMPLES).splitlines() if "groovelive drum " in line]
        lines = [line for line in lines if "--help" not in line]
        assert len(lines) == 12
        for line in lines:
            words = shlex.split(line.strip().split("   ")[0])
            words = [word.replace(".wav", "2.svg") for word in words[1:]]  # sound is tested elsewhere
            assert run(*words)[0::2] == (0, ""), line

    def test_version(self, run: Run) -> None:
        assert run("--version") == (0, f"groovelive {gl.__version__}\n", "")

    def test_genres_and_presets(self, run: Run) -> None:
        assert run("genres")[1].split() == list(gl.load().genres)
        lines = run("presets")[1].splitlines()
        for line, preset in zip(lines, gl.load().presets.values(), strict=True):
            assert line.startswith(preset.name) and line.endswith(f"  {preset.genre}")

    def test_train_without_torch(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else object())
        assert_refused(run("train", "--data", "x.zip"), "-m pip install torch onnx matplotlib")

    def test_fetch_refuses(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        assert_refused(run("data", "fetch", "--url", "ftp://example.org/a.zip"), "must begin with http")
        monkeypatch.setattr(fetch, "SHA256", "0" * 64)
        Path("a.zip").write_bytes(b"x")
        assert_refused(run("data", "fetch", "--url", "http://127.0.0.1:1/a.zip"), "move it away")

    def test_fetch_says_where_it_is(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        import hashlib

        monkeypatch.setattr(fetch, "SHA256", hashlib.sha256(b"x").hexdigest())
        Path("sets").mkdir()
        Path("sets", "a.zip").write_bytes(b"x")
        code, out, _ = run("data", "fetch", "--to", "sets", "--url", "http://127.0.0.1:1/a.zip")
        assert code == 0 and out.startswith(str(Path("sets", "a.zip")))

    @pytest.mark.parametrize("command", ["evaluate", pytest.param("train", marks=pytest.mark.torch)])
    def test_a_zip_that_is_no_data(self, run: Run, command: str) -> None:
        with zipfile.ZipFile("other.zip", "w") as file:
            file.writestr("readme.txt", "nothing here")
        Path("broken.zip").write_bytes(b"PK not a zip")
        for name, sentence in (
            ("other.zip", "info.csv"),
            ("broken.zip", "zip"),
            ("missing.zip", "missing.zip"),
        ):
            assert_refused(run(command, "--data", name), sentence)
        assert sorted(os.listdir()) == ["broken.zip", "other.zip"]


class TestModelInput:
    @pytest.mark.parametrize(
        "tap",
        [
            np.zeros((31, 3)),
            np.zeros((32, 4)),
            np.zeros(32),
            np.full((32, 3), np.nan),
            np.full((32, 3), 7.0),
            "x..y..",
        ],
    )
    def test_a_tap_that_is_none(self, tap: object) -> None:
        with pytest.raises(gl.GrooveError):
            gl.load().drum(tap)  # type: ignore[arg-type]

    @pytest.mark.parametrize("part", ["drum", "encode", "recall", "manifest.json", "presets.json"])
    def test_a_truncated_model_file(self, run: Run, tmp_path: Path, part: str) -> None:
        model = gl.load()
        folder = tmp_path / "model"
        shutil.copytree(model.folder, folder)
        broken = folder / model.manifest.files.get(part, part)
        broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
        preset = next(iter(model.presets))
        words = ("drum", "x..x", "--model", folder, "--mirror", "--follow", ".5", "--preset", preset, "-o", "a.mid")
        assert_refused(run(*words), broken.name)
        assert os.listdir() == ["model"]

    def test_no_model(self, run: Run) -> None:
        for command in ("genres", "presets"):
            assert_refused(run(command, "--model", "nowhere"), "no manifest.json")


class TestProcess:
    """What only a process of its own can show."""

    @pytest.fixture(autouse=True)
    def this_checkout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", str(Path(gl.__file__).parents[1]))

    def spawn(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "groovelive", *words]
        return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, cwd=cwd)

    def test_import_stays_light(self) -> None:
        code = (
            "import groovelive, sys;"
            "heavy = {'numpy', 'onnxruntime', 'torch', 'mido', 'rich'} & set(sys.modules);"
            "assert not heavy, heavy;"
            "groovelive.Groove; groovelive.parse('x..x'); assert 'onnxruntime' not in sys.modules;"
            "groovelive.load().drum('x..x..x.'); assert 'torch' not in sys.modules"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def test_the_whole_way(self, tmp_path: Path) -> None:
        done = self.spawn("drum", "x..x..x.", "-o", "beat.mid", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "beat.mid").stat().st_size > 100

    def test_a_mistake_is_one_line_and_two(self, tmp_path: Path) -> None:
        done = self.spawn("drum", "x..x..x.", "--genre", "fnuk", "-o", "beat.mid", cwd=tmp_path)
        assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="no signals as on Unix")
    def test_a_closed_pipe_is_quiet(self) -> None:
        command = f'"{sys.executable}" -m groovelive drum "x..x..x." --bars 200 --walk jazz | head -n 1'
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"") and done.stdout.startswith("bars 1–4".encode())

    def test_an_interrupt_is_quiet(self, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(drumming, "listen", interrupt)
        assert run("drum", "x..x", "-o", "a.mid") == (130, "", "") and os.listdir() == []


def test_notation_is_read_as_far_as_it_is_wanted() -> None:
    assert listen("<bd sn>", bars=4).groove.bars == 4


def assert_refused(said: tuple[int, str, str], sentence: str) -> None:
    """Exit code 2, nothing on standard output, one line with `sentence` on standard error."""
    code, out, err = said
    assert code == 2 and out == ""
    assert err.startswith("groovelive: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert sentence in err


def test_commands_of_the_engine_are_told_as_the_engine_tells_them() -> None:
    from groovelive.cli.services import COMMANDS

    assert {name: about for name, (module, _, about) in cli.FORWARDED.items() if module == "cli.services"} == COMMANDS
