"""Drums made up for the tests of the evaluation: a steady beat, and a small data set of takes of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
from numpy.typing import NDArray

PITCHES = (36, 38, 42, 46, 43, 47, 50, 49, 51)
KICK, SNARE, HAT, LOW_TOM = 0, 1, 2, 4


def make_beat(bars: int, seed: int, wildness: float = 0.05) -> NDArray[np.float32]:
    """Return (bars * 16, 27) of a backbeat; the share `wildness` of its cells is turned over."""
    rng = np.random.default_rng(seed)
    bar = np.zeros((16, 9), bool)
    bar[[0, 8, 10], KICK] = bar[[4, 12], SNARE] = bar[::2, HAT] = True
    hits = np.tile(bar, (bars, 1))
    hits ^= rng.random(hits.shape) < wildness
    velocities = rng.uniform(0.3, 1.0, hits.shape) * hits
    offsets = rng.normal(0, 0.1, hits.shape).clip(-0.4, 0.4) * hits
    return np.concatenate([hits, velocities, offsets], 1).astype(np.float32)


def as_midi(hvo: NDArray[np.float32]) -> bytes:
    """Return a MIDI file of a groove, at 480 ticks a quarter note."""
    notes = []
    for step, voice in zip(*np.nonzero(hvo[:, :9]), strict=True):
        tick = max(round((step + float(hvo[step, 18 + voice])) * 120), 0)
        notes.append((tick, PITCHES[voice], max(int(hvo[step, 9 + voice] * 127), 1)))
    track = mido.MidiTrack()
    now = 0
    for tick, pitch, velocity in sorted(notes):
        track.append(mido.Message("note_on", channel=9, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


@pytest.fixture
def beat() -> Callable[..., NDArray[np.float32]]:
    return make_beat


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip laid out as the Groove MIDI Dataset's: six takes of 33 bars in two splits, a fill, a waltz."""
    path = tmp_path_factory.mktemp("data") / "groove.zip"
    lines = ["split,time_signature,beat_type,style,bpm,midi_filename"]
    with zipfile.ZipFile(path, "w") as file:
        for k, split in enumerate(("train", "train", "train", "validation", "validation", "validation")):
            lines.append(f"{split},4-4,beat,{('rock', 'funk/groove1')[k % 2]},{100 + k},{k}.mid")
            file.writestr(f"groove/{k}.mid", as_midi(make_beat(33, k)))
        lines.append("train,4-4,fill,rock,100,fill.mid")
        file.writestr("groove/fill.mid", as_midi(make_beat(1, 7, 0.3)))
        lines.append("validation,3-4,beat,rock,100,waltz.mid")
        file.writestr("groove/info.csv", "\n".join(lines))
    return path


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An .npz of 40 pairs: a bass that plays with the kick, three songs."""
    path = tmp_path_factory.mktemp("data") / "pairs-made.npz"
    drums = np.stack([make_beat(2, 100 + k) for k in range(40)])
    bass = drums[..., [KICK, 9 + KICK, 18 + KICK]]
    song = np.array([f"song {k % 3}" for k in range(40)])
    split = np.where(np.arange(40) < 4, "train", "validation")
    np.savez(path, groove=bass, drums=drums, instrument=np.zeros(40, np.int8), song=song, split=split)
    return path
