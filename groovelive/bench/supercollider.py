"""Jitter of strokes on scsynth: from Python at once and by timetags, by the outlet, by Pbind and by Pgroove.

Every row is 400 clicks of one sample, recorded by the server itself, against a straight line. A row that an xrun of
JACK falls into, an interruption of the sound, is measured anew once scsynth's clock has settled: that is nobody's
jitter.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..osc_messages.codec import bundle, message, read
from ..osc_messages.timetags import WallClock
from ..outputs import Due, Outputs
from ..runtime.overheard import Overheard
from ..score.targets import Scsynth
from . import Figure, figure
from .scserver import CLICK, Recorded, onsets, recorded, residuals, sclang

APART = 0.0611  # seconds: no multiple of a block
AHEAD = 0.2
SETTLE = 20.0  # seconds that scsynth's estimate of the time takes, after its start and after an xrun
TRIES = 3
CLASSES = Path(__file__).parents[2] / "supercollider" / "Classes"
_STROKE = ("/s_new", CLICK, -1, 1, 1)
_ATTACH = """
var port = thisProcess.argv.last.split($,)[0].asInteger, number = thisProcess.argv.last.split($,)[1].asInteger;
var server = Server(\\bench, NetAddr("127.0.0.1", port), ServerOptions.new.maxLogins_(8)), drums;
OnError.add({ 4.exit });
SynthDescLib.global.read(thisProcess.argv.last.split($,)[2] +/+ "gl_bench_click.scsyndef");
server.startAliveThread(0.1);
fork {
    while { server.serverRunning.not } { 0.05.wait };
    0.3.wait;
"""
_PBIND = (
    _ATTACH
    + """
    Pbind(\\instrument, \\gl_bench_click, \\server, server, \\group, 1, \\dur, Pn(%(apart)s, number))
        .play(TempoClock(1));
    (number * %(apart)s + 1.2).wait;
    0.exit;
};
"""
)
_PGROOVE = (
    _ATTACH
    + """
    GrooveLive.connect("127.0.0.1", %(door)s);
    GrooveLive.drummer(\\d1);
    drums = Pgroove(\\d1);  // asks for what it will play
    2.wait;
    Pbindf(drums, \\type, \\note, \\instrument, \\gl_bench_click, \\server, server, \\group, 1)
        .play(TempoClock(15 / %(apart)s / 60));
    (number * %(apart)s + 1.2).wait;
    0.exit;
};
"""
)


def run(quick: bool, tell: Callable[[str], None]) -> dict[str, Figure]:
    """Measure.

    Raises:
        GrooveError: SuperCollider or JACK is not there.
    """
    number = 60 if quick else 400
    figures: dict[str, Figure] = {}
    goal = {"p99": 0.1}
    with tempfile.TemporaryDirectory() as name, recorded(Path(name)) as server:
        rows: list[tuple[str, str, Callable[[], None], dict[str, float] | None]] = [
            ("python.immediate", "a Python timer, each stroke sent at once", lambda: _immediate(server, number), None),
            ("python.timetags", "Python, bundles 200 ms ahead", lambda: _timetags(server, number), goal),
            ("outlet", "groovelive's scsynth target", lambda: _outlet(server, number), goal),
            ("sclang.pbind", "sclang, a Pbind at the default latency", lambda: _pbind(server, number, name), None),
        ]  # fmt: skip
        if (CLASSES / "Pgroove.sc").exists():
            about = "sclang, a Pgroove in a Pbindf, as d1 plays it"
            rows.append(("sclang.pgroove", about, lambda: _pgroove(server, number, name), None))
        settled = False
        for key, about, play, limits in rows:
            tell(about)
            times, interrupted = _measured(server, key, play, settled)
            settled = not interrupted
            if interrupted:
                about += " (interrupted by xruns)"
            if len(times) < 0.8 * number:
                raise GrooveError(f"{key}: of {number} strokes {len(times)} were heard")
            if key == "sclang.pgroove":  # the same class as a plain Pbind, in the same run
                limits = {"p99": max(2 * figures["sclang.pbind"].p99, 0.05)}
            figures[key] = figure(list(residuals(times[:number], APART)), "ms", about, limits)
    return figures


def _measured(server: Recorded, key: str, play: Callable[[], None], settled: bool) -> tuple[NDArray[np.float64], bool]:
    """Return the onsets of a row, and whether an xrun fell into the last try too."""
    for _ in range(TRIES):
        if not settled:
            time.sleep(SETTLE)
        before = server.xruns()
        with server.recording(key) as path:
            time.sleep(0.3)
            play()
        settled = server.xruns() == before
        if settled:
            break
    return onsets(path), not settled


def _immediate(server: Recorded, number: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", server.port))
        packet = message(*_STROKE)
        begin = time.monotonic() + 0.2
        for k in range(number):
            time.sleep(max(begin + k * APART - time.monotonic(), 0))
            out.send(packet)


def _timetags(server: Recorded, number: int) -> None:
    clock = WallClock()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", server.port))
        stroke = message(*_STROKE)
        begin = time.monotonic_ns() + 400_000_000
        for k in range(number):
            at = begin + round(k * APART * 1e9)
            time.sleep(max((at - time.monotonic_ns()) / 1e9 - AHEAD, 0))
            out.send(bundle(clock.tag(at), [stroke]))
    time.sleep(AHEAD + 0.1)


def _outlet(server: Recorded, number: int) -> None:
    outputs = Outputs(lambda sentence: print(sentence, file=sys.stderr))
    try:
        sink = outputs.open(Scsynth(port=server.port, group=1))  # before what records
        server.define()  # the kick is a click
        begin = time.monotonic_ns() + 400_000_000
        for k in range(number):
            at = begin + round(k * APART * 1e9)
            time.sleep(max((at - time.monotonic_ns()) / 1e9 - AHEAD, 0))
            outputs.send([Due(sink, at, k % 32, 0, 1.0, "d1")])
        time.sleep(AHEAD + 0.1)
    finally:
        outputs.end()


def _pbind(server: Recorded, number: int, folder: str) -> None:
    script = Path(folder) / "pbind.scd"
    script.write_text(_PBIND % {"apart": APART})
    sclang(script, f"{server.port},{number},{folder}", patience=number * APART + 30)


def _pgroove(server: Recorded, number: int, folder: str) -> None:
    """Play 16ths of a drummer of a conductor that is started for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    environment = {**os.environ, "GROOVELIVE_RUNTIME": str(Path(folder) / "run")}
    command = [sys.executable, "-m", "groovelive", "conductor", "--osc-port", str(port)]
    with Overheard(command, environment=environment) as conductor:
        _play(port, conductor)
        config = Path(folder) / "sclang.yaml"
        config.write_text(f"includePaths: [{CLASSES}]\nexcludePaths: []\npostInlineWarnings: false\n")
        script = Path(folder) / "pgroove.scd"
        script.write_text(_PGROOVE % {"apart": APART, "door": port})
        arguments = ("-l", str(config), f"{server.port},{number},{folder}")
        sclang(script, *arguments, patience=number * APART + 30)


def _play(port: int, conductor: Overheard) -> None:
    """Have d1 play 16ths."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        out.settimeout(0.3)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                out.send(message("/gl/source", 1, "d1", "play", "hh*16", "now"))
                if read(out.recv(4096))[0].address == "/gl/done":
                    return
            except OSError:
                time.sleep(0.1)
    raise GrooveError(f"the conductor does not answer: it {conductor.state()}")
