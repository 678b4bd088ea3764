"""Mini-notation against what Tidal documents, step strings, the grid, errors with carets, and limits."""

from __future__ import annotations

import doctest
import pickle
import re
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.errors import GrooveError
from groovelive.grooves.groove import SHORT, VOICES, Groove
from groovelive.notation import caret, code, drums, mini, nodes, play_strings, rings, tabs
from groovelive.notation import parser as notation
from groovelive.notation import pattern as cycles
from groovelive.notation import step_strings as stepstring
from groovelive.notation.nodes import bjorklund
from groovelive.notation.parser import (
    DRUMS,
    DrumHit,
    NotationError,
    drum,
    number,
    parse,
    pattern,
    value,
    word,
)
from tests.support.paths import DOCS

PAGE = DOCS / "notation.md"


def told(text: str, cycles: int = 2) -> str:
    """All events of the first cycles as 'begin-end value', for tables that can be read."""
    events = pattern(text, word).query(0, cycles)
    return ", ".join(f"{event.begin}-{event.end} {event.value}" for event in events)


def tells(text: str, cycles: int = 4) -> list[tuple[Fraction, Fraction, str]]:
    """All events, those of one moment in alphabetical order."""
    return sorted((event.begin, event.end, event.value) for event in pattern(text, word).query(0, cycles))


