"""Completion inside strings: names of ours where they can be typed, and whatever IPython offers elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import groovelive as gl
from groovelive.live.completion import Strings
from groovelive.score.controls import CONTROLS

GENRES, PRESETS = ["funk", "folk", "jazz"], ["late night", "late set", "lagos"]


@pytest.fixture
def strings() -> Strings:
    return Strings(lambda: GENRES, lambda: PRESETS, lambda: ["Keys", "Pads"], lambda: ["Synth"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('d1.genre = "', GENRES),
        ("d1.genre='f", ["funk", "folk"]),
        ('d1.genre = {"funk": .7, "ja', ["jazz"]),
        ('with at("+8", over=4): d1.genre = "fu', ["funk"]),
        ("d1.genre = 'FU", ["funk"]),
        ('d1.a = "late ', ["late night", "late set"]),
        ('d1.z = 0.5 * gl.z("la', ["late night", "late set", "lagos"]),
        ('d1.walk("late night", "lag', ["lagos"]),
        ('d1 >> gl.midi_in("', ["Keys", "Pads"]),
        ('d1 >> midi_in("Keys", instrument="b', ["bass"]),
        ('live.out = gl.midi("', ["Synth"]),
        ('d1 >> gl.groove("x..x..x.", instrument="g', ["guitar"]),
        ('d1.only("kick", "ha', ["hats"]),
        ('d1.redirect("to', ["toms"]),
        ('live["bass"].response = "l', ["loop"]),
        ("x = 1  # it's\nd1.genre = \"fu", ["funk"]),
    ],
)
def test_names_are_offered_where_they_can_be_typed(strings: Strings, text: str, names: list[str]) -> None:
    found = strings.at(text)
    assert found is not None and list(found[1]) == names


@pytest.mark.parametrize(
    "text",
    ['open("', "d1.genre", 'd1.genre = "funk"', 'd1 >> "x..', 'd1.genre == "fu', '# d1.genre = "fu', "d1.density = '<"],
)
def test_elsewhere_nothing_is(strings: Strings, text: str) -> None:
    assert strings.at(text) is None


@pytest.mark.parametrize("name", [name for name, control in CONTROLS.items() if control.choices])
def test_every_choice_is_offered(strings: Strings, name: str) -> None:
    assert strings.at(f'd1.{name} = "') == ("", list(CONTROLS[name].choices))


@pytest.fixture
def shell() -> Iterator[Any]:
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    from groovelive.live import ipython

    InteractiveShell.clear_instance()
    found = InteractiveShell.instance()
    with gl.open(realtime=False) as live:
        ipython.load(found, live)
        yield found
    InteractiveShell.clear_instance()


def test_ipython_offers_these_alone(shell: Any) -> None:
    from IPython.core.completer import provisionalcompleter

    def offered(text: str) -> list[str]:
        with provisionalcompleter():
            return [text[: one.start] + one.text for one in shell.Completer.completions(text, len(text))]

    assert offered('d1.genre = "fu') == ['d1.genre = "funk']
    assert offered('d1.a = "late n') == ['d1.a = "late night']
    assert set(offered('d1.genre = "')) == {f'd1.genre = "{name}' for name in gl.genres}
    assert "d1.genre" in offered("d1.gen")[0]
