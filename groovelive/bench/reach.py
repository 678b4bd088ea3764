"""How soon what a performer does is heard, and how many drummers play at once."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from ..errors import GrooveError
from ..protocol.session import Draft, When
from ..score.edits import Exact, Outs, Point, Walk
from ..score.targets import AHEAD, Osc
from . import Figure, figure
from .arrivals import Arrival, against_log, on_tempo
from .performer import Performer
from .receivers import Receiver

_MS, _SECOND = 1_000_000, 1_000_000_000
_FAST = 400  # bpm, the highest: a step is 37.5 ms, and what changes begins with one
_WALK = 32.0  # bars
_JUST = 150_000_000  # ns, in which a note has come at any rate
_APART = 0.27  # beats from one tempo to the next
_BEFORE = 0.15  # seconds before its bar that an edit is made


def now(performer: Performer, receiver: Receiver, tagged: bool, n: int) -> dict[str, Figure]:
    """Mute a drummer, and change its source, at once: how long the old goes on, less the look-ahead."""
    name = "now_tagged" if tagged else "now_untagged"
    ahead = AHEAD if tagged else 0.0
    performer.write(Draft("bpm", _FAST), Draft("out", Outs((Osc(port=receiver.port, tagged=tagged),)), name))
    performer.write(Draft("source", Exact(text="hh*16"), name))
    time.sleep(0.5)
    muted, last, first = [], [], []
    for k in range(n):
        sent = time.time_ns()
        performer.write(Draft("mute", True, name))
        time.sleep(ahead + 0.15)
        muted.append((max(_heard(receiver, sent, name)) - sent) / _MS - 1000 * ahead)
        performer.write(Draft("mute", False, name))
        time.sleep(ahead + random.uniform(0.15, 0.2))
        old, new, source = (("closed_hat", "kick", "bd*16"), ("kick", "closed_hat", "hh*16"))[k % 2]
        sent = time.time_ns()
        performer.write(Draft("source", Exact(text=source), name))
        time.sleep(ahead + 0.15)
        last.append((max(_heard(receiver, sent, name, old)) - sent) / _MS - 1000 * ahead)
        first.append((min(_heard(receiver, sent, name, new)) - sent) / _MS - 1000 * ahead)
    performer.write(Draft("source", None, name))
    goal = {"p99": 15.0}
    about = "less the look-ahead; a 16th is 37.5 ms"
    return {
        f"{name}.mute": figure(muted, "ms", f"from a mute to the last note, {about}", goal),
        f"{name}.last": figure(last, "ms", f"from a new source to the last note of the old, {about}", goal),
        f"{name}.first": figure(first, "ms", f"from a new source to its first note, {about}"),
    }


def _heard(receiver: Receiver, since: int, drummer: str, voice: str = "") -> list[int]:
    """Return when a drummer's notes, or those of one voice, sound, of those that came since shortly before a moment."""
    found = [_time(one) for one in receiver.since(since - _JUST) if one.drummer == drummer and voice in ("", one.voice)]
    if not found:
        raise GrooveError(f"nothing was heard of {drummer}")
    return found


def _time(one: Arrival) -> int:
    return one.stamp if one.tag is None else one.tag


def bars(performer: Performer, receiver: Receiver, n: int, bpm: float = 180) -> dict[str, Figure]:
    """Change a source 150 ms before a bar: how many steps from its line the first new note is."""
    name = "bars"
    step = 60 / bpm / 4
    performer.write(Draft("bpm", bpm), Draft("out", Outs((Osc(port=receiver.port),)), name))
    performer.write(Draft("source", Exact(text="hh*16"), name))
    time.sleep(1.0)
    off: list[float] = []
    for k in range(n):
        zero, beat = performer.zero(), performer.state().beat
        bar = beat // 4 + 1
        line = zero + round(bar * 16 * step * _SECOND)
        if line - time.time_ns() < (_BEFORE + 0.05) * _SECOND:
            line += round(16 * step * _SECOND)
        time.sleep((line - time.time_ns()) / _SECOND - _BEFORE)
        sound, voice = (("bd", "kick"), ("hh", "closed_hat"))[k % 2]
        sent = time.time_ns()
        performer.write(Draft("source", Exact(text=f"{sound}*16"), name), when=When("next"))
        time.sleep(_BEFORE + 2 * step)
        new = min(_heard(receiver, sent, name, voice))
        off.append(abs(round((new - line) / _SECOND / step)))
    performer.write(Draft("source", None, name))
    about = f"steps from its bar line, of an edit made {1000 * _BEFORE:g} ms before it"
    return {"bar_150": figure(off, "16th", about, {"max": 0.0})}


def hush(performer: Performer, receiver: Receiver, tagged: bool, n: int) -> dict[str, Figure]:
    """Take the source of eight drummers away: how long something is still heard."""
    kind = "tagged" if tagged else "untagged"
    names = [f"hush{k}" for k in range(8)]
    ahead = AHEAD if tagged else 0.0
    outs = Outs((Osc(port=receiver.port, tagged=tagged),))
    performer.write(Draft("bpm", _FAST), *(Draft("out", outs, name) for name in names))
    felt = []
    for _ in range(n):
        performer.write(*(Draft("source", Exact(text="hh*16"), name) for name in names))
        time.sleep(ahead + random.uniform(0.4, 0.6))
        sent = time.time_ns()
        performer.write(*(Draft("source", None, name) for name in names))
        time.sleep(ahead + 0.3)
        felt.append(max((max(_heard(receiver, sent, name)) - sent) / _MS for name in names))
    goal = {"max": 1000 * ahead + 50}
    return {f"hush_{kind}": figure(felt, "ms", "from the word to the last note of eight drummers", goal)}