# Documented behaviour: https://tidalcycles.org/docs/reference/mini_notation (symbol table and sections), the
# changes of Tidal 1.4 to 1.9, and the facts that Tidal's own tests of its parser pin down.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bd", "0-1 bd, 1-2 bd"),
        ("bd sn", "0-1/2 bd, 1/2-1 sn, 1-3/2 bd, 3/2-2 sn"),
        ("~ hh", "1/2-1 hh, 3/2-2 hh"),
        ("[bd sd] hh", "0-1/4 bd, 1/4-1/2 sd, 1/2-1 hh, 1-5/4 bd, 5/4-3/2 sd, 3/2-2 hh"),
        (
            "bd . sn sn . hh hh hh",
            "0-1/3 bd, 1/3-1/2 sn, 1/2-2/3 sn, 2/3-7/9 hh, 7/9-8/9 hh, 8/9-1 hh, "
            "1-4/3 bd, 4/3-3/2 sn, 3/2-5/3 sn, 5/3-16/9 hh, 16/9-17/9 hh, 17/9-2 hh",
        ),
        ("bd! sn", "0-1/3 bd, 1/3-2/3 bd, 2/3-1 sn, 1-4/3 bd, 4/3-5/3 bd, 5/3-2 sn"),
        ("bd!! sn", "0-1/4 bd, 1/4-1/2 bd, 1/2-3/4 bd, 3/4-1 sn, 1-5/4 bd, 5/4-3/2 bd, 3/2-7/4 bd, 7/4-2 sn"),
        ("bd@3 sn", "0-3/4 bd, 3/4-1 sn, 1-7/4 bd, 7/4-2 sn"),
        ("bd _ _ sn", "0-3/4 bd, 3/4-1 sn, 1-7/4 bd, 7/4-2 sn"),
        ("bd _ _ ~ sd _", "0-1/2 bd, 2/3-1 sd, 1-3/2 bd, 5/3-2 sd"),
        ("<bd sn>*2", "0-1/2 bd, 1/2-1 sn, 1-3/2 bd, 3/2-2 sn"),
        ("<bd sn hh>*2", "0-1/2 bd, 1/2-1 sn, 1-3/2 hh, 3/2-2 bd"),
        ("bd <sd hh cp>", "0-1/2 bd, 1/2-1 sd, 1-3/2 bd, 3/2-2 hh"),
        ("bd/2", "0-2 bd"),
        ("bd cp/2", "0-1/2 bd, 1/2-3/2 cp, 1-3/2 bd"),
        ("[a b]*1.5", "0-1/3 a, 1/3-2/3 b, 2/3-1 a, 1-4/3 b, 4/3-5/3 a, 5/3-2 b"),
        ("a*2 b", "0-1/4 a, 1/4-1/2 a, 1/2-1 b, 1-5/4 a, 5/4-3/2 a, 3/2-2 b"),
        (
            "a@0.5 b@1%6 b@1%6 b@1%6",
            "0-1/2 a, 1/2-2/3 b, 2/3-5/6 b, 5/6-1 b, 1-3/2 a, 3/2-5/3 b, 5/3-11/6 b, 11/6-2 b",
        ),
        (
            "{bd sn, hh hh hh}%4",
            "0-1/4 bd, 0-1/4 hh, 1/4-1/2 sn, 1/4-1/2 hh, 1/2-3/4 bd, 1/2-3/4 hh, 3/4-1 sn, 3/4-1 hh, "
            "1-5/4 bd, 1-5/4 hh, 5/4-3/2 sn, 5/4-3/2 hh, 3/2-7/4 bd, 3/2-7/4 hh, 7/4-2 sn, 7/4-2 hh",
        ),
        ("{a b, c d e}", "0-1/2 a, 0-1/2 c, 1/2-1 b, 1/2-1 d, 1-3/2 a, 1-3/2 e, 3/2-2 b, 3/2-2 c"),
        (
            "{bd cp hh}%4",
            "0-1/4 bd, 1/4-1/2 cp, 1/2-3/4 hh, 3/4-1 bd, 1-5/4 cp, 5/4-3/2 hh, 3/2-7/4 bd, 7/4-2 cp",
        ),
        ("bd(3,8,2)", "1/8-1/4 bd, 1/2-5/8 bd, 3/4-7/8 bd, 9/8-5/4 bd, 3/2-13/8 bd, 7/4-15/8 bd"),
        ("bd(<3 1>,8)", "0-1/8 bd, 3/8-1/2 bd, 3/4-7/8 bd, 1-9/8 bd"),
        ("bd(1,<4 8>,<0 -1>)", "0-1/4 bd, 9/8-5/4 bd"),
        ("bd(0,8)", ""),
        ("bd*<1 2>", "0-1 bd, 1-3/2 bd, 3/2-2 bd"),
        ("{a b c}%<1 2>", "0-1 a, 1-3/2 c, 3/2-2 a"),
        ("<a b>(2,4)", "0-1/4 a, 1/2-3/4 a, 1-5/4 b, 3/2-7/4 b"),
        (
            "[bd [hh [cp sn] hh]] bd",
            "0-1/4 bd, 1/4-1/3 hh, 1/3-3/8 cp, 3/8-5/12 sn, 5/12-1/2 hh, 1/2-1 bd, "
            "1-5/4 bd, 5/4-4/3 hh, 4/3-11/8 cp, 11/8-17/12 sn, 17/12-3/2 hh, 3/2-2 bd",
        ),
    ],
)
def test_events_are_exact(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("bd sd . hh hh hh", "[bd sd] [hh hh hh]"),
        ("[bd*3 . hh*2] . hh*4 cp", "[[bd*3] [hh*2]] [hh*4 cp]"),
        ("bd*2 sd", "[bd bd] sd"),
        ("bd <sd hh cp>", "[bd sd bd hh bd cp]/3"),
        ("bd!3 sd", "bd bd bd sd"),
        ("a _ _ b _", "a@3 b@2"),
        ("{bd bd bd bd, cp cp hh}", "bd*4, <[cp cp hh cp] [cp hh cp cp] [hh cp cp hh]>"),
        ("{bd cp hh}%8", "<[bd cp hh bd cp hh bd cp] [hh bd cp hh bd cp hh bd] [cp hh bd cp hh bd cp hh]>"),
        ("{a !}%2", "{a a}%2"),
        ("<a!3 b ! c@5>", "[[a a a b b] c]/10"),
        ("a!8?0", "[a!8]?0"),
        ("a@2 ! b", "a@2 a@2 b"),
        ("bd(3,8)", "bd ~ ~ bd ~ ~ bd ~"),
        ("bd(3,8,1)", "~ ~ bd ~ ~ bd ~ bd"),
        ("bd(3,8,2)", "~ bd ~ ~ bd ~ bd ~"),
        ("bd(3,8,3)", "bd ~ ~ bd ~ bd ~ ~"),
        ("bd(3,8,-1)", "bd(3,8,7)"),
        ("bd(-3,8)", "~ bd bd ~ bd bd ~ bd"),
        ("[bd sn](3,8)", "[bd sn] ~ ~ [bd sn] ~ ~ [bd sn] ~"),
        ("bd(3,8)?0 sn", "[bd(3,8)] sn"),
        ("bd*2(3,8)", "[bd bd] ~ ~ [bd bd] ~ ~ [bd bd] ~"),
        ("bd([3 5]/2,8)", "<bd(3,8) bd(5,8)>"),
        ("bd(3 5,8)", "bd ~ ~ bd ~ bd bd ~"),
        ("hh*[2 4]", "hh [hh hh]"),
        ("hh*[1,2]", "hh, hh hh"),
        ("bd/<1 2>", "<bd ~>"),
        ("a - b", "a ~ b"),
        ("<a b , c d e>", "<a b>, <c d e>"),
        ("<a b>!2", "<a b> <a b>"),
        ("<a <b c>>", "<a b a c>"),
        ("[a b]/2 c", "<[a c] [b c]>"),
        ("a\n\tb", "a b"),
    ],
)
def test_two_spellings_of_one_pattern(text: str, same: str) -> None:
    assert tells(text) == tells(same)
    assert tells(text)


