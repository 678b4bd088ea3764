"""Numbers of numpy count as numbers wherever a performer types one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import groovelive as gl

np: Any = numpy  # its numbers are none to a checker of types
HALF, TWO = np.float32(0.5), np.int64(2)

LINES: dict[str, Callable[[gl.Session], Any]] = {
    "control": lambda live: setattr(live.d1, "density", HALF),
    "whole control": lambda live: setattr(live.d1, "seed", TWO),
    "tempo": lambda live: setattr(live, "bpm", np.float32(100)),
    "seed": lambda live: setattr(live, "seed", TWO),
    "ramp": lambda live: setattr(live.d1, "density", gl.line(HALF, HALF, bars=TWO)),
    "adaptive": lambda live: setattr(live.d1, "follow", gl.adaptive(HALF, HALF)),
    "block": lambda live: gl.at(TWO, over=HALF),
    "move": lambda live: live.d1.every(TWO, gl.rotate(HALF)),
    "walk": lambda live: live.d1.walk("late night", gl.z.random(TWO), bars=TWO),
    "lock": lambda live: live.d1.lock(TWO),
    "note": lambda live: live.hit(HALF, key=np.int16(36), channel=TWO),
    "controller": lambda live: live.knob(TWO, np.uint8(64)),
    "knob": lambda live: gl.learn(live.d1.follow, cc=TWO, low=HALF),
    "input": lambda live: gl.midi_in("Keys", channel=TWO, notes=np.arange(36, 48), velocity=HALF, weight=HALF),
    "one key": lambda live: gl.midi_in("Keys", notes=TWO),
    "synth": lambda live: gl.synth(gain=HALF),
    "midi": lambda live: gl.midi("port", channel=TWO, shift=HALF),
    "clock": lambda live: gl.midi_clock("port", shift=HALF),
    "last": lambda live: live.last(TWO),
    "wait": lambda live: live.wait(bars=TWO),
    "feed": lambda live: live.feed("x", bars=TWO),
}


@pytest.mark.parametrize("line", LINES)
def test_a_number(line: str) -> None:
    with gl.open(realtime=False) as live:
        live.run(bars=1)
        LINES[line](live)


@pytest.mark.parametrize("seconds", [True, "soon", float("nan")])
def test_no_number_is_refused_in_a_sentence(seconds: Any) -> None:
    for make in (
        lambda: gl.synth(shift=seconds),
        lambda: gl.midi_clock("port", shift=seconds),
        lambda: gl.line(0, seconds, bars=1),
    ):
        with pytest.raises(gl.GrooveError):
            make()