def tempos(performer: Performer, receiver: Receiver, changes: int) -> dict[str, Figure]:
    """Change the tempo again and again while 16ths are played: timetags against the tempos that were asked for."""
    name = "tempos"
    performer.write(Draft("bpm", 150.0), Draft("out", Outs((Osc(port=receiver.port),)), name))
    performer.write(Draft("source", Exact(text="hh*16"), name))
    time.sleep(0.5)
    zero, start = performer.zero(), float(performer.state().beat // 1 + 4)
    chance = random.Random(4)
    asked = [(start + _APART * k, chance.uniform(100, 240)) for k in range(changes)]
    drafts = [Draft("bpm", bpm, beat=beat) for beat, bpm in asked]
    performer.write(*drafts, when=When("beat"))
    beats = start + _APART * changes + 8
    seconds = _seconds([(0.0, 150.0), *asked], [step / 4 for step in range(int(beats * 4))])
    begin = zero + round((seconds[int(start * 4)] - 1) * _SECOND)
    end = zero + round(seconds[-8] * _SECOND)
    time.sleep(max(0.0, (end - time.time_ns()) / _SECOND))
    performer.write(Draft("source", None, name))
    tags = [one.tag for one in receiver.between(begin, end) if one.drummer == name and one.tag is not None]
    error = abs(on_tempo(tags, seconds, zero)) / 1000
    about = f"timetags against the grid over {changes} changes of tempo"
    return {"tempo_changes.timetag": figure(error.tolist(), "us", about, {"max": 1.0})}


def _seconds(tempos: Sequence[tuple[float, float]], beats: Sequence[float]) -> list[float]:
    """Return when beats are: by sums, and not by the tempo map that is measured."""
    found = []
    for beat in beats:
        total = 0.0
        for (begin, bpm), (end, _) in zip(tempos, [*tempos[1:], (float("inf"), 0.0)], strict=True):
            if beat > begin:
                total += (min(beat, end) - begin) * 60 / bpm
        found.append(total)
    return found


def walkers(performer: Performer, receiver: Receiver, conductor: int, n: int, seconds: float) -> dict[str, Figure]:
    """Let many drummers walk at 180 bpm: late notes, what the log has and was not heard, and the conductor's share.

    Args:
        conductor: number of its process.
    """
    end = time.monotonic() + 20
    while (state := performer.state()).model is None and time.monotonic() < end:
        time.sleep(0.1)
    if state.model is None:
        raise GrooveError("the engine serves no model")
    genres = state.model.genres
    names = [f"w{k}" for k in range(n)]
    performer.write(Draft("bpm", 180.0))
    for k, name in enumerate(names):
        points = tuple(Point(name=genres[(k + j) % len(genres)]) for j in (0, 3, 5))
        performer.write(
            Draft("out", Outs((Osc(port=receiver.port),)), name),
            Draft("source", Walk(points, bars=_WALK), name),
        )
    end, begun = time.monotonic() + 30, time.time_ns()
    while time.monotonic() < end:  # a whole way is one answer: who comes last has to wait for the others'
        time.sleep(0.5)
        if {one.drummer for one in receiver.since(begun)} >= set(names):
            break
    performer.news.clear()
    before, used, start = performer.state(), _used(conductor), time.time_ns()
    time.sleep(seconds)
    stop, spent = time.time_ns(), _used(conductor)
    after, log = performer.state(), performer.log()
    zero = performer.origin(log)
    time.sleep(0.3)
    hits = [one for one in receiver.between(start - _SECOND, stop + _SECOND) if one.drummer in names]
    leads = [(one.tag - one.stamp) / _MS for one in hits if one.tag is not None]
    span = (float(before.beat // 1 + 2), float(after.beat // 1 - 2))
    missing, extra = against_log(log, hits, zero, span)
    performer.write(*(Draft("source", None, name) for name in names))
    late = sum(lead < 0 for lead in leads) + after.late - before.late + after.dropped - before.dropped
    figures = {
        "walkers.lead": figure(leads, "ms", f"{n} drummers walk at 180 bpm: look-ahead left on arrival", least=True),
        "walkers.late": figure([late], "note", "late or dropped", {"max": 0.0}),
        "walkers.missing": figure([missing], "note", "notes of the log that were not heard", {"max": 0.0}),
        "walkers.doubled": figure([extra], "note", "notes that were heard, but the log has not", {"max": 0.0}),
    }
    if used and spent:
        own, outputs = (100 * (b - a) / ((stop - start) / _SECOND) for a, b in zip(used, spent, strict=True))
        figures["walkers.cpu"] = figure([own], "%", "of one core, the conductor's process", {"max": 60.0})
        figures["walkers.outputs"] = figure([outputs], "%", "of one core, the processes that send")
    return figures


def _used(process: int) -> tuple[float, float] | None:
    """Return the seconds of CPU time that a process, and its children, have used; None without psutil."""
    try:
        import psutil  # optional
    except ImportError:
        return None
    found = psutil.Process(process)
    return sum(found.cpu_times()[:2]), sum(sum(child.cpu_times()[:2]) for child in found.children())
