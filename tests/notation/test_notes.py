"""The notes of a text are those of its groove, and those that a journal keeps as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groovelive.errors import GrooveError
from groovelive.notation.caret import NotationError
from groovelive.notation.parser import notes, parse
from groovelive.score.edits import Exact, Rhythm, of_groove, pack, unpack
from groovelive.score.rhythms import check, notes_in

MINI = ["bd*3 [sn hh*5]", "hh(3,8) bd?, sn*7", "[hh hh hh]@1 ~@3", "bd*32, bd*24", "hh*32^<.3 .9>", "<x x*2 x*32>", "X"]
STEPS = ["x..x..X.", "bd: x..x\nsn: ..5.", "x...x...x...x..."]


@given(st.sampled_from(MINI + STEPS), st.integers(0, 9), st.integers(0, 40), st.integers(1, 4))
def test_notes_are_those_of_the_groove(text: str, seed: int, start: int, bars: int) -> None:
    found = notes(text, bars=bars, seed=seed, start=start)
    groove = parse(text, bars=bars, seed=seed, start=start)
    assert found == tuple(groove)
    assert found == unpack(of_groove(groove)) == unpack(pack(found))  # as journals have had them
    assert all(type(note.velocity) is float and type(note.offset) is float for note in found)


@pytest.mark.parametrize("text", MINI + STEPS)
def test_a_rhythm_has_the_notes_of_its_text(text: str) -> None:
    assert notes_in(Rhythm(text=text), 0) == notes(text)


@pytest.mark.parametrize("text", ["bd snn", "x-o[", "bd: y..."])
def test_what_cannot_be_read_is_told_by_a_check(text: str) -> None:
    for source in (Rhythm(text=text), Exact(text=text)):
        with pytest.raises(NotationError):
            check(source)


@pytest.mark.parametrize("wrong", [{"bars": 0}, {"bars": 257}, {"bars": 1.5}, {"seed": "x"}, {"start": 0.5}])
def test_numbers_that_are_wrong(wrong: dict[str, object]) -> None:
    with pytest.raises(GrooveError, match="whole number"):
        notes("bd", **wrong)  # type: ignore[arg-type]
