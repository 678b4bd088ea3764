"""`groovelive song`, `train` and `evaluate` at the shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from groovelive.cli.main import main
from groovelive.midi_files import reader


def test_a_song_is_written_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "song.mid"
    words = ["song", "A2 B2 A2", "--genre", "funk", "--section", "B", "genre=jazz", "intensity=.3", "--ending"]
    assert main([*words, "--tempo", "96", "-o", str(path)]) == 0
    assert capsys.readouterr().out.startswith("A2 B2 A2 ending1 at 96 beats a minute")
    read = reader.read(path.read_bytes())
    assert read.groove.bars == 7 and read.tempo_map[0][1] == pytest.approx(96, abs=0.1)


def test_the_same_seed_is_the_same_song(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.mid", "b.mid", "c.mid")]
    for path, seed in zip(files, ("1", "1", "2"), strict=True):
        assert main(["song", "A2", "--quiet", "--seed", seed, "-o", str(path)]) == 0
    one, two, other = (path.read_bytes() for path in files)
    assert one == two != other


def test_it_goes_on_from_a_loop(tmp_path: Path) -> None:
    prime, song = tmp_path / "prime.mid", tmp_path / "song.mid"
    assert main(["song", "A4", "--genre", "rock", "--quiet", "-o", str(prime)]) == 0
    assert main(["song", "A2", "--prime", str(prime), "--quiet", "-o", str(song)]) == 0
    assert len(reader.read(song.read_bytes()).groove) > 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["song", "A8 B8,"], "   ^^^"),
        (["song", "A8", "--section", "A", "genre"], "section A takes CONTROL=VALUE"),
        (["song", "A8", "--section", "A", "genre=fnuk"], "did you mean 'funk'"),
        (["song", "A8", "--section", "C", "genre=funk"], "no section 'C'"),
        (["song", "A8", "--section", "A", "colour=red"], "colour"),
        (["song", "A8", "--tempo", "5000"], "tempo must be a number from 20 to 400"),
        (["train", "player", "--data", "x.zip", "--out", "x", "--updates", "0"], "updates"),
        (["evaluate", "realism", "--data", "there/is/none.zip"], "none.zip"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    if words[0] == "train":
        pytest.importorskip("torch")
    assert main(words) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
