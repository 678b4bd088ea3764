"""Voltages, sample by sample: what a server writes to the outputs for the strokes that it is sent."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from groovelive.grooves.grid import VOICES
from groovelive.osc_messages.codec import bundle, message
from groovelive.outputs.cv import GAP, keepers, strokes
from groovelive.outputs.sc_server import Packet
from groovelive.score.targets import LANES, Lane
from groovelive.synthesis import kits as sound

RATE = 48000
GROUP = 900
Audio = NDArray[np.float32]
Stroke = tuple[float, str | int, float]  # seconds, voice, velocity


def render(
    tmp_path: Path, lanes: Sequence[Lane], hits: Iterable[Stroke], *, rate: int = RATE, level: float = 1.0,
    seconds: float = 1.0, outputs: int = 8, more: Iterable[tuple[float, list[Packet]]] = (),
) -> Audio:  # fmt: skip
    """Return what scsynth writes to its outputs, (frames, outputs)."""
    setup: list[Packet] = [("/d_recv", path.read_bytes()) for path in sorted(sound.FOLDER.glob("gl_cv_*.scsyndef"))]
    setup += [("/g_new", GROUP, 1, 0), *(each for lane in lanes for each in keepers(lane, level, GROUP))]
    events: list[tuple[float, list[Packet]]] = [(0.0, setup), *more, (seconds, [("/c_set", 0, 0.0)])]
    for at, name, velocity in hits:
        voice = VOICES.index(name) if isinstance(name, str) else name
        found = [each for lane in lanes if voice in lane.voices for each in strokes(lane, voice, velocity, GROUP)]
        events.append((at - GAP / 1e9, found))
    packets = [
        bundle(round(at * 2**32), [message(str(each[0]), *each[1:]) for each in found])
        for at, found in sorted(events, key=lambda event: event[0])
    ]
    score, out = tmp_path / "score.osc", tmp_path / "out.wav"
    score.write_bytes(b"".join(struct.pack(">i", len(packet)) + packet for packet in packets))
    command = ["scsynth", "-N", str(score), "_", str(out), str(rate), "WAV", "float", "-i", "0", "-o", str(outputs)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "FAILURE" not in run.stdout, run.stdout
    data = out.read_bytes()
    start = data.index(b"data") + 8
    return np.frombuffer(data[start:], "<f4", struct.unpack_from("<I", data, start - 4)[0] // 4).reshape(-1, outputs)


def highs(output: Audio) -> list[tuple[int, int]]:
    """Return where an output rises from 0, and for how many samples it is up."""
    up = np.diff((output > 0).astype(int), prepend=0, append=0)
    return [(int(a), int(b - a)) for a, b in zip(np.flatnonzero(up == 1), np.flatnonzero(up == -1), strict=True)]


def steps(output: Audio) -> list[tuple[int, float]]:
    """Return where an output changes, and to what."""
    return [(int(k) + 1, round(float(output[k + 1]), 4)) for k in np.flatnonzero(np.diff(output))]


# What is sent


def test_lanes_are_told_of_their_voices() -> None:
    assert [lane.voices for lane in LANES] == [(0,), (1,), (2, 3), (4, 5, 6)]
    lane = Lane(voices=(2, 3), gate=6, trigger=7, velocity=8, length=0.05, pulse=0.002)
    assert [each[6:] for each in strokes(lane, 3, 0.5, 900)] == [
        (out, "value", 0.5, "rank", 1) for out in (8, 6, 7)
    ]  # fmt: skip
    assert [(each[1], each[6:]) for each in keepers(lane, 0.8, 900)] == [
        ("gl_cv_velocity", (8, "level", 0.8)), ("gl_cv_gate", (6, "level", 0.8, "length", 0.05)),
        ("gl_cv_trigger", (7, "level", 0.8, "length", 0.002)),
    ]  # fmt: skip
    assert strokes(Lane(voices=(0,)), 0, 1.0, 900) == keepers(Lane(voices=(0,)), 1.0, 900) == []


# What comes out

KICK = Lane(voices=(0,), gate=0, trigger=1, velocity=2, length=0.02)

pytestmark = pytest.mark.supercollider


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_lengths_and_levels(tmp_path: Path, rate: int) -> None:
    places = [0.1 + k * (0.1 + 37 / 48000) for k in range(8)]  # all over a block
    audio = render(tmp_path, [KICK], [(at, 0, 0.6) for at in places], rate=rate, level=0.8)
    for output, length in ((0, 0.02), (1, 0.005)):
        found = highs(audio[:, output])
        assert [start for start, _ in found] == pytest.approx([at * rate for at in places], abs=1)
        assert {samples for _, samples in found} == {int(length * rate + 0.5)}
        assert set(audio[:, output]) == {np.float32(0), np.float32(0.8)}
    assert steps(audio[:, 2]) == [(highs(audio[:, 0])[0][0], 0.48)]  # with the gate, and for ever


def test_a_velocity_is_held_to_the_next(tmp_path: Path) -> None:
    audio = render(tmp_path, [KICK], [(0.1, 0, 0.5), (0.3, 0, 0.9), (0.31, 0, 0.25), (0.7, 0, 0.0)])
    gates = [start for start, _ in highs(audio[:, 0])]
    found = steps(audio[:, 2])
    assert [start for start, _ in found] == gates
    assert [value for _, value in found] == [0.5, 0.9, 0.25, 0.0]
    assert audio[-1, 2] < 2**-15  # a stroke without velocity has a gate, and nearly no voltage


def test_strokes_at_every_distance(tmp_path: Path) -> None:
    """Within 5 ms they are one; else the gate is down for the last millisecond before the second, and never above 1."""
    distances = range(1, 320, 3)
    places = [0.05 + k * 0.06 + k * 5 / RATE for k in range(len(distances))]
    hits = [
        (at + late / RATE, 0, velocity)
        for at, apart in zip(places, distances, strict=True)
        for late, velocity in ((0, 0.9), (apart, 0.3))
    ]
    audio = render(tmp_path, [KICK], hits, seconds=places[-1] + 0.1)
    assert set(audio[:, 0]) == {0, 1}
    for at, apart in zip(places, distances, strict=True):
        start = round(at * RATE)
        part = audio[start - 10 : start + 2500]
        if apart <= 240:
            assert highs(part[:, 0]) == [(10, 960)], apart
            assert part[-1, 2] == pytest.approx(0.9), apart  # the louder
        else:
            assert highs(part[:, 0]) == [(10, apart - 48), (10 + apart, 960)], apart
            assert highs(part[:, 1]) == [(10, min(240, apart - 48)), (10 + apart, 240)], apart
            assert steps(part[:, 2])[-1] == (10 + apart, 0.3), apart


def test_a_roll_faster_than_the_gate(tmp_path: Path) -> None:
    audio = render(tmp_path, [KICK], [(0.1 + k * 0.0125, 0, 0.2 + k / 20) for k in range(16)])
    found = highs(audio[:, 0])
    assert [start for start, _ in found] == [4800 + 600 * k for k in range(16)]
    assert [samples for _, samples in found] == [552] * 15 + [960]
    assert [value for _, value in steps(audio[:, 2])] == pytest.approx([0.2 + k / 20 for k in range(16)])


def test_seven_voices_in_four_lanes(tmp_path: Path) -> None:
    hits = [(0.1 * (k + 1), voice, 0.1 * (k + 1)) for k, voice in enumerate(VOICES)]
    audio = render(tmp_path, LANES, hits, seconds=1.2)
    lanes = [[0], [1], [2, 3], [4, 5, 6]]
    for output, voices in enumerate(lanes):
        starts = [4800 * (voice + 1) + rank for rank, voice in enumerate(voices)]  # a sample each
        assert highs(audio[:, output]) == [(start, 960) for start in starts]
        assert steps(audio[:, 4 + output]) == [
            (start, round(0.1 * (voice + 1), 4)) for start, voice in zip(starts, voices, strict=True)
        ]  # fmt: skip


def test_voices_of_a_lane_at_once(tmp_path: Path) -> None:
    together = [(0.1, "closed_hat", 0.3), (0.1, "open_hat", 0.7), (0.3, "low_tom", 0.8), (0.3, "high_tom", 0.4)]
    audio = render(tmp_path, LANES, together)
    assert highs(audio[:, 2]) == [(4800, 960)] and highs(audio[:, 3]) == [(14400, 960)]
    assert audio[9600, 6] == pytest.approx(0.7) and audio[-1, 7] == pytest.approx(0.8)
    assert audio.max() == 1.0


def test_two_drummers_in_unison_stay_at_the_level(tmp_path: Path) -> None:
    audio = render(tmp_path, [KICK], [(0.1, 0, 0.8), (0.1, 0, 0.8)], level=0.5)
    assert audio.max(axis=0)[:3] == pytest.approx([0.5, 0.5, 0.5])
    assert highs(audio[:, 0]) == [(4800, 960)]


def test_hush_lets_all_fall(tmp_path: Path) -> None:
    lane = Lane(voices=(0,), gate=0, velocity=2, length=5.0)
    audio = render(tmp_path, [lane], [(0.1, 0, 0.7), (0.6, 0, 0.4)], more=[(0.3, [("/n_set", GROUP, "t_hush", 1)])])
    assert audio[14000, [0, 2]] == pytest.approx([1, 0.7])
    assert not audio[14400 + 64 : 28000].any()
    assert audio[-1, [0, 2]] == pytest.approx([1, 0.4])


def test_outputs_without_a_lane_are_silent_and_there_is_no_click_at_the_start(tmp_path: Path) -> None:
    audio = render(tmp_path, [KICK], [(0.1, 0, 0.7), (0.2, "snare", 0.7)])
    assert not audio[:4800].any() and not audio[:, 3:].any()
    assert len(highs(audio[:, 0])) == 1