# G. Toussaint's table as Tidal's tests hold it, with their corrections of his slips.
@pytest.mark.parametrize(
    "rhythm",
    [
        (1, 2, "x."), (1, 3, "x.."), (1, 4, "x..."), (4, 12, "x..x..x..x.."), (2, 5, "x.x.."), (3, 4, "xxx."),
        (3, 5, "x.x.x"), (3, 7, "x.x.x.."), (3, 8, "x..x..x."), (4, 7, "x.x.x.x"), (4, 9, "x.x.x.x.."),
        (4, 11, "x..x..x..x."), (5, 6, "xxxxx."), (5, 7, "x.xx.xx"), (5, 8, "x.xx.xx."), (5, 9, "x.x.x.x.x"),
        (5, 11, "x.x.x.x.x.."), (5, 12, "x..x.x..x.x."), (5, 16, "x..x..x..x..x..."), (7, 8, "xxxxxxx."),
        (7, 12, "x.xx.x.xx.x."), (7, 16, "x..x.x.x..x.x.x."), (9, 16, "x.xx.x.x.xx.x.x."),
        (11, 24, "x..x.x.x.x.x..x.x.x.x.x."), (13, 24, "x.xx.x.x.x.x.xx.x.x.x.x."),
        (0, 3, "..."), (3, 3, "xxx"), (-3, 8, ".xx.xx.x"), (-8, 8, "........"),
    ],
)  # fmt: skip
def test_euclid_spreads_as_published(rhythm: tuple[int, int, str]) -> None:
    pulses, steps, expected = rhythm
    assert "".join("x" if hit else "." for hit in bjorklund(pulses, steps)) == expected
    played = {event.begin * steps for event in pattern(f"x({pulses},{steps})").query(0, 1)}
    assert played == {n for n, char in enumerate(expected) if char == "x"}


def test_a_rotation_takes_from_the_next_cycle() -> None:
    assert told("<a b>(3,8,2)", 1) == "1/8-1/4 a, 1/2-5/8 a, 3/4-7/8 b"


def test_question_mark_drops_its_share_and_each_one_its_own() -> None:
    dropped = [len(pattern(f"a?{amount}").query(0, 2000)) / 2000 for amount in ("", "0.3", ".8")]
    assert dropped == pytest.approx([0.5, 0.7, 0.2], abs=0.04)
    both = pattern("[a?, b?]", word).query(0, 2000)
    together = sum(first.begin == second.begin for first, second in pairwise(both)) / 2000
    assert together == pytest.approx(0.25, abs=0.04)
    halves = pattern("a*2?", word).query(0, 1000)
    assert {event.begin % 1 for event in halves} == {0, Fraction(1, 2)}
    assert len(halves) == pytest.approx(1000, abs=70)


def test_choice_is_drawn_anew_in_every_cycle() -> None:
    words = [event.value for event in pattern("a | [b | c] | [d | e | f]", word).query(0, 1800)]
    shares = [words.count(letter) / 1800 for letter in "abcdef"]
    assert shares == pytest.approx([1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9], abs=0.04)
    pairs = pattern("[a|b] [a|b]", word).query(0, 1000)
    drawn = [first.value + second.value for first, second in zip(pairs[::2], pairs[1::2], strict=True)]
    shares = [drawn.count(pair) / 1000 for pair in ("aa", "ab", "ba", "bb")]
    assert shares == pytest.approx([0.25] * 4, abs=0.05)
    for text in ("[a|b]*16", "[a|b]!16"):
        assert len({event.value for event in pattern(text).query(0, 1)}) == 2


def test_chance_is_the_seeds_alone() -> None:
    text = "[bd|sn]*4 hh*16? <cp? rim>"
    late = pattern(text, seed=7).query(5, 6)
    assert late == [event for event in pattern(text, seed=7).query(0, 6) if event.begin >= 5]
    assert len({str(pattern(text, seed=seed).query(0, 4)) for seed in range(8)}) == 8
    assert parse("hh*16?", seed=1) != parse("hh*16?", seed=2)


# Patterns of other values


def test_at_gives_what_holds() -> None:
    density = pattern("<.3 .5 .5 .9>", number)
    assert [density.at(bar + Fraction(1, 3)) for bar in range(-1, 5)] == [0.9, 0.3, 0.5, 0.5, 0.9, 0.3]
    assert pattern("a/4", word).at(3.5) == "a"
    assert pattern("a b/2", word).at(1.75) == "b"
    assert pattern("a ~", word).at(0.5) is None
    assert pattern("[a, b c]", word).at(0.75) == "c"
    assert pattern("[a, b]", word).at(0.75) == "b"
    assert pattern("a b*<1 2>", word).at(Fraction(7, 4)) == "b"
    assert pattern("1 <2 x>").at(0.5) == 2.0
    assert pattern("1 <2 x>").at(1.5) == "x"
    assert pattern("hip-hop afro_cuban", word).at(0.9) == "afro_cuban"
    assert pattern("-1 +2 1%4", number).query(0, 1)[2].value == 0.25


