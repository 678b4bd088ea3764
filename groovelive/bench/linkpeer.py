"""Another peer of Ableton Link, in a process of its own; and a network of its own to meet it in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import GrooveError
from ..sync.base import check_installed

QUANTUM = 4.0


class LinkPeer:
    """Takes part in the Link session of this network.

    Args:
        bpm: its tempo, where it is the first.

    Raises:
        GrooveError: the extra `link` is not installed.
    """

    def __init__(self, bpm: float) -> None:
        check_installed("link", "Ableton Link", "link")
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(bpm)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self._ask("errors", [])

    def __enter__(self) -> LinkPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _ask(self, word: str, value: Any) -> Any:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.write(json.dumps([word, value]) + "\n")
        return json.loads(self._child.stdout.readline())

    def turn_to(self, bpm: float) -> float:
        """Change the tempo of the session, and return when: seconds of the wall clock."""
        return float(self._ask("bpm", bpm))

    def play(self, on: bool) -> None:
        """Start or stop, for those who share that."""
        self._ask("play", on)

    def bpm(self) -> float:
        """Return the tempo of the session, as this peer has it."""
        return float(self._ask("tempo", None))

    def errors(self, tags: Sequence[int], grid: float = 0.25) -> list[float]:
        """Return how many seconds after (before) the nearest line of its grid moments are.

        Args:
            tags: ns of the wall clock, since the tempo last changed.
            grid: beats from line to line.
        """
        return list(map(float, self._ask("errors", [list(tags), grid])))


def main(bpm: float) -> None:
    """Be the process of a `LinkPeer`, until standard input ends."""
    import link  # optional, and of no use to the process that starts this one

    peer = link.Link(bpm)
    peer.startStopSyncEnabled = True
    peer.enabled = True
    clock = peer.clock()
    for line in sys.stdin:
        word, value = json.loads(line)
        before = time.time_ns()
        micros = clock.micros()
        wall = (before + time.time_ns()) // 2
        state = peer.captureAppSessionState()
        answer: Any = None
        if word == "bpm":
            state.setTempo(value, micros)
            peer.commitAppSessionState(state)
            answer = wall / 1e9
        elif word == "play":
            state.setIsPlaying(value, micros)
            peer.commitAppSessionState(state)
        elif word == "tempo":
            answer = state.tempo()
        elif value:
            tags, grid = value
            beats = [state.beatAtTime(micros + round((tag - wall) / 1000), QUANTUM) for tag in tags]
            answer = [((beat + grid / 2) % grid - grid / 2) * 60 / state.tempo() for beat in beats]
        print(json.dumps(answer), flush=True)


def apart(words: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in a network of its own, in which nobody but what it starts takes part in Link.

    Raises:
        GrooveError: this system makes no such network for us.
    """
    for options in (["-n"], ["-rn"]):
        unshare = ["unshare", *options, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        if shutil.which("unshare") and not subprocess.run([*unshare, "true"], capture_output=True).returncode:
            everything = {**os.environ, **(environment or {})}
            return subprocess.run([*unshare, *words], capture_output=True, text=True, check=False, env=everything)
    raise GrooveError("this system makes no network of its own for a session to meet a peer in (unshare -n)")


if __name__ == "__main__":
    main(float(sys.argv[1]))
