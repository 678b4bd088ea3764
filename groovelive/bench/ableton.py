"""Clips in a stand-in for Ableton Live: round trips, writes, and swaps on the line while Live stalls.

The stand-in is in the tests of a checkout, and is not Live: it says nothing of how Live itself fares under load.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ..ableton_live import Launched, LiveNote, LiveSet, Lost, Moved
from ..ableton_live.abletonosc.live_set import OscSet
from ..errors import GrooveError
from ..runtime.overheard import Overheard
from . import Figure, figure

ROOT = Path(__file__).parents[2]
STALL, EVERY = 1.0, 20.0  # seconds that Live stands still, and from one such to the next
SIZES = (32, 500, 5000)
_SLOTS = (4, 5)


class StandIn:
    """A Live that runs in a process of its own, with Remote Scripts in it.

    Raises:
        GrooveError: this is no checkout, or it does not start.
    """

    def __init__(self, folder: Path, abletonosc: Path | None = None) -> None:
        if not (ROOT / "tests" / "support" / "fakelive").is_dir():
            raise GrooveError("the stand-in for Live is in the tests of a checkout: run this benchmark there")
        self.port, self.control, self.osc, self.replies = (_free_port() for _ in range(4))
        script = folder / "GrooveLive"
        shutil.copytree(ROOT / "ableton" / "GrooveLive", script, ignore=shutil.ignore_patterns("__pycache__"))
        (script / "groovelive.json").write_text(json.dumps({"port": self.port}))
        more = []
        if abletonosc is not None:
            more = ["--script", str(abletonosc), "--port", str(self.osc), "--reply-port", str(self.replies)]
        command = [
            sys.executable, "-m", "tests.support.fakelive", "--script", str(script), *more,
            "--control", str(self.control), "--set", "drums", "--quiet", "--strict-doubles",
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._child = Overheard(command, environment=environment)

    def connect(self) -> LiveSet:
        """Return a connection with it, once it is up."""
        end = time.monotonic() + 10
        while True:
            try:
                return LiveSet.connect(port=self.port)
            except GrooveError:
                if time.monotonic() > end or self._child.process.poll() is not None:
                    raise GrooveError(f"the stand-in for Live does not start: it {self._child.state()}") from None
                time.sleep(0.1)

    def ask(self, **request: Any) -> Any:
        """Do something at the computer that Live runs on."""
        with socket.create_connection(("127.0.0.1", self.control), 5) as sock:
            sock.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(sock.makefile().readline()).get("ok")

    def close(self) -> None:
        self._child.end()


def run(quick: bool, tell: Callable[[str], None], abletonosc: Path | None = None) -> dict[str, Figure]:
    """Measure.

    Args:
        abletonosc: a checkout of AbletonOSC, for the same beside it.

    Raises:
        GrooveError: this is no checkout.
    """
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        live = StandIn(Path(name), abletonosc)
        stack.callback(live.close)
        ours = stack.enter_context(live.connect())
        tell("GrooveLive: round trips and writes")
        goal = {"median": 15.0}
        figures["round_trip"] = figure(
            _times(ours.tracks, 50 if quick else 300), "ms", "a list of the tracks, asked and answered", goal
        )
        figures |= _writes(ours, 3 if quick else 10)
        tell("GrooveLive: others while 5,000 notes are written")
        figures["meanwhile"] = _meanwhile(live, ours, 2 if quick else 8)
        for bpm in (120, 180):
            tell(f"GrooveLive: swaps at {bpm} bpm, with a stall of {STALL:g} s every {EVERY:g} s")
            figures |= _swaps(live, ours, bpm, 12.0 if quick else 62.0)
        if abletonosc is not None:
            tell("AbletonOSC: the same, as far as it has it")
            with OscSet(live.osc, live.replies) as theirs:
                few = 5 if quick else 20
                figures["abletonosc.query"] = figure(
                    _times(partial(theirs.link.ask, "/live/song/get/tempo"), 4 * few), "ms", "AbletonOSC: the tempo"
                )
                figures["abletonosc.round_trip"] = figure(
                    _times(theirs.tracks, few), "ms", "AbletonOSC: a list of the tracks"
                )
                for count in SIZES[:2]:
                    clip = theirs.clip("Drums", _SLOTS[0])
                    times = [_once(partial(clip.replace, _notes(count, k))) for k in range(3)]
                    figures[f"abletonosc.write.{count}"] = figure(times, "ms", f"AbletonOSC: {count} notes, confirmed")
            if importlib.util.find_spec("live") is None:
                tell("pylive: not installed, so not measured")
            else:
                tell("pylive: the tempo, and 32 notes one by one")
                figures |= _pylive(live, 5 if quick else 20)
    return figures


def _pylive(live: StandIn, number: int) -> dict[str, Figure]:
    """Measure pylive in a process of its own, for it keeps its port until its end."""
    code = f"from groovelive.bench.ableton import tell_pylive; tell_pylive({live.osc}, {live.replies}, {number})"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise GrooveError(f"pylive fails: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
    found = json.loads(done.stdout)
    return {
        "pylive.query": figure(found["query"], "ms", "pylive: the tempo"),
        "pylive.write.32": figure(found["write"], "ms", "pylive: 32 notes added one by one, and asked for"),
    }


def tell_pylive(port: int, replies: int, number: int) -> None:
    """Print how long pylive takes to ask for the tempo, and to add 32 notes, until AbletonOSC tells all of them."""
    peer: Any = importlib.import_module("live")
    link = peer.Query(("127.0.0.1", port), replies)  # the one that all of pylive uses from now on
    track = peer.Track(peer.Set(), 0, "Drums")
    slot = (track.index, _SLOTS[1])
    every = (*slot, 0, 128, -8192.0, 16384.0)  # its own defaults are integers, which some Live refuse
    link.cmd("/live/clip_slot/delete_clip", slot)
    link.cmd("/live/clip_slot/create_clip", (*slot, 8.0))
    clip = peer.Clip(track, _SLOTS[1], "", 8.0)
    queries = _times(lambda: track.set.tempo, 4 * number)
    writes = []
    for _ in range(number):
        link.cmd("/live/clip/remove/notes", every)
        begin = time.perf_counter()
        for note in _notes(32, 0):
            clip.add_note(note.pitch, note.start, note.duration, note.velocity, False)
        held = (len(link.query("/live/clip/get/notes", every)) - 2) // 5
        writes.append(1000 * (time.perf_counter() - begin))
        if held != 32:
            raise GrooveError(f"of 32 notes that pylive added, Live holds {held}")
    print(json.dumps({"query": queries, "write": writes}))


def _times(act: Callable[[], Any], number: int) -> list[float]:
    return [_once(act) for _ in range(number)]


def _once(act: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - begin)


def _notes(count: int, variant: int) -> list[LiveNote]:
    """Return notes that differ from variant to variant."""
    return [LiveNote(36 + k % 9, k * 0.125, 0.1, float(1 + (k + variant) % 127)) for k in range(count)]


def _writes(live: LiveSet, number: int) -> dict[str, Figure]:
    goals = {32: {"median": 40.0}, 500: {}, 5000: {"median": 3000.0}}
    found: dict[str, Figure] = {}
    for count in SIZES:
        clip = live.clip("Drums", _SLOTS[0])
        writes, reads = [], []
        for k in range(number):
            notes = _notes(count, k)
            writes.append(_once(partial(clip.replace, notes, length=count * 0.125)))
            begin = time.perf_counter()
            read = clip.read().notes
            reads.append(1000 * (time.perf_counter() - begin))
            if sorted(read) != sorted(notes):
                raise GrooveError(f"of {count} notes that were written, Live does not hold the same")
        found[f"write.{count}"] = figure(writes, "ms", f"{count} notes replaced and confirmed", goals[count])
        found[f"read.{count}"] = figure(reads, "ms", f"{count} notes read back, the same to the byte")
    return found


def _meanwhile(live: StandIn, ours: LiveSet, number: int) -> Figure:
    """Ask for the tracks while another process writes."""
    code = f"from groovelive.bench.ableton import write_many; write_many({live.port}, {number})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()  # it has begun
        times: list[float] = []
        while writer.poll() is None:
            times.append(_once(ours.tracks))
    if writer.returncode:
        raise GrooveError("the program that writes clips meanwhile has failed")
    return figure(times, "ms", "another program's round trip while 5,000 notes are written", {"p99": 100.0})


def write_many(port: int, number: int) -> None:
    """Write 5,000 notes, so many times."""
    with LiveSet.connect(port=port) as live:
        print(flush=True)
        for k in range(number):
            live.clip("Drums", _SLOTS[0]).replace(_notes(5000, k), length=625.0)


def _swaps(live: StandIn, ours: LiveSet, bpm: int, seconds: float) -> dict[str, Figure]:
    """Swap on every bar; each must be launched once, on its line or, told so, on a later one."""
    ours.tempo(bpm)
    ours.play()
    news: list[Launched | Moved | Lost] = []
    stop = ours.on_swap(news.append)
    asked: list[int] = []
    faults = 0
    with _stalls(live):
        end = time.monotonic() + seconds
        k = 0
        while time.monotonic() < end:
            k += 1
            before = len(news)
            try:
                asked.append(ours.swap("Drums", *_SLOTS, _notes(32, k), timeout=10.0, length=4.0).id)
            except GrooveError:
                faults += 1
                time.sleep(0.1)
                continue
            wait = time.monotonic() + 5
            while time.monotonic() < wait and not any(isinstance(one, Launched | Lost) for one in news[before:]):
                time.sleep(0.005)
    time.sleep(0.2)
    stop()
    ours.stop()
    launched = [one for one in news if isinstance(one, Launched)]
    off = [abs(one.time - one.line) * 60_000 / bpm for one in launched]
    missing = len(set(asked) - {one.id for one in launched})
    doubled = len(launched) - len({one.id for one in launched})
    moved = sum(one.moved for one in launched)
    name = f"swap.{bpm}"
    about = f"{len(asked)} swaps at {bpm} bpm: how far from its line each was launched"
    return {
        f"{name}.off": figure(off or [float("inf")], "ms", about, {"max": 10.0}),
        f"{name}.lost": figure([float(missing + faults)], "", "swaps that were not launched, or refused", {"max": 0.0}),
        f"{name}.doubled": figure([float(doubled)], "", "swaps that were launched twice", {"max": 0.0}),
        f"{name}.moved": figure([float(moved)], "", "swaps that went to the next line, and said so"),
    }


@contextlib.contextmanager
def _stalls(live: StandIn) -> Iterator[None]:
    """Let Live stand still now and then."""
    over = threading.Event()

    def stall() -> None:
        while not over.wait(EVERY / 2):
            live.ask(freeze=STALL)
            over.wait(EVERY / 2)

    thread = threading.Thread(target=stall, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
