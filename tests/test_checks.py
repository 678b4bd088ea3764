"""Numbers of numpy's count as numbers wherever one is taken; a bool is none."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import groovelive as gl
from groovelive import saving
from groovelive.checks import is_number, is_whole, number, whole
from groovelive.errors import GrooveError
from groovelive.grooves.groove import Groove
from groovelive.live.session import Session
from groovelive.midi_files.reader import write

FLOATS: list[Callable[[Any], Any]] = [np.float32, np.float64, np.float16, lambda x: np.array(x, np.float64), Fraction]
WHOLES: list[Callable[[Any], Any]] = [np.int64, np.uint16, lambda x: np.array(x, np.int32)]
NO_NUMBERS = [True, np.True_, np.array(True), "1", None, [1], np.array([1]), np.array(None), 1j, np.complex64(1)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number(value: Any) -> None:
    assert not is_number(value) and not is_whole(value)
    for check in (number, whole):
        with pytest.raises(GrooveError, match=r"^gain must be a (whole )?number"):
            check("gain", value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [*FLOATS, Decimal])
def test_a_number_of_any_kind(kind: Callable[[Any], Any]) -> None:
    assert number("gain", kind(0.5), 0, 1e30) == 0.5
    assert not is_whole(kind(0.5))
    with pytest.raises(GrooveError, match=r"not 0\.5$"):
        number("gain", kind(0.5), 1, 2)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", WHOLES)
def test_a_whole_number_of_any_kind(kind: Callable[[Any], Any]) -> None:
    found = whole("bars", kind(3), 1, 1 << 70)
    assert found == 3 and type(found) is int
    assert type(number("bars", kind(3))) is float


@pytest.fixture
def live() -> Session:
    session = gl.open(realtime=False)
    session.d1 >> gl.groove("x..x..x.")
    session.run(bars=1)
    return session


GROOVE = Groove.parse("bd sn")
TAKES_NUMBERS: dict[str, tuple[float, Callable[[Any, Any], Any]]] = {
    "tempo": (120, lambda live, x: setattr(live, "bpm", x)),
    "density": (0.5, lambda live, x: setattr(live.d1, "density", x)),
    "density of a group": (0.5, lambda live, x: setattr(live.d1.hats, "density", x)),
    "fills": (1, lambda live, x: setattr(live.d1, "fills", x)),
    "swing": (0.5, lambda live, x: setattr(live.d1, "swing", x)),
    "nudge": (0.01, lambda live, x: setattr(live.d1, "nudge", x)),
    "velocity": (0.5, lambda live, x: setattr(live.d1, "velocity", x)),
    "weights": (0.5, lambda live, x: setattr(live.d1, "genre", {"funk": x, "jazz": x})),
    "line": (0.5, lambda live, x: setattr(live.d1, "density", gl.line(0, x, bars=4))),
    "over": (2, lambda live, x: live.at("next", over=x)),
    "beats": (1, lambda live, x: live.run(beats=x)),
    "hit": (0.5, lambda live, x: live.hit(x)),
    "target": (0.5, lambda live, x: gl.synth(gain=x)),
    "quantise": (0.5, lambda live, x: GROOVE.quantise(x)),
    "accent": (0.1, lambda live, x: GROOVE.accent("backbeats", x)),
    "model": (0.5, lambda live, x: gl.load().drum("x..x..x.", density=x, adherence=x, complexity=x, genre={"funk": x})),
    "model's tempo": (100, lambda live, x: gl.load().drum("x..x..x.", tempo=x)),
}
TAKES_WHOLES: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "seed": (4, lambda live, x: setattr(live.d1, "seed", x)),
    "phrase": (8, lambda live, x: setattr(live.d1, "phrase", x)),
    "bars": (1, lambda live, x: live.run(bars=x)),
    "last": (1, lambda live, x: live.last(x)),
    "at": (9, lambda live, x: live.at(x)),
    "knob": (5, lambda live, x: live.knob(x, x)),
    "feed": (1, lambda live, x: live.feed("x..x", bars=x)),
    "every": (4, lambda live, x: live.d1.every(x, gl.fill)),
    "notation": (2, lambda live, x: Groove.parse("<bd sn>", bars=x)),
    "rotate": (2, lambda live, x: GROOVE.rotate(x)),
    "accents": (4, lambda live, x: GROOVE.accent(x, 0.1)),
    "channel": (5, lambda live, x: gl.midi("Synth", channel=x)),
    "model's": (3, lambda live, x: gl.load().drum("x..x..x.", seed=x, max_hits=x, top_k=x)),
    "song": (4, lambda live, x: gl.load().song("A1", count_in=x, seed=x, tempo=x * 20)),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("what", [*TAKES_NUMBERS, *TAKES_WHOLES])
def test_numpys_numbers_are_taken(live: Session, what: str) -> None:
    value, take = (TAKES_NUMBERS | TAKES_WHOLES)[what]
    kinds = WHOLES if what in TAKES_WHOLES else FLOATS[:4] + (WHOLES if value == int(value) else [])
    for kind in kinds:
        take(live, kind(value))


@pytest.mark.parametrize("what", [*TAKES_NUMBERS, *TAKES_WHOLES])
def test_a_bool_is_not(live: Session, what: str) -> None:
    for value in (True, np.True_, np.array(True)):
        with pytest.raises(GrooveError):
            (TAKES_NUMBERS | TAKES_WHOLES)[what][1](live, value)


@pytest.mark.parametrize("kind", [*FLOATS[:4], *WHOLES])
def test_a_tempo_of_numpys_is_written(tmp_path: Path, kind: Callable[[Any], Any]) -> None:
    saving.save([("", GROOVE)], [tmp_path / "a.mid"], tempo=kind(100))
    write(tmp_path / "b.mid", GROOVE, tempo=100)
    assert (tmp_path / "a.mid").read_bytes().count(b"\xff\x51\x03\x09\x27\xc0") == 1
