"""The shell is safe: an input is never overwritten, a name is never read as a rhythm, no option is ignored."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from groovelive.cli import drum_command, song_command
from groovelive.cli import main as cli
from groovelive.cli.arguments import Parser
from groovelive.grooves.groove import Groove
from groovelive.midi_files.reader import write

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a folder with a song.mid; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    write("song.mid", Groove.parse("bd [~ sn] bd sn"), tempo=96)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def refused(told: tuple[int, str, str], sentence: str) -> None:
    code, out, err = told
    assert (code, out) == (2, "") and sentence in err and err.count("\n") == 1, err


# An output that is an input


@pytest.mark.parametrize("output", ["song.mid", "./song.mid", "FOLDER/song.mid", "link.mid", "hard.mid", "up/song.mid"])
@pytest.mark.parametrize("command", ["drum", "keep", "prime", "rhythm", "section"])
def test_the_song_is_not_overwritten(run: Run, tmp_path: Path, output: str, command: str) -> None:
    (tmp_path / "link.mid").symlink_to("song.mid")
    (tmp_path / "up").symlink_to(tmp_path)
    os.link("song.mid", "hard.mid")
    before = Path("song.mid").read_bytes()
    words = {
        "drum": ["drum", "song.mid"],
        "keep": ["drum", "x..x..x.", "--keep", "song.mid", "--lock", "kick"],
        "prime": ["song", "A2", "--prime", "song.mid"],
        "rhythm": ["song", "A2", "--rhythm", "song.mid"],
        "section": ["song", "A2", "--section", "A", "rhythm=song.mid"],
    }[command]
    refused(run(*words, "-o", output.replace("FOLDER", str(tmp_path))), "it is the file that is read")
    refused(run(*words, "-o", "new.mid", "-o", output.replace("FOLDER", str(tmp_path))), "it is the file that is read")
    assert Path("song.mid").read_bytes() == before and not Path("new.mid").exists()


def test_one_output_by_two_names_is_refused(run: Run, tmp_path: Path) -> None:
    refused(run("drum", "x..x", "-o", "a.mid", "-o", "./a.mid"), "named twice")
    refused(run("drum", "x..x", "-o", "a.mid", "-o", str(tmp_path / "a.mid")), "named twice")


# A name that is none


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("sogn.mid", "did you mean 'song.mid'?"),
        ("song.mdi", "did you mean 'song.mid'?"),
        ("song.midi", "did you mean 'song.mid'?"),
        ("Sonng.MID", "did you mean 'song.mid'?"),
        ("./sogn.mid", "did you mean 'song.mid'?"),
        ("sogn", "did you mean 'song.mid'?"),
        ("nothing like it.wav", ""),
        ("loops/funk", "there is no folder loops"),
        ("~/no such folder/x.mid", "there is no folder"),
        ("beats\\funk", ""),
    ],
)
def test_a_typo_is_no_such_file(run: Run, name: str, near: str) -> None:
    for words in (["drum", name], ["drum", "x..x", "--keep", name, "--lock", "kick"], ["song", "A2", "--prime", name]):
        code, out, err = run(*words)
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert "no such file" in err and near in err


@pytest.mark.parametrize("text", ["bd/2 sn", "x..x..x.", "bd . sn", "hh*8?.3", "bd [sn/.5]", "x-o.o-", "HH|x-x-"])
def test_a_rhythm_is_no_file(run: Run, text: str) -> None:
    assert run("drum", text)[0] == 0


def test_a_file_without_an_ending_is_read(run: Run) -> None:
    shutil.copy("song.mid", "take two")
    assert run("drum", "take two", "--bars", "1")[0] == 0


def test_a_tab_is_answered_as_long_as_it_is(run: Run) -> None:
    code, out, _ = run("drum", "HH|x-x-x-x-|x-x-x-x-|x-x-x-x-|x-x-x-x-|\nSD|--o---o-|--o---o-|--o---o-|--o---oo|")
    assert code == 0 and "bars 1–4" in out


# Options without effect


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["drum", "x..x", "--kit", "roland"], "--kit is the drum map of a MIDI file that is written"),
        (["drum", "x..x", "--kit", "gm", "-o", "a.svg"], "--kit is"),
        (["drum", "x..x", "--sound", "electronic", "-o", "a.mid"], "--sound is what a .wav sounds like"),
        (["drum", "x..x", "--track", "1"], "--track is of a MIDI file that is read"),
        (["drum", "x..x", "--input-kit", "gm"], "--input-kit is of a MIDI file"),
        (["drum", "bd sn", "--keep", "bd ~"], "--keep needs --lock"),
        (["drum", "x..x", "--fills", "0", "--phrase", "4"], "--phrase says where the fills are"),
        (["drum", "x..x", "--preset", "late night"], "follow is below 1"),
        (["drum", "x..x", "--mirror", "--preset", "late night"], "follow is below 1"),
        (["drum", "x..x", "--walk", "jazz", "--bars", "1"], "--walk goes somewhere else"),
        (["drum", "x..x", "--mirror", "--guidance", "2"], "--guidance says how strongly the genre"),
        (["drum", "x..x", "--guidance", "2", "--genre", "funk"], "mirror"),
        (["drum", "x..x", "--mirror", "--seed", "3"], "--seed changes nothing here"),
        (["drum", "x..x", "--mirror", "--seed", "0"], "--seed changes nothing here"),
        (["drum", "x..x", "--mirror", "--temperature", "2"], "--temperature is of what is drawn"),
        (["drum", "x..x", "--mirror", "--tempo", "90"], "--tempo is not asked for by the mirror"),
        (["song", "A2", "--kit", "roland"], "--kit is"),
        (["song", "A2", "--sound", "electronic", "-o", "a.mid"], "--sound is"),
        (["song", "A2", "--phrase", "4", "--fills", "0"], "--phrase says"),
        (["serve", "--engine-only", "--osc-port", "0"], "--osc-port is of the conductor"),
        (["serve", "--broker", "--conductor-bind", "tcp://127.0.0.1:5599"], "--conductor-bind is of the conductor"),
        (["serve", "--engine-only", "--resume"], "--resume goes on with a conductor's session"),
        (["engine", "--server", "moon"], "--server says whose key"),
        (["conductor", "--curve"], "--curve needs the address"),
        (["bench", "engine", "--long"], "--long is of the benchmark of timing"),
        (["bench", "timing", "--abletonosc", "x"], "--abletonosc is of"),
    ],
)
def test_an_option_without_effect_is_refused(run: Run, words: list[str], sentence: str) -> None:
    refused(run(*words), sentence)
    assert os.listdir() == ["song.mid"]


@pytest.mark.parametrize(
    "words",
    [
        ["drum", "x..x", "--mirror", "--seed", "3", "--sampling", "bernoulli", "--temperature", "1.2"],
        ["drum", "x*16?", "--mirror", "--seed", "3"],
        ["drum", "song.mid", "--track", "1", "--input-kit", "gm"],
        ["drum", "bd sn", "--keep", "song.mid", "--lock", "kick", "--input-kit", "gm"],
        ["drum", "x..x", "--mirror", "--tempo", "90", "--kit", "roland", "-o", "a.mid"],
    ],
)
def test_with_what_they_need_options_are_taken(run: Run, words: list[str]) -> None:
    assert run(*words)[0] == 0


# What has an effect wherever its command runs, or is told apart by whose it is, the player's or the mirror's; all
# others say what they need.
ALWAYS = {
    "drum": {
        "rhythm", "output", "quiet", "bars", "tempo", "instrument", "genre", "density", "adherence", "variation",
        "complexity", "intensity", "fills", "follow", "redirect", "temperature", "top_k", "sampling", "max_hits",
        "no_hands", "seed", "model", "role", "lock", "mirror", "guidance",
    },
    "song": {
        "form", "output", "quiet", "tempo", "prime", "count_in", "ending", "seed", "model", "section", "rhythm",
        "instrument", "genre", "density", "redirect", "adherence", "temperature", "variation", "complexity",
        "intensity", "fills", "top_k", "hands",
    },
}  # fmt: skip


@pytest.mark.parametrize("command", ["drum", "song"])
def test_each_option_says_what_it_needs(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsers: list[Parser] = []

    def caught(self: Parser, *_: object) -> argparse.Namespace:
        parsers.append(self)
        raise SystemExit

    monkeypatch.setattr(Parser, "parse_args", caught)
    module = {"drum": drum_command, "song": song_command}[command]
    with pytest.raises(SystemExit):
        module.main([])
    options = {action.dest: action for action in parsers[0]._actions if action.dest != "help"}
    needy = {option.replace("-", "_") for need in module.NEEDS for option in need.options}
    assert set(options) == needy | ALWAYS[command]
    # One that has a need has no default: else it could not be told whether it was given.
    assert all(options[name].default in (None, False) for name in needy)
