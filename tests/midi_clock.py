"""A sequencer that sends MIDI clock to a JACK port of its own, with jitter: `midi_clock.py BPM JITTER_MS [SEED]`.

Each line on standard input is a command: `bpm N`, `start`, `stop`, `continue`, `position N`, `beat` (prints the moment
(ns, monotonic) and the beat of the tick that is due next, without jitter), `hole N` (N ticks are not sent).
"""

from __future__ import annotations

import os
import random
import select
import sys
import time

from groovelive.outlets.midi import client


def main(bpm: float, jitter: float, seed: int) -> None:
    port = client("MidiOut", "sequencer")
    port.open_virtual_port("clock")
    chance = random.Random(seed)
    print("ready", flush=True)
    due, tick, hole, runs, rest = time.monotonic() + 0.1, 0, 0, True, b""
    while True:
        late = abs(chance.gauss(0, jitter)) if jitter else 0.0
        while (wait := due + late - time.monotonic()) > 0:
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
                elif word == "beat":
                    print(round(due * 1e9), tick / 24, flush=True)
        if hole:
            hole -= 1
        else:
            port.send_raw(0xF8)
        tick += runs
        due += 60 / bpm / 24


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]) / 1000, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
