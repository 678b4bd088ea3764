"""The demo: three files, a picture of what is in them, and the bundled performance."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from groovelive import cli, demo, midifile
from groovelive.demo import performance
from groovelive.errors import GrooveError


def test_the_bundled_file_is_what_the_table_says() -> None:
    assert performance.midi() == demo.PERFORMANCE.read_bytes()


def test_the_performance_is_read_as_it_was_written() -> None:
    played = midifile.read(demo.PERFORMANCE)
    assert played.groove.bars == len(performance.BARS) and played.tempo == pytest.approx(
        performance.TEMPO, abs=0.01
    )
    steps = np.flatnonzero(played.tap[:, 0])
    written = [
        (16 * bar + note[0], *note[1:]) for bar, notes in enumerate(performance.BARS) for note in notes
    ]
    assert steps.tolist() == [step for step, _, _ in written]
    assert played.tap[steps, 1] == pytest.approx([velocity / 127 for _, velocity, _ in written])
    assert played.tap[steps, 2] == pytest.approx([late / 120 for _, _, late in written], abs=1e-6)


def bars() -> int:
    """How long the demo is: the tap, the genres, the walk."""
    return len(performance.BARS) + len(demo.GENRES) * demo.BARS + demo.WALK[2]


@pytest.mark.synth
def test_the_demo_with_sound(tmp_path: Path) -> None:
    screen = Console(file=io.StringIO(), width=100)
    assert demo.run(tmp_path / "new", screen) == 0
    files = {path.name: path for path in (tmp_path / "new").iterdir()}
    assert set(files) == {"demo.mid", "demo.wav", "demo.svg"}
    song = midifile.read(files["demo.mid"])
    assert song.groove.bars == bars() and song.tempo == pytest.approx(performance.TEMPO, abs=0.01)
    seconds = bars() * 4 * 60 / performance.TEMPO
    assert files["demo.wav"].stat().st_size > seconds * 48000 * 6
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(
        word in shown for word in (*demo.GENRES, "kick", "demo.wav", "What to try next", "drum --help")
    )


def test_the_three_answers_and_the_walk_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    demo.run(tmp_path, Console(file=io.StringIO()))
    song = midifile.read(tmp_path / "demo.mid").groove
    start = len(performance.BARS)
    parts = [song[start + i * demo.BARS : start + (i + 1) * demo.BARS] for i in range(len(demo.GENRES) + 1)]
    assert len({part.hits.tobytes() for part in parts}) == len(parts)
    walk = song[bars() - demo.WALK[2] :]
    assert not np.array_equal(walk[0].hits, walk[walk.bars - 2].hits)


def test_without_the_synth_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    screen = Console(file=io.StringIO(), width=100)
    assert demo.run(tmp_path, screen) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.mid", "demo.svg"]
    assert "pip install 'groovelive[synth]'" in screen.file.getvalue()  # type: ignore[attr-defined]


def test_a_folder_that_can_not_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(GrooveError, match="cannot write"):
        demo.run(tmp_path / "taken" / "folder")
    assert cli.main(["demo", "--out", str(tmp_path / "taken")]) == 2
    assert capsys.readouterr().err.startswith("groovelive: cannot write")
