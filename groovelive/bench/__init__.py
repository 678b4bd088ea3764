"""Benchmarks: what is promised of speed and memory, measured here, beside a peer or a floor from the same run."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np

from ..errors import GrooveError, closest

BENCHES = {
    "engine": "generate over ZeroMQ: round trip, throughput, start, memory; beside torch and a bare echo",
    "timing": "16ths under load: timetags, arrival, edits, many drummers; beside isobar and supriya",
    "playing": "from a note that is played to drums that have changed, and 1,000 notes a second; Link and MIDI clock",
    "supercollider": "strokes on scsynth against a straight line: timetags, Pbind, Pgroove",
    "ableton": "clips in a stand-in for Live: round trip, writes, swaps under stalls; beside AbletonOSC",
}
STATISTICS = ("median", "p95", "p99", "max")


class Figure(msgspec.Struct, frozen=True):
    """What was measured: statistics over `n` samples.

    Args:
        goal: limits by statistic, as in {"median": 0.7}; empty where it is only there to compare.
        met: whether all of them are kept; None without a goal.
        about: what it is, in words.
    """

    median: float
    p95: float
    p99: float
    max: float
    unit: str
    n: int
    goal: dict[str, float] = {}
    met: bool | None = None
    about: str = ""

    def values(self) -> list[float]:
        """Return its statistics, in the order of `STATISTICS`."""
        return [getattr(self, name) for name in STATISTICS]


def figure(
    samples: Sequence[float], unit: str, about: str, goal: dict[str, float] | None = None, *, least: bool = False
) -> Figure:
    """Return the figure of samples.

    Args:
        goal: limits by statistic.
        least: whether the limits are lower ones, as of a throughput; p95 and p99 are then those from below, and
            `max` is the least.

    Raises:
        GrooveError: there are none.

    >>> figure([1, 2, 3], "ms", "example", {"median": 2.5}).met
    True
    """
    if not len(samples):
        raise GrooveError(f"nothing was measured of: {about}")
    q = np.percentile(np.asarray(samples, float), (50, 5, 1, 0) if least else (50, 95, 99, 100)).tolist()
    values = dict(zip(STATISTICS, q, strict=True))
    goal = goal or {}
    met = all(values[k] >= v if least else values[k] <= v for k, v in goal.items()) if goal else None
    return Figure(**values, unit=unit, n=len(samples), goal=goal, met=met, about=about)


def difference(a: Figure, b: Figure, about: str, goal: dict[str, float] | None = None) -> Figure:
    """Return by how much the statistics of a exceed those of b."""
    values = {k: getattr(a, k) - getattr(b, k) for k in STATISTICS}
    met = all(values[k] <= v for k, v in goal.items()) if goal else None
    return Figure(**values, unit=a.unit, n=min(a.n, b.n), goal=goal or {}, met=met, about=about)


def machine() -> dict[str, Any]:
    """Return what was measured on, with the load that other programs made when it began."""
    found: dict[str, Any] = {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
    }
    for name in ("numpy", "onnxruntime", "pyzmq", "msgspec", "torch"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GrooveError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str]) -> int:
    """Run a benchmark by its name, print its figures, and return 0; 1 where a goal was missed.

    Raises:
        GrooveError: there is no such benchmark.

    >>> main(["engin"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: there is no benchmark 'engin' (did you mean 'engine'?); there are ...
    """
    parser = _Parser(
        prog="groovelive bench",
        description="Measure what is promised of speed and memory on this machine; best with nothing else running.",
        epilog="\n".join(f"{name}: {about}" for name, about in BENCHES.items()),
    )
    parser.add_argument("name", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="fewer samples, in some seconds")
    parser.add_argument("--long", action="store_true", help="timing: the drift over ten minutes, too")
    parser.add_argument("--abletonosc", metavar="DIR", help="ableton: a checkout of AbletonOSC, to measure beside")
    arguments = parser.parse_args(list(argv))
    if arguments.name not in BENCHES:
        hint = closest(arguments.name, BENCHES)
        raise GrooveError(f"there is no benchmark {arguments.name!r}{hint}; there are {', '.join(BENCHES)}")
    if arguments.long and arguments.name != "timing":
        raise GrooveError(f"--long is of the benchmark of timing, not of {arguments.name}")
    if arguments.abletonosc and arguments.name != "ableton":
        raise GrooveError(f"--abletonosc is of the benchmark of ableton, not of {arguments.name}")
    more: dict[str, Any] = {"long": True} if arguments.long else {}
    if arguments.abletonosc:
        more["abletonosc"] = Path(arguments.abletonosc)
    where = machine()
    module = importlib.import_module(f".{arguments.name}", __name__)
    figures: dict[str, Figure] = module.run(
        quick=arguments.quick, tell=lambda what: print(f"{what} …", file=sys.stderr, flush=True), **more
    )
    if arguments.json:
        print(json.dumps({"bench": arguments.name, "machine": where, "figures": msgspec.to_builtins(figures)}))
    else:
        print(", ".join(f"{k} {v}" for k, v in where.items() if v is not None))
        print(table(figures))
    return 1 if any(f.met is False for f in figures.values()) else 0


def table(figures: dict[str, Figure]) -> str:
    """Return figures as lines of text."""
    width = max(map(len, figures), default=0)
    lines = [f"{'':{width}}  {'median':>9} {'p95':>9} {'p99':>9} {'max':>9}  unit      n"]
    for name, f in figures.items():
        values = " ".join(f"{value:9.3f}" if abs(value) < 1000 else f"{value:9.0f}" for value in f.values())
        goal = ", ".join(f"{k} {v:g}" for k, v in f.goal.items())
        verdict = "" if f.met is None else f"  goal {goal}: {'met' if f.met else 'MISSED'}"
        lines.append(f"{name:{width}}  {values}  {f.unit:4} {f.n:6}{verdict}")
    return "\n".join(lines)
