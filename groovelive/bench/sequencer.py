"""A sequencer that sends MIDI clock from a port of its own, with jitter, in a process that can be killed."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Mapping

from ..errors import GrooveError
from ..runtime.midi_ports import open_client

NAME = "sequencer"


class Sequencer:
    """Sends MIDI clock; each tick is late by another while, as |N(0, jitter)|.

    Args:
        bpm: its tempo.
        environment: in which MIDI is found.
        jitter: seconds.
        seed: of it.

    Raises:
        GrooveError: there is no MIDI.
    """

    def __init__(self, bpm: float, environment: Mapping[str, str], jitter: float = 0.0, seed: int = 1) -> None:
        self.bpm = bpm
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(bpm), str(jitter), str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=os.environ | dict(environment),
        )  # fmt: skip
        assert self._child.stdout is not None
        if self._child.stdout.readline() != "ready\n":
            self.end()
            raise GrooveError("the sequencer has no MIDI to play on")

    def __enter__(self) -> Sequencer:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def say(self, *words: str) -> None:
        """Have it do something: "start", "stop", "continue", "position N" in 16ths, or "hole N": leave N ticks out."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n".join(words) + "\n")

    def turn_to(self, bpm: float) -> None:
        """Change the tempo."""
        self.bpm = bpm
        self.say(f"bpm {bpm}")

    def place(self) -> tuple[int, float, float]:
        """Return when its next tick is due (ns, monotonic), at which beat, and how late ticks are in the mean (s)."""
        assert self._child.stdout is not None
        self.say("place")
        due, beat, late = self._child.stdout.readline().split()
        return int(due), float(beat), float(late)

    def beat(self, at: int) -> float:
        """Return its beat at a moment, in ns of the monotonic clock, as its ticks would tell it without jitter."""
        due, beat, _ = self.place()
        return beat + (at - due) / 60e9 * self.bpm

    def end(self) -> None:
        """Kill it."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()


def main(bpm: float, jitter: float, seed: int) -> None:
    """Be the process of a `Sequencer`, until standard input ends."""
    port = open_client("MidiOut", NAME)
    port.open_virtual_port("clock")
    chance = random.Random(seed)
    print("ready", flush=True)
    due, tick, hole, runs, rest = time.monotonic() + 0.1, 0, 0, True, b""
    late, count = 0.0, 0
    while True:
        this = abs(chance.gauss(0, jitter)) if jitter else 0.0
        late, count = late + this, count + 1
        while (wait := due + this - time.monotonic()) > 0:
            if not select.select([0], [], [], wait)[0]:
                continue
            data = os.read(0, 4096)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                word, _, number = line.decode().partition(" ")
                if word == "bpm":
                    bpm = float(number)
                elif word == "start":
                    tick, runs = 0, True
                    port.send_raw(0xFA)
                elif word == "stop":
                    runs = False
                    port.send_raw(0xFC)
                elif word == "continue":
                    runs = True
                    port.send_raw(0xFB)
                elif word == "position":
                    tick = int(number) * 6
                    port.send_raw(0xF2, int(number) & 127, int(number) >> 7)
                elif word == "hole":
                    hole = int(number)
                elif word == "place":
                    print(round(due * 1e9), tick / 24, late / count, flush=True)
        if hole:
            hole -= 1
        else:
            port.send_raw(0xF8)
        tick += runs
        due += 60 / bpm / 24


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
