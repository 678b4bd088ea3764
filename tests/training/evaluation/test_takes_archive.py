"""The data of the evaluation: what is read of the archive and of the pairs, and the errors where it cannot be."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.training.evaluation.takes import DrumLoops, read_instruments, read_takes


def test_takes_are_read_as_they_were_played(archive: Path, beat) -> None:
    takes = read_takes(archive, "validation")
    assert [(take.genre, take.tempo, take.number) for take in takes] == [
        ("funk", 103, 3),
        ("rock", 104, 4),
        ("funk", 105, 5),
    ]
    played = beat(33, 3)
    read = takes[0].hvo
    assert np.array_equal(read[:, :9], played[: len(read), :9])
    assert np.abs(read[:, 9:18] - played[: len(read), 9:18]).max() < 0.01
    assert len(read_takes(archive, "train")) == 3
    assert len(read_takes(archive, "train", kinds=("beat", "fill"))) == 4


def test_what_was_read_is_kept(archive: Path, tmp_path: Path) -> None:
    first = read_takes(archive, "train", cache=tmp_path)
    kept = list(tmp_path.iterdir())
    assert len(kept) == 1
    again = read_takes(archive, "train", kinds=("beat",), cache=tmp_path)
    assert [(take.genre, take.tempo, take.number) for take in again] == [(t.genre, t.tempo, t.number) for t in first]
    assert all(np.array_equal(a.hvo, b.hvo) for a, b in zip(first, again, strict=True))


def test_loops_begin_at_every_bar(archive: Path) -> None:
    takes = read_takes(archive, "validation")
    loops = DrumLoops.of(takes)
    assert len(loops) == sum(take.bars - 1 for take in takes)
    assert np.array_equal(loops.hvo[1], takes[0].hvo[16:48])
    assert loops.bar[:2].tolist() == [0, 1]


def test_pairs_are_held_out_songs_and_limited(pairs: Path) -> None:
    read = read_instruments([pairs], most=5)
    assert set(read.song) == {"made:song 0", "made:song 1", "made:song 2"}
    assert len(read) == 15
    assert set(read.instrument) == {"bass"}
    assert np.array_equal(read.taps, read_instruments([pairs], most=5).taps)


def test_what_is_missing_is_told(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match="no file"):
        read_takes(tmp_path / "none.zip", "train")
    with pytest.raises(GrooveError, match="of the split 'test'"):
        read_takes(archive, "test")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("readme", "")
    with pytest.raises(GrooveError, match="not the Groove MIDI Dataset"):
        read_takes(other, "train")
    with pytest.raises(GrooveError, match=r"is not an .npz"):
        read_instruments([other])
