"""Published patterns of other live-coding systems play what their documentation says, bar by bar as in one go."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groovelive.grooves.groove import SHORT
from groovelive.notation.parser import bars_of, notes, parse

from .published import FOXDOT, SONIC_PI, STRUDEL, TIDAL

SYSTEMS = {"TidalCycles": TIDAL, "Strudel": STRUDEL, "FoxDot": FOXDOT, "Sonic Pi": SONIC_PI}
ALL = [
    pytest.param(*pattern, id=f"{system}: {pattern[0]}"[:60])
    for system, published in SYSTEMS.items()
    for patterns in published.values()
    for pattern in patterns
]


def played(text: str, bars: int) -> str:
    """Return what a rhythm plays in some bars, in the form of the tables above."""
    found: dict[int, list[Fraction]] = {}
    for note in parse(text, bars=bars):
        where = note.step + Fraction(float(note.offset)).limit_denominator(48)
        found.setdefault(note.voice, []).append(where)
    lines = []
    for voice, steps in sorted(found.items()):
        told = (str(step) if step.denominator == 1 else f"{float(step):.2f}".rstrip("0") for step in sorted(steps))
        lines.append(f"{SHORT[voice]} {' '.join(told)}")
    return "; ".join(lines)


@pytest.mark.parametrize(("text", "bars", "expected"), ALL)
def test_a_published_pattern_plays_what_its_documentation_says(text: str, bars: int, expected: str) -> None:
    assert played(text, bars) == expected


@pytest.mark.parametrize("system", SYSTEMS)
def test_there_are_sixty_of_each_system(system: str) -> None:
    patterns = {text for patterns in SYSTEMS[system].values() for text, _, _ in patterns}
    assert len(patterns) >= 58  # some are published twice


@pytest.mark.parametrize(("text", "bars", "expected"), ALL)
def test_it_goes_round_bar_by_bar(text: str, bars: int, expected: str) -> None:
    """A drummer reads a rhythm bar by bar: what it plays in a later bar is what it plays there in one go."""
    whole = [(n.step, n.voice, n.velocity) for n in notes(text, bars=bars + 1) if n.offset >= 0]
    last = [(n.step, n.voice, n.velocity) for n in notes(text, bars=1, start=bars) if n.offset >= 0]
    assert sorted(n for n in last if n[0]) == sorted(
        (step - bars * 16, voice, velocity) for step, voice, velocity in whole if step > bars * 16
    )
    assert bars_of(text) <= 3


@pytest.mark.parametrize(
    ("text", "always", "perhaps"),
    [
        ("bd? sd", {("sn", 8)}, {("bd", 0)}),
        ("bd*8?", set(), {("bd", step) for step in range(0, 16, 2)}),
        ("bd sd?0.7", {("bd", 0)}, {("sn", 8)}),
        ("[bd|cp|hh]", set(), {("bd", 0), ("sn", 0), ("hh", 0)}),
        ("bd [sd|cp|hh]", {("bd", 0)}, {("sn", 8), ("hh", 8)}),
        (
            "x-o{-=[--][-o]}",
            {("bd", 0), ("bd", 8), ("sn", 4), ("sn", 12), ("hh", 2), ("hh", 10)},
            {(voice, step + half) for voice, step in (("hh", 6), ("oh", 6), ("sn", 7), ("hh", 7)) for half in (0, 8)},
        ),
        (
            "x-o({-=}[--])",
            {("bd", 0), ("bd", 8), ("sn", 4), ("sn", 12), ("hh", 2), ("hh", 10), ("hh", 14), ("hh", 15)},
            {("hh", 6), ("oh", 6)},
        ),
        (
            "x{[--]-}o{[--][----]}",
            {("bd", 0), ("bd", 8), ("sn", 4), ("sn", 12)},
            {("hh", step + half) for step in (2, 3, 6, 7) for half in (0, 8)} | {("hh", 0), ("hh", 8)},
        ),
    ],
)
def test_chances_play_what_they_may(text: str, always: set[tuple[str, int]], perhaps: set[tuple[str, int]]) -> None:
    seen: set[tuple[str, int]] = set()
    for seed in range(60):
        hits = {(SHORT[note.voice], note.step) for note in parse(text, bars=1, seed=seed)}
        assert always <= hits <= always | perhaps
        seen |= hits
    assert seen == always | perhaps