def test_any_function_makes_values() -> None:
    assert pattern("3 <4 5>", int).at(1.5) == 5
    with pytest.raises(NotationError, match="'four'") as caught:
        pattern("3 four", int)
    assert caught.value.position == 2
    assert value("1") == 1.0
    assert value("one") == "one"


@pytest.mark.parametrize("bad", ["one", "1%0", "1%x", ""])
def test_a_number_is_a_number(bad: str) -> None:
    with pytest.raises(GrooveError, match="not a number"):
        number(bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "soon", None])
def test_time_is_finite(bad: object) -> None:
    with pytest.raises(GrooveError, match="finite number"):
        pattern("a").at(bad)  # type: ignore[arg-type]


def test_a_query_is_an_interval() -> None:
    assert pattern("a b").query(0.5, 0.5) == []
    assert [event.begin for event in pattern("a b").query(-1, 0)] == [-1, Fraction(-1, 2)]
    with pytest.raises(GrooveError, match="at or after"):
        pattern("a").query(1, 0)
    with pytest.raises(GrooveError, match="too many"):
        pattern("a*8").query(0, 10**6)


def test_a_pattern_shows_its_text() -> None:
    assert repr(pattern("a  b")) == "TimePattern('a  b')"


# Drums, velocity, the grid


def test_every_voice_has_its_names() -> None:
    for index, names in enumerate(zip(VOICES, SHORT, strict=True)):
        assert [drum(name) for name in names] == [DrumHit(index), DrumHit(index)]
    assert parse("sd BD Hh")[0:1] == parse("sn bd hh", bars=1)
    assert {DRUMS[name] for name in ("sd", "cp", "rim")} == {1}
    assert (DRUMS["ch"], DRUMS["ho"], DRUMS["x"]) == (2, 3, 2)
    assert parse("[x x] X", bars=1).velocities[[0, 4, 8], 2] == pytest.approx([0.8, 0.8, 1.0])


@pytest.mark.parametrize(
    ("text", "velocities"),
    [
        ("hh*4", [0.8] * 4),
        ("hh^.6 hh^0.5 hh^1 hh", [0.6, 0.5, 1.0, 0.8]),
        ("[hh hh^.3]^.9 hh . hh", [0.9, 0.3, 0.8, 0.8]),
        ("hh*4^[.9 .4 .6 .5]", [0.9, 0.4, 0.6, 0.5]),
        ("hh^<.9 .4>*4", [0.9, 0.4, 0.9, 0.4]),
        ("hh(4,16)^[.9 ~]", [0.9, 0.9, 0.8, 0.8]),
        ("X*2 hh*2^.2", [1.0, 1.0, 0.2, 0.2]),
    ],
)
def test_velocities(text: str, velocities: list[float]) -> None:
    assert [note.velocity for note in parse(text, bars=1)] == pytest.approx(velocities)


def notes(text: str, bars: int = 1) -> list[tuple[str, int, float, float]]:
    groove = parse(text, bars=bars)
    return [(SHORT[n.voice], n.step, round(n.velocity, 3), round(n.offset, 3)) for n in groove]


def test_triplets_become_offsets() -> None:
    assert notes("sn*3") == [("sn", 0, 0.8, 0), ("sn", 5, 0.8, 0.333), ("sn", 11, 0.8, -0.333)]
    assert notes("[~ sn sn]@1 ~@3") == [("sn", 1, 0.8, 0.333), ("sn", 3, 0.8, -0.333)]


def test_a_hit_just_before_the_loops_end_is_the_first_steps() -> None:
    assert notes("~@61 sn@3") == [("sn", 15, 0.8, 0.25)]
    assert notes("~@63 sn") == [("sn", 0, 0.8, -0.25)]


def test_a_hit_half_way_goes_where_there_is_room() -> None:
    assert notes("~@3 bd ~@28") == [("bd", 1, 0.8, 0.5)]
    assert notes("bd bd ~@30") == [("bd", 0, 0.8, 0), ("bd", 1, 0.8, -0.5)]
    assert notes("bd bd^.9 bd ~@29") == [("bd", 0, 0.9, 0.5), ("bd", 1, 0.8, 0)]
    assert notes("bd ~@29 bd bd^.5") == [("bd", 0, 0.8, 0), ("bd", 15, 0.8, 0)]


