"""`learn` asks its argument which control it is: what was read last does not count."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import groovelive as gl
from groovelive.live.addressed import bare
from groovelive.score.controls import CONTROLS, SESSION_CONTROLS


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False) as session:
        session.d1 >> gl.hands()
        session.d2 >> gl.hands()
        yield session


def learned(live: gl.Session) -> list[tuple[str, str]]:
    return [(edit.drummer, edit.path) for edit in live.score.edits if edit.path.startswith("knob.") and edit.value]


VALUES: dict[str, tuple[str, Any]] = {
    "a number": ("follow", 0.4),
    "a number that is not set": ("follow", None),
    "a name": ("genre", "funk"),
    "a name that is not set": ("genre", None),
    "weights": ("genre", {"funk": 0.75, "jazz": 0.25}),
    "names in time": ("genre", "<funk jazz>"),
    "a pattern in time": ("density", "<.3 .5>"),
    "a ramp": ("density", gl.line(0.25, 0.75, bars=4)),
    "what follows a player": ("density", gl.adaptive(0.25, 0.75)),
}


@pytest.mark.parametrize("kind", VALUES)
def test_the_first_of_two_that_were_read(kind: str, live: gl.Session) -> None:
    name, value = VALUES[kind]
    setattr(live.d1, name, value)
    setattr(live.d2, name, value)
    first = getattr(live.d1, name)
    second = getattr(live.d2, name)
    assert first == second
    gl.learn(first, cc=21)
    assert learned(live) == [("d1", f"knob.{name}")]
    gl.unlearn(first)
    assert live.value("d1", f"knob.{name}") is None


def test_something_else_was_read_since(live: gl.Session) -> None:
    live.d1.genre = "funk"
    genre = live.d1.genre
    repr(live.d2), live.d2.genre, live.d1.follow, live.bpm
    gl.learn(genre, cc=21)
    assert learned(live) == [("d1", "knob.genre")]


def test_a_value_that_was_read_off_no_control_is_refused(live: gl.Session) -> None:
    live.d1.genre = "funk"
    for value in ("funk", live.d1.follow + 0, 1.0, live.d1.tap_invert, live.d1.density, None, live, live.d1, object()):
        with pytest.raises(gl.GrooveError, match=r"say which control: .*learn\(d1, 'density'\)"):
            gl.learn(value, cc=21)
    assert not learned(live)


def test_by_name_and_of_parts(live: gl.Session) -> None:
    gl.learn(live.d1, "density", cc=21)
    gl.learn(live.d1.hh, "density", cc=22)
    live.d1.hats.density = 0.5
    gl.learn(live.d1.hats.density, cc=23)
    gl.learn(live.d1.bd.threshold, cc=24)
    gl.learn(live.d1.home, cc=64)
    gl.learn(live, "bpm", cc=25)
    gl.learn(live.quantum, cc=26)
    paths = ["density", "density.closed_hat", "density.hats", "threshold.kick", "home", "bpm", "quantum"]
    assert [path.removeprefix("knob.") for _, path in learned(live)] == paths


def test_bpm_as_it_is_read(live: gl.Session) -> None:
    gl.learn(live.bpm, cc=23, low=90, high=180)
    for value in (0, 127):
        live.knob(23, value)
    assert live.score.value("", "bpm", math.inf) == 180


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_read_is_as_the_plain_value(kind: str, live: gl.Session) -> None:
    name, value = VALUES[kind]
    setattr(live.d1, name, value)
    read = getattr(live.d1, name)
    plain = bare(read)
    assert type(plain) in (float, str, dict, type(value))
    assert read == plain and plain == read and isinstance(read, type(plain))
    assert (repr(read), str(read), f"{read}") == (repr(plain), str(plain), f"{plain}")
    for copied in (copy.copy(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
        assert copied == plain and type(copied) is type(plain)
    if isinstance(plain, float | str | dict):
        assert json.dumps(read) == json.dumps(plain)
    if isinstance(plain, float | str):
        assert {plain: 1}[read] == 1
    if isinstance(plain, float):
        assert (read + 1, 2 * read, f"{read:.1f}", read < 2) == (plain + 1, 2 * plain, f"{plain:.1f}", True)
    assert msgspec.msgpack.encode(bare(read)) == msgspec.msgpack.encode(plain)


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_read_off_one_can_be_set_for_another(kind: str, live: gl.Session) -> None:
    name, value = VALUES[kind]
    setattr(live.d1, name, value)
    setattr(live.d2, name, getattr(live.d1, name))
    assert getattr(live.d2, name) == getattr(live.d1, name)
    for edit in live.score.edits:  # no value of the log knows a session
        assert bare(edit.value) is edit.value
        assert msgspec.msgpack.encode(edit)
    assert getattr(live.d2, name).address.drummer == "d2"


def test_every_control_that_is_read_has_its_address_or_is_none_or_a_switch(live: gl.Session) -> None:
    of_drummer = [n for n, c in CONTROLS.items() if c.kind in ("number", "whole", "genre", "choice", "switch", "point")]
    read = [name for name in of_drummer if isinstance(getattr(type(live.d1), name, None), property)]
    assert {"follow", "seed", "genre", "response", "tap_invert", "a"} <= set(read)
    for name in set(read) - {"each_bar"}:
        if CONTROLS[name].kind == "point":
            setattr(live.d1, name, "late night")
        value = getattr(live.d1, name)
        if value is None or isinstance(value, bool):
            continue
        assert (value.address.drummer, value.address.path) == ("d1", name)
    for name in ("bpm", "seed", "quantum"):
        assert (getattr(live, name).address.drummer, getattr(live, name).address.path) == ("", name)
        assert getattr(live, name) == SESSION_CONTROLS[name].default
