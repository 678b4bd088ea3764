"""The benchmark of timing: that it measures, what it prints, and that each note is there once; never how exactly."""

from __future__ import annotations

import json
import math
import sys

import pytest

from groovelive import GrooveError
from groovelive.bench import arrivals, loads, main, timing
from groovelive.score.edits import Edit, Exact

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(300)]

SIZES = timing.TimingSizes(
    bpms=(180,), loads=("idle",), seconds=1.0, ordinary=0.7, peers=0.7, edits=2, bars=1, hushes=1, walkers=2,
    walk=2.0, tempos=10, midi=False,
)  # fmt: skip
CELL = {"timetag", "lead", "late", "arrival", "missing", "doubled", "drift"}
FIGURES = {
    *(f"ordinary.idle.180.{name}" for name in CELL),
    *(f"now_{kind}.{name}" for kind in ("tagged", "untagged") for name in ("mute", "last", "first")),
    "hush_tagged", "hush_untagged", "bar_150", "tempo_changes.timetag",
    *(f"walkers.{name}" for name in ("lead", "late", "missing", "doubled")),
}  # fmt: skip
MAYBE = {*(f"fifo.idle.180.{name}" for name in CELL), "walkers.cpu", "walkers.outputs"}


@pytest.mark.skipif(sys.platform == "win32", reason="runs on Linux and macOS")
def test_it_prints_one_json_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(timing, "QUICK", SIZES)
    monkeypatch.setattr(timing, "_SETTLE", 0.5)
    monkeypatch.setattr("groovelive.bench.systems.there", lambda: ())
    assert main(["timing", "--quick", "--json"]) in (0, 1)
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert printed["bench"] == "timing" and printed["machine"]["cores"] >= 1
    assert "isobar and supriya left out" in err
    figures = printed["figures"]
    assert set(figures) >= FIGURES and set(figures) <= FIGURES | MAYBE
    for name, found in figures.items():
        assert set(found) == {"median", "p95", "p99", "max", "unit", "n", "goal", "met", "about"}
        assert all(math.isfinite(found[k]) for k in ("median", "p95", "p99", "max")) and found["n"] >= 1
        assert (found["met"] is None) == (not found["goal"]), name
        if name.endswith((".missing", ".doubled")):
            assert found["max"] == 0, name


def test_drift_and_grid_are_told_apart() -> None:
    period = 125e6
    times = [round(1_700_000_000_000_000_000 + k * period * (1 + 20e-6)) for k in range(400)]
    reading = arrivals.on_grid(times, period)
    assert reading.drift == pytest.approx(20, abs=0.01)
    assert (reading.missing, reading.doubled) == (0, 0)
    late = [time + (300_000_000 if k == 7 else 0) for k, time in enumerate(times)]
    reading = arrivals.by_count(late, range(400), period)
    assert (reading.missing, reading.doubled) == (0, 0) and reading.errors.max() == pytest.approx(3e8, rel=0.01)


def test_what_was_heard_is_held_against_the_log() -> None:
    log = [Edit(beat=0, drummer="d1", path="source", value=Exact(text="hh*16"))]
    about = 1_700_000_000_000_000_000
    hits = [
        arrivals.Arrival(0, about + 2_000_000 + k * 125_000_000, k, "closed_hat", "d1") for k in range(80) if k != 40
    ]
    assert arrivals.against_log(log, hits, about, (4, 16)) == (1, 0)
    assert arrivals.against_log(log, [*hits, hits[30]], about, (4, 16)) == (1, 1)


def test_unknown_loads_and_options_are_told() -> None:
    with pytest.raises(GrooveError, match="no load 'lazy'"):
        loads.start("lazy")
    with pytest.raises(GrooveError, match="--long is of the benchmark of timing"):
        main(["engine", "--long"])