def test_louder_wins_and_then_the_one_nearer_to_the_grid() -> None:
    assert notes("sn^.3 sn^.5 ~@62") == [("sn", 0, 0.5, 0.25)]
    assert notes("[sn^.3, sn^.9, sn^.4]") == [("sn", 0, 0.9, 0)]
    assert notes("~@2 sn sn ~@124") == [("sn", 0, 0.8, 0.25)]
    assert notes("~@5 sn sn ~@121") == [("sn", 1, 0.8, -0.25)]
    assert len(parse("hh*64", bars=1)) == 16


def test_a_cycle_is_a_bar() -> None:
    groove = parse("<bd sn>", bars=3)
    assert groove.steps == 48
    assert [(note.step, note.name) for note in groove] == [(0, "kick"), (16, "snare"), (32, "kick")]
    assert Groove.parse("<bd sn>", bars=3) == groove
    assert parse("bd") == parse("bd", bars=2)


@pytest.mark.parametrize("bars", [0, -1, 257, 10_000, 1.5, "2", None])
def test_bars_are_a_sensible_whole_number(bars: object) -> None:
    with pytest.raises(GrooveError, match=r"1 to 256 bars|whole number"):
        parse("bd", bars=bars)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [None, 3, b"bd", ["bd"]])
def test_a_rhythm_is_text(text: object) -> None:
    with pytest.raises(GrooveError, match="written as text"):
        parse(text)  # type: ignore[arg-type]


# Step strings


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x..x..x.", "[x ~ ~ x ~ ~ x ~]!2"),
        ("x...|x...|x...|x...", "x*4"),
        ("x--- x---", "x*4"),
        ("xX", "[x X]*8"),
        ("9...3...", "[x^1 x^.333333333]*2"),
        ("x...............x.......x.......", "<x [x x]>"),
        ("bd: x...x...\nsn: ....x...", "bd*4, [~ sn]*2"),
        ("kick:x...; hh :x.", "bd*4, hh*8"),
        ("; bd: x...\n\n  \n bd: ..X.", "bd*4, [~ bd^1]*4"),
        ("bd: 1000000000000000", "bd"),
        ("1000100010001000", "x*4"),
        ("1..1..1.", "x(3,8)*2"),
        ("bd: 1000; sn: 0020", "bd*4, [~ sn^.222222222]*4"),
        ("hh: x.; sn: 0100", "hh*8, [~ sn ~ ~]*4"),
        ("sn: x..1", "[sn ~ ~ sn^.111111111]*4"),
        ("hh: x..o; sn: g..O", "[hh ~ ~ oh]*4, [sn^.3 ~ ~ sn^1]*4"),
        ("bd:1000", "bd*4"),
    ],
)
def test_step_strings(text: str, same: str) -> None:
    groove, other = parse(text), parse(same)
    assert np.array_equal(groove.hits, other.hits)
    assert np.allclose(groove.velocities, other.velocities)
    assert not groove.offsets.any()


def test_digits_are_ninths_and_rests_may_be_all() -> None:
    velocities = parse("123456789x......", bars=1).velocities[:10, 2]
    assert velocities == pytest.approx([*(n / 9 for n in range(1, 10)), 0.8])
    assert parse("........") == Groove.empty()


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("x" * 48, "48 steps are longer than 2 bars (32 steps); use bars=3", 0),
        ("x" * 33, "33 steps are longer than 2 bars (32 steps); use bars=3", 0),
        ("bd: x...\nsn ....x...", "every line begins with a voice, for example 'sn: ....x...'", 9),
        ("bd: x...; snn: x...", f"unknown drum 'snn' (did you mean 'sn'?); drums are {' '.join(SHORT)}", 10),
        ("bd: x(3,8)", "'(' is no step; steps are x X . - and 1 to 9", 5),
        ("bd: x...\nsn: " + "x" * 40, "40 steps are longer than 2 bars (32 steps); use bars=3", 13),
        ("bd: | |", "this line has no steps", 2),
        ("x" * 70_000, "a step string has at most 65536 characters, not 70000", 65536),
    ],
)
def test_step_strings_that_cannot_be(text: str, reason: str, position: int) -> None:
    with pytest.raises(NotationError) as caught:
        parse(text)
    assert (caught.value.reason, caught.value.position) == (reason, position)


# Errors: the reason, and the characters that stand over the carets


