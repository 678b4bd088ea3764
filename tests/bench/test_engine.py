"""The benchmark of the engine: that it measures and what it prints, never how fast."""

from __future__ import annotations

import json
import math

import pytest

from groovelive import GrooveError
from groovelive.bench import difference, figure, main, table
from groovelive.bench import engine as bench

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(300)]

SIZES = bench.EngineSizes(requests=20, seconds=0.1, clients=(1, 4), queued=20, starts=1)
FIGURES = {
    "cold_start", "import", "restart", "rss", "generate", "inference", "network", "generate_genre", "inference_genre",
    "echo", "overhead", "clients_1", "throughput_1", "clients_4", "throughput_4", "stage", "stage_beside",
    "background_shift",
}  # fmt: skip


def test_it_prints_one_json_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "QUICK", SIZES)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # without torch
    assert main(["engine", "--quick", "--json"]) in (0, 1)
    printed = json.loads(capsys.readouterr().out)
    assert printed["bench"] == "engine" and printed["machine"]["cores"] >= 1
    assert set(printed["figures"]) == FIGURES
    for name, found in printed["figures"].items():
        assert set(found) == {"median", "p95", "p99", "max", "unit", "n", "goal", "met", "about"}
        assert all(math.isfinite(found[k]) for k in ("median", "p95", "p99", "max")) and found["n"] >= 1
        assert (found["met"] is None) == (not found["goal"]), name
    assert printed["figures"]["generate"]["n"] == 20 and printed["figures"]["clients_4"]["n"] >= 4


@pytest.mark.torch
def test_torch_is_compared_where_it_is_installed() -> None:
    pytest.importorskip("onnx")
    from groovelive.bench.peers import compare

    figures = compare(5)
    assert set(figures) == {f"{a}.{b}" for a in ("shipped", "earlier") for b in ("eager", "traced", "onnx")}
    assert all(f.n == 5 and f.median > 0 for f in figures.values())


def test_goals_are_upper_limits_or_lower_ones() -> None:
    slow = figure([1.0, 2.0, 9.0], "ms", "", {"median": 2.0, "max": 8.0})
    assert (slow.median, slow.max, slow.met) == (2.0, 9.0, False)
    rate = figure([100.0, 200.0, 300.0], "1/s", "", {"median": 150.0}, least=True)
    assert rate.met is True and rate.max == 100.0
    assert difference(slow, figure([0.5], "ms", ""), "", {"median": 1.5}).met is True
    assert "MISSED" in table({"a": slow, "b": rate}) and "met" in table({"b": rate})


def test_an_unknown_benchmark_is_told() -> None:
    with pytest.raises(GrooveError, match="did you mean 'engine'"):
        main(["engines"])
