"""The demo: a set of 32 bars on the simulated clock, its files, and the roll that moves."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

import groovelive as gl
from groovelive.cli import demo
from groovelive.cli import main as cli
from groovelive.errors import GrooveError
from groovelive.midi_files import reader as midifile


@pytest.mark.synth
def test_the_demo_without_a_sound_device(tmp_path: Path) -> None:
    screen = Console(file=io.StringIO(), width=100)
    assert demo.run(tmp_path / "new", screen, sound=False) == 0
    files = {path.name: path for path in (tmp_path / "new").iterdir()}
    assert set(files) == {"demo.mid", "demo.wav", "demo.svg"}
    song = midifile.read(files["demo.mid"])
    assert song.groove.bars == 32
    assert files["demo.wav"].stat().st_size > 32 * 4 * 60 / 116 * 48000 * 6
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(word in shown for word in ("afrobeat", "kick", "demo.wav", "What to try next"))


def test_the_set_changes_from_part_to_part() -> None:
    with gl.open(realtime=False) as live:
        demo.the_set().play(live)
        assert live.bar == 33
        whole = live.last(32)
    parts = [whole.groove("d1")[bar : bar + 2] for bar in (0, 4, 12, 20, 28)]
    assert len(set(parts)) == 5 and all(len(part) > 10 for part in parts)
    again = gl.open(realtime=False)
    demo.the_set().play(again)
    assert again.last(32).events == whole.events


def test_the_set_is_what_a_drummer_would_play() -> None:
    with gl.open(realtime=False) as live:
        demo.the_set().play(live)
        played = live.last(32).groove("d1")
    hits = played.hits.reshape(32, 16, 9) > 0
    beats = [bar for bar in range(32) if bar not in (7, 15, 23)]  # these are fills
    assert hits[beats, 0, 0].mean() >= 0.9  # kick on the one
    stressed = played.velocities.reshape(32, 16, 9)[:, [4, 12], 1].min(1) > 0.5
    assert stressed[[*range(7), 29, 30]].mean() >= 0.75 and stressed[8:15].mean() >= 0.75  # funk, rock
    time = hits[:, :, [2, 3, 8]].any(2).mean(1)
    assert (time[beats] >= 0.15).mean() >= 0.9 and time[beats].mean() >= 0.35  # but for fills of its own
    assert all(
        hits[bar][:, [1, 4, 5, 6]].any(1).sum() >= 5 for bar in (7, 15, 23)
    )  # fills are played on snare and toms
    loud = [float(played[bar].velocities.max()) for bar in range(32)]
    assert loud[16] < 0.6 * loud[24] and loud[16] < loud[19] < loud[22]  # the build-up
    assert len({played[bar].hits.tobytes() for bar in range(32)}) >= 20


def test_a_session_that_runs_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groovelive.runtime.endpoints.holder", lambda role: 4711)
    monkeypatch.setattr("groovelive.cli.demo._aloud", lambda console: pytest.fail("it would be disturbed"))
    screen = Console(file=io.StringIO(), width=100)
    assert demo.run(tmp_path, screen) == 0
    assert "left alone" in screen.file.getvalue()  # type: ignore[attr-defined]


def test_the_step_that_plays_is_lit() -> None:
    live = gl.open(realtime=False)
    _ = live.d1 >> gl.play("bd*4")
    live.run(beats=1)  # at step 4
    head, text = demo.frame(live).renderables
    assert head.plain == "bar 1 · 120 bpm"
    row = text.plain.split("\n")[2]
    start = text.plain.index(row)
    lit = [span.start - start for span in text.spans if span.style == "reverse" and span.start >= start]
    assert [row[k] for k in lit] == ["▇"] and lit[0] == row.index("▇") + 4


@pytest.mark.parametrize("name", ["demo.mid", "demo.svg"])
def test_what_is_in_the_way_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(GrooveError, match="it is a folder"):
        demo.run(tmp_path, sound=False)


def test_a_folder_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["demo", "--out", str(tmp_path / "file" / "deeper")]) == 2
    assert "cannot write to" in capsys.readouterr().err