@pytest.mark.parametrize(
    ("text", "wrong", "reason"),
    [
        ("bd sm", "sm", r"unknown drum 'sm' \(did you mean 'sn'\?\)"),
        ("bd\nkik hh", "kik", "did you mean 'kick'"),
        ("sn bd:k", "bd:k", "whole number, as in 'bd:3'"),
        ("bd:<0 x> sn", "x", "not a number"),
        ("bd:<.5>", ".5", "whole number from 0 up"),
        ("808 bd", "808", "unknown drum '808'"),
        ("bd [sn hh", "[", "never closed"),
        ("bd sn(3,8", "(", "never closed"),
        ("bd sn] hh", "]", r"there is no '\['"),
        ("<bd [sn> hh", ">", r"'\]' should come first"),
        ("bd*", "*", "needs a number"),
        ("bd*0", "*0", "above 0"),
        ("bd/0", "/0", "above 0"),
        ("bd*<1 0>", "0", "above 0"),
        ("bd*[1 x]", "x", "not a number"),
        ("bd*[~ ~]", "[", "holds no number"),
        ("bd@0 sn", "0", "longer than 0"),
        ("bd!0", "!0", "from 1 up"),
        ("bd?1.5", "?1.5", "from 0 to 1"),
        ("bd*1234567890123", "1234567890123", "12 digits"),
        ("{bd sn}%0", "%0", "above 0"),
        ("sn bd(3)", "(", "written"),
        ("bd(3,8,1,2)", ",", "three at most"),
        ("bd(3,0)", "0", "at least 1 step"),
        ("bd(3,-8)", "-8", "at least 1 step"),
        ("bd(9,8) sn", "(9,8)", "9 pulses do not fit into 8 steps"),
        ("bd(-9,8) sn", "(-9,8)", "9 pulses do not fit"),
        ("bd(<3 9>,8)", "(<3 9>,8)", "9 pulses do not fit"),
        ("bd(2.5,8)", "2.5", "whole numbers"),
        ("bd(3,x)", "x", "whole numbers"),
        ("bd^", "^", "needs a number"),
        ("bd^1.5", "^1.5", "velocity lies"),
        ("bd^0", "^0", "velocity lies"),
        ("bd^<.5 2>", "2", "velocity lies"),
        ("bd*[1^.5]", "^", "velocity of a drum"),
        ("! bd", "!", "repeats the step before it"),
        ("_ bd", "_", "lengthens the step before it"),
        ("bd . . sn", ".", "no step before this '.'"),
        ("bd . ", " ", "no step before"),
        ("bd.sn", ".", "a space on both sides"),
        ("bd .. sn", ".", "a space on both sides"),
        ("[bd | sn , hh]", ",", "cannot stand side by side"),
        ("<bd|sn>", "<", r"inside \[ \]"),
        ("[]", "]", "no step before this"),
        ("bd, ,sn", ",", "no step before this"),
        ("bd $ sn", "$", "no meaning"),
        ("bd*100000", "bd", "more than 1024 events"),
        ("bd [[hh*64]*64]*64", "[", "more than 1024 events"),
        ("bd!100000", "!100000", "more than 1024 events"),
        ("bd(3,2000)", "(", "more than 1024 events"),
        ("[bd/9999999]!1000*9999999", "[", "more than 1024 events"),
        ("bd*[9,9,9,9]*[8,8,8,8]", "bd", "more than 1024 events"),
    ],
)
def test_errors_point(text: str, wrong: str, reason: str) -> None:
    with pytest.raises(NotationError, match=reason) as caught:
        parse(text)
    error = caught.value
    start, stop = error.position, error.position + error.length
    assert text[start : start + len(wrong)] == wrong or (wrong == " " and text[start:stop].strip() == "")
    shown, carets = str(error).split("\n")[1:]
    assert len(error.reason.split(". ")) == 1
    covered = [char for char, sign in zip(shown.ljust(len(carets)), carets, strict=False) if sign == "^"]
    assert "".join(covered).startswith(wrong.rstrip()[: len(covered)])
    assert error.text == text
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_is_an_error(text: str) -> None:
    with pytest.raises(NotationError, match="nothing to play"):
        parse(text)


def test_a_long_line_is_shown_around_the_mistake() -> None:
    with pytest.raises(NotationError) as caught:
        parse("bd sn\n" + "hh " * 100 + "hj " + "hh " * 100 + "\noh")
    _, shown, carets = str(caught.value).split("\n")
    assert len(shown) < 80
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "hj"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60 + "bd" + "]" * 60,
        "[" * 4000,
        "bd(" + "[" * 1000,
        "bd*" + "<" * 1000,
        "bd" + "*1" * 1000,
        "bd" + "^.5" * 1000,
        "bd" + "!" * 4000,
        "bd " * 2000,
        "<bd@0.00000000001>",
        "[[bd/999999]!1000]*999999",
        "bd" + "*[1,1,1,1]" * 300,
        "bd*[" + "1 " * 1500 + "]",
    ],
)
def test_explosions_are_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(NotationError, match=r"deep|more than 1024|at most 4096"):
        parse(text)
    assert time.process_time() - start < 1


