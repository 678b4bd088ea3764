"""The doctor: looks at one topic after another, each in a thread of its own and in bounded time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from . import machine, music, programs
from .findings import TOPICS, Finding, Topic
from .music import Report

_PATIENCE: Final = 25.0  # seconds for a topic
_COMPILING: Final = 65.0  # seconds for SuperCollider, where its class library is compiled


def examine(report: Callable[[], Report], port: int, asked: Sequence[Topic] = ()) -> Iterator[Finding]:
    """Look at everything, or at some topics, and give what is found in their order.

    Args:
        report: returns what runs here, as `groovelive status --json` prints it.
        port: of the OSC door.
        asked: topics; by default all.
    """
    status = report()
    conductor = status["conductor"] if status["conductor"] and status["conductor"]["answers"] else None
    looks: dict[Topic, Callable[[], Iterator[Finding]]] = {
        "versions": machine.versions,
        "model": music.drummer,
        "folders": machine.folders,
        "session": lambda: music.session(status),
        "sound": lambda: music.sound(status),
        "midi": music.midi,
        "link": music.link,
        "ports": lambda: machine.ports(port, conductor),
        "realtime": lambda: machine.realtime(conductor),
        "supercollider": lambda: programs.supercollider("supercollider" in asked),
        "ableton": programs.ableton,
    }
    begun = [(topic, _begun(looks[topic])) for topic in TOPICS if not asked or topic in asked]
    start = time.monotonic()
    for topic, found in begun:
        patience = _COMPILING if topic == "supercollider" and asked else _PATIENCE
        yield from _until(topic, found, start + patience, patience)


def _begun(look: Callable[[], Iterator[Finding]]) -> queue.SimpleQueue[Finding | BaseException | None]:
    """Look at a topic in a thread; what it finds comes through the queue, and None at its end."""
    found: queue.SimpleQueue[Finding | BaseException | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            for each in look():
                found.put(each)
        except Exception as error:
            found.put(error)
        found.put(None)

    threading.Thread(target=run, name="doctor", daemon=True).start()
    return found


def _until(
    topic: Topic, found: queue.SimpleQueue[Finding | BaseException | None], end: float, patience: float
) -> Iterator[Finding]:
    while True:
        try:
            each = found.get(timeout=max(end - time.monotonic(), 0.01))
        except queue.Empty:
            what = f"looking at {TOPICS[topic]} has not ended within {patience:g} s"
            yield Finding(topic, "broken", what, "", "A check does not end")
            return
        if each is None:
            return
        if isinstance(each, BaseException):
            what = f"looking at {TOPICS[topic]} failed: {type(each).__name__}: {each}"
            yield Finding(topic, "broken", what, "", "A check does not end")
        else:
            yield each
