"""Reads what was heard against the grid: how far off each note is, and which are missing or there twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grooves.grid import VOICES
from ..score.edits import Edit
from ..score.events import events
from ..score.score import Score

_NTP = 2_208_988_800  # seconds from 1900, when NTP begins, to 1970 (RFC 5905)
_SECOND = 1_000_000_000  # ns
_NEAR = 0.005  # seconds within which a note may be the one that the log has
_SAME = 50e-6
_EDGE = 0.11  # seconds by which a note that is early, or nudged, lies outside of its step


class Arrival(NamedTuple):
    """A note as it was heard.

    Args:
        stamp: ns of the wall clock, when the kernel got it.
        tag: ns of the wall clock, its timetag; None without one.
        number: what its sender counted.
        voice, drummer: as it says.
    """

    stamp: int
    tag: int | None
    number: int
    voice: str = ""
    drummer: str = ""


class GridReading(NamedTuple):
    """Notes against a grid.

    Args:
        errors: ns, of each note from its place in the grid.
        missing, doubled: places between the first and the last note where there is none, or one too many.
        drift: how much slower than the grid they come, in millionths.
    """

    errors: NDArray[np.float64]
    missing: int
    doubled: int
    drift: float


def arrival(stamp: int, packet: bytes) -> Arrival:
    """Return the note in a message, or in a bundle of one message.

    >>> from groovelive.osc_messages.codec import bundle, message
    >>> arrival(7, bundle(2208988800 << 32, [message("/hit", 3, "snare", 0.5, "d1", 38)]))
    Arrival(stamp=7, tag=0, number=3, voice='snare', drummer='d1')
    """
    tag = None
    if packet.startswith(b"#bundle\0"):
        seconds, fraction = int.from_bytes(packet[8:12], "big"), int.from_bytes(packet[12:16], "big")
        tag = (seconds - _NTP) * _SECOND + ((fraction * _SECOND + (1 << 31)) >> 32)
        packet = packet[20:]
    _, at = _text(packet, 0)
    kinds, at = _text(packet, at)
    number, words = 0, []
    for k, kind in enumerate(kinds[1:]):
        if kind == "s":
            word, at = _text(packet, at)
            words.append(word)
            continue
        if k == 0:
            number = int.from_bytes(packet[at : at + 4], "big")
        at += 4
    return Arrival(stamp, tag, number, *words[:2])


def _text(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.index(b"\0", at)
    return packet[at:end].decode(), end // 4 * 4 + 4


def on_grid(times: Sequence[int], period: float) -> GridReading:
    """Read notes against a grid whose period (ns) is known: only its phase is fitted.

    >>> reading = on_grid([0, 100, 201, 201, 400], 100.0)
    >>> reading.missing, reading.doubled, reading.errors.tolist()
    (1, 1, [0.0, 0.0, 1.0, 1.0, 0.0])
    """
    since = _since(times)
    turn = 2j * np.pi / period
    phase = float(np.angle(np.exp(since * turn).mean())) / (2 * np.pi) * period
    places = np.round((since - phase) / period)
    found, often = np.unique(places, return_counts=True)
    missing = int(found[-1] - found[0]) + 1 - len(found)
    return _reading(since, places, period, missing, int((often - 1).sum()))


def by_count(times: Sequence[int], counts: Sequence[int], period: float) -> GridReading:
    """Read notes that their sender has numbered: for one that may be late by more than half a period."""
    places = np.asarray(counts, float)
    found, often = np.unique(places, return_counts=True)
    missing = int(found[-1] - found[0]) + 1 - len(found)
    return _reading(_since(times), places - places[0], period, missing, int((often - 1).sum()))


def _since(times: Sequence[int]) -> NDArray[np.float64]:
    if len(times) < 2:
        raise ValueError("nothing was heard")
    return np.array([time - times[0] for time in times], float)  # a float holds no ns since 1970


def _reading(
    since: NDArray[np.float64], places: NDArray[np.float64], period: float, missing: int, doubled: int
) -> GridReading:
    rest = since - places * period
    rest -= np.median(rest)
    drift = float(np.polyfit(places * period, rest, 1)[0]) * 1e6
    return GridReading(rest, missing, doubled, drift)


def on_tempo(tags: Sequence[int], seconds: Sequence[float], about: int) -> NDArray[np.float64]:
    """Return how far (ns) tags are from the nearest of some times, of which only the phase is fitted.

    Args:
        seconds: of the grid, from its beginning.
        about: ns of the wall clock when that was, within half a step.
    """
    grid = np.asarray(seconds) * _SECOND
    since = np.array([tag - about for tag in tags], float)
    nearest = grid[np.abs(since[:, None] - grid[None, :]).argmin(1)]
    rest: NDArray[np.float64] = since - nearest
    return rest - np.median(rest)


def against_log(
    edits: Iterable[Edit], hits: Sequence[Arrival], about: int, beats: tuple[float, float]
) -> tuple[int, int]:
    """Return how many notes of a log were not heard, and how many were heard that it has not, or has once.

    Args:
        edits: the log.
        hits: what was heard, with timetags: more than what lies between the beats.
        about: ns of the wall clock at beat 0, within 5 ms.
        beats: from one to the other the log is read.
    """
    score = Score(edits)
    played: dict[tuple[str, str], list[float]] = {}
    for one in hits:
        assert one.tag is not None
        played.setdefault((one.drummer, one.voice), []).append((one.tag - about) / _SECOND)
    wanted = [
        ((event.drummer, VOICES[event.voice]), score.tempo.seconds(event.beat) + event.nudge)
        for event in events(score, *beats)
    ]
    near = [gap for key, at in wanted for time in played.get(key, ()) if abs(gap := time - at) < _NEAR]
    offset = float(np.median(near)) if near else 0.0
    heard = [any(abs(time - at - offset) < _SAME for time in played.get(key, ())) for key, at in wanted]
    first, last = (score.tempo.seconds(beat) + way for beat, way in zip(beats, (_EDGE, -_EDGE), strict=True))
    inside = sum(first < time - offset < last for times in played.values() for time in times)
    known = sum(was and first < at < last for was, (_, at) in zip(heard, wanted, strict=True))
    return heard.count(False), max(inside - known, 0)