# Properties

Cycle = list[tuple[Fraction, Fraction, str]]


class Rhythm:
    """A text and, worked out independently of the reader, what it does in one cycle."""

    def __init__(self, text: str, cycle: Callable[[int], Cycle]) -> None:
        self.text, self.cycle = text, cycle

    def __repr__(self) -> str:
        return self.text


def _squeezed(events: Cycle, start: Fraction, width: Fraction) -> Cycle:
    return [(start + b * width, start + e * width, v) for b, e, v in events]


def _sequence(steps: list[tuple[Rhythm, int]]) -> Rhythm:
    total = sum(weight for _, weight in steps)

    def cycle(n: int) -> Cycle:
        events, start = [], Fraction(0)
        for rhythm, weight in steps:
            width = Fraction(weight, total)
            events += _squeezed(rhythm.cycle(n), start, width)
            start += width
        return events

    return Rhythm("[" + " ".join(f"{r.text}@{w}" if w > 1 else r.text for r, w in steps) + "]", cycle)


def _alternation(rhythms: list[Rhythm]) -> Rhythm:
    text, count = " ".join(r.text for r in rhythms), len(rhythms)
    return Rhythm(f"<{text}>", lambda n: rhythms[n % count].cycle(n // count))


def _stack(rhythms: list[Rhythm]) -> Rhythm:
    text = ", ".join(r.text for r in rhythms)
    return Rhythm(f"[{text}]", lambda n: [event for r in rhythms for event in r.cycle(n)])


def _faster(rhythm: Rhythm, times: int) -> Rhythm:
    def cycle(n: int) -> Cycle:
        width = Fraction(1, times)
        turns = (_squeezed(rhythm.cycle(n * times + k), k * width, width) for k in range(times))
        return [event for turn in turns for event in turn]

    return Rhythm(f"{rhythm.text}*{times}", cycle)


def _euclid(rhythm: Rhythm, pulses: int, steps: int) -> Rhythm:
    hits = [n for n, hit in enumerate(bjorklund(pulses, steps)) if hit]
    width = Fraction(1, steps)
    return Rhythm(
        f"{rhythm.text}({pulses},{steps})",
        lambda n: [event for k in hits for event in _squeezed(rhythm.cycle(n), k * width, width)],
    )


LEAVES = st.one_of(
    st.sampled_from("abc").map(lambda name: Rhythm(name, lambda n: [(Fraction(0), Fraction(1), name)])),
    st.just(Rhythm("~", lambda n: [])),
)
EXACT = st.recursive(
    LEAVES,
    lambda rhythms: st.one_of(
        st.lists(st.tuples(rhythms, st.integers(1, 3)), min_size=1, max_size=3).map(_sequence),
        st.lists(rhythms, min_size=1, max_size=3).map(_alternation),
        st.lists(rhythms, min_size=2, max_size=3).map(_stack),
        st.builds(_faster, rhythms.map(lambda r: _sequence([(r, 1)])), st.integers(1, 3)),
        st.builds(
            lambda r, k, n: _euclid(_sequence([(r, 1)]), min(k, n), n),
            rhythms, st.integers(1, 5), st.integers(1, 7),
        ),
    ),
    max_leaves=6,
)  # fmt: skip

NAMES = st.sampled_from(["bd", "sn", "hh", "x", "open_hat", "~", "-"])
MODIFIERS = st.sampled_from(
    ["", "", "*2", "*1.5", "/2", "/3", "!2", "!", "@2", "@.5", "?", "?.3", "(3,8)", "(<2 5>,8,<0 3>)",
     "*<1 3>", "^.4", "^<.3 .9>", "(-3,7,-2)", "*[1 2]"]
)  # fmt: skip
TEXTS = st.recursive(
    NAMES,
    lambda parts: st.one_of(
        st.builds(str.__add__, parts.filter(lambda t: " " not in t), MODIFIERS),
        st.lists(
            st.builds(str.__add__, parts.map("[{}]".format), MODIFIERS), min_size=1, max_size=3
        ).map(" ".join),
        st.lists(parts, min_size=1, max_size=3).map(lambda p: f"<{' '.join(p)}>"),
        st.lists(parts, min_size=2, max_size=3).map(lambda p: f"[{' | '.join(p)}]"),
        st.lists(parts, min_size=2, max_size=3).map(lambda p: f"{{{' , '.join(p)}}}%<3 4>"),
        st.lists(parts, min_size=2, max_size=3).map(" . ".join).map("[{}]".format),
        st.lists(parts, min_size=1, max_size=3).map(lambda p: " _ ".join(p) + " !"),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(EXACT)
def test_the_reader_agrees_with_an_independent_evaluation(rhythm: Rhythm) -> None:
    expected = sorted((n + b, n + e, v) for n in range(3) for b, e, v in rhythm.cycle(n))
    assert sorted(tuple(event) for event in pattern(rhythm.text, word).query(0, 3)) == expected


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.fractions(0, 2, max_denominator=24), st.integers(0, 9))
def test_asking_in_two_goes_is_asking_once(text: str, middle: Fraction, seed: int) -> None:
    read = pattern(text, drum, seed=seed)
    whole = read.query(0, 2)
    assert whole == read.query(0, middle) + read.query(middle, 2)
    assert all(event.end > event.begin >= 0 for event in whole)
    assert pattern(text, drum, seed=seed).query(0, 2) == whole
    groove = parse(text, seed=seed)
    assert len(groove) <= len(whole)
    for event in whole:
        assert groove.hits[:, event.value.voice].any()


@settings(max_examples=100, deadline=None)
@given(EXACT, st.fractions(0, 4, max_denominator=24).filter(lambda moment: moment < 4))
def test_what_holds_is_the_event_that_began_last(rhythm: Rhythm, moment: Fraction) -> None:
    cycle, phase = divmod(moment, 1)
    holding = [(begin, name) for begin, end, name in rhythm.cycle(cycle) if begin <= phase < end]
    last = max((begin for begin, _ in holding), default=None)
    allowed: list[str | None] = [name for begin, name in holding if begin == last]
    assert pattern(rhythm.text, word).at(moment) in (allowed or [None])


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="bdsnhx.~-_!@*/?^()[]<>{}%,|:; 0123456789X\n", max_size=30)
    | st.text(alphabet="xXoOgVv-=*#~ ()[]<>{}.|:HBS1\n", max_size=24)
    | st.text(alphabet="[](),. 01=:\nringboolskntpeadtruefalse", max_size=24)
    | st.builds(
        '{}("{}"){}'.format, st.sampled_from(["play", "s", "d1 $ sound"]), st.text(max_size=12), st.text(max_size=2)
    )
    | st.text(max_size=20)
)
def test_garbage_is_told_not_crashed_on(text: str) -> None:
    try:
        groove = parse(text, bars=4)
    except NotationError as error:
        assert len(str(error).split("\n")) == 3
        assert 0 <= error.position <= max(len(error.text), 1)
    else:
        assert groove.steps == 64


@given(st.text("xX.-0123456789", min_size=2, max_size=64), st.integers(1, 4))
def test_a_step_string_is_its_characters_and_goes_round(text: str, bars: int) -> None:
    if bars * 16 < len(text):
        with pytest.raises(NotationError, match=rf"^{len(text)} steps .* use bars={-(-len(text) // 16)}\n"):
            parse(text, bars=bars)
        return
    groove = parse(text, bars=bars)
    hits = set(text) & set("xX123456789")
    steps = text.replace("1", "x") if hits == {"1"} else text
    expected = [stepstring.VELOCITIES[steps[step % len(steps)]] for step in range(bars * 16)]
    assert groove.velocities[:, 2] == pytest.approx(expected)
    assert groove.hits[:, 2].tolist() == [float(velocity > 0) for velocity in expected]


# The documents


@pytest.mark.parametrize(
    "module", [caret, code, cycles, drums, mini, nodes, notation, play_strings, rings, stepstring, tabs]
)
def test_docstring_examples(module: object) -> None:
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)  # type: ignore[arg-type]
    assert result.attempted
    assert not result.failed


def test_the_page_runs() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 10
    assert not result.failed


def _rows() -> list[tuple[str, str]]:
    rows = re.findall(r"^\|[^|]*\|[^|]*\| `([^`]+)` \| `([^`]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == 17
    return rows


@pytest.mark.parametrize(("text", "same"), _rows())
def test_the_rows_of_the_page_are_true(text: str, same: str) -> None:
    first, second = (pattern(side, drum).query(0, 6) for side in (text, same))
    assert first
    assert sorted((e.begin, e.value) for e in first) == sorted((e.begin, e.value) for e in second)


def test_the_page_names_every_drum() -> None:
    page = PAGE.read_text("utf-8").split("### Drums")[1].split("###")[0]
    long_toms = {"low_tom", "mid_tom", "high_tom"}
    assert {name for name in DRUMS if f"`{name}`" not in page} == long_toms


def test_a_typical_line_takes_a_millisecond() -> None:
    parse("bd(3,8) [~ sn] hh*8")
    best = min(_seconds("bd(3,8) [~ sn] hh*8") for _ in range(20))
    assert best < 0.005  # .4 ms measured; wide, because a test machine is busy


def _seconds(text: str) -> float:
    start = time.perf_counter()
    parse(text)
    return time.perf_counter() - start
