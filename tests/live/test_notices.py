"""Lines about what others do: at once, few, of others only, and without what could harm a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from groovelive.live.notices import Notices
from groovelive.score.edits import Edit, Exact
from groovelive.score.inputs import Knob
from groovelive.score.score import Score


class Reader:
    """Notices on a clock that the test moves, and the lines that they said."""

    def __init__(self, *edits: Edit) -> None:
        self.now, self.lines, self.score = 100.0, list[str](), Score(edits)
        self.notices = Notices(self.lines.append, now=lambda: self.now)

    def edit(self, path: str, value: Any, drummer: str = "d1", by: str = "maria", **more: Any) -> None:
        edit = Edit(beat=more.pop("beat", 4), drummer=drummer, path=path, value=value, by=by, **more)
        self.score.add(edit)
        self.notices.edited(edit)

    def after(self, seconds: float) -> list[str]:
        """Let time pass, in turns of 50 ms; return the lines of that time."""
        count = len(self.lines)
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            self.notices.turn(self.score, "kim", 0.0)
        return self.lines[count:]


def test_a_change_is_told_within_a_quarter_of_a_second() -> None:
    reader = Reader()
    reader.edit("genre", "funk")
    assert reader.after(0.25) == ["maria: d1.genre = funk"] and reader.after(60) == []


def test_a_block_is_one_line() -> None:
    reader = Reader()
    for path, value in (("genre", "funk"), ("density", 0.5), ("swing", 0.2), ("mute", True), ("follow", 0.1)):
        reader.edit(path, value, beat=32, over=4)
    told = "d1.genre = funk over 4 bars, d1.density = 0.5 over 4 bars, d1.swing = 0.2 over 4 bars, and 2 more"
    assert reader.after(1) == [f"maria: {told}, from bar 9"]


@pytest.mark.parametrize("by", ["maria", "osc", "midi:Keys"])
def test_a_knob_is_told_when_it_begins_and_when_it_rests(by: str) -> None:
    reader = Reader()
    lines = []
    for k in range(200):
        reader.edit("density", k / 200, by=by)
        lines += reader.after(0.05)
    lines += reader.after(5)
    name = by.removeprefix("midi:")
    assert len(lines) == 2 and lines[0].startswith(f"{name}: d1.density = 0.01")
    assert lines[1] == f"{name}: d1.density = 0.995"


def test_a_program_that_never_rests_does_not_flood_the_prompt() -> None:
    reader = Reader()
    for k in range(300):
        for drummer in ("d1", "d2", "d3"):
            reader.edit("density", k / 300, drummer)
            reader.edit("swing", k / 600, drummer)
        reader.after(2)
    assert len(reader.lines) < 25  # of ten minutes


def test_many_who_do_much_are_told_in_few_lines_and_nothing_is_lost() -> None:
    reader = Reader()
    for k in range(40):
        reader.edit("genre", "funk", f"d{k}", by=f"p{k % 20}")
        reader.after(0.2)
    assert len(reader.lines) <= 7
    reader.after(120)
    assert len({line.partition(":")[0] for line in reader.lines}) == 20


def test_ones_own_and_what_plays_by_itself_are_not_told() -> None:
    knob = Edit(beat=0, drummer="d1", path="knob.density", value=Knob("Keys", False, 1, 9), by="kim")
    reader = Reader(knob)
    for by in ("kim", "engine", "autopilot", "clock", "link", "midi clock", "midi:Keys"):
        reader.edit("density", 0.4, by=by)
    reader.edit("bpm", 121.5, "", by="ableton")
    for path in ("pattern", "own", "played", "scene", "each_bar", "quantum"):
        reader.edit(path, None)
    assert reader.after(5) == []
    reader.edit("swing", 0.4, by="midi:Keys")  # of a controller that is not mine
    assert reader.after(5) == ["Keys: d1.swing = 0.4"]
    reader.edit("swing", 0.3, by="midi:")  # live.knob() of another client
    assert reader.after(5) == ["hands: d1.swing = 0.3"]


def test_what_is_undone_stopped_and_silenced() -> None:
    reader = Reader()
    reader.edit("genre", "funk", group=7)
    reader.after(0.3)
    reader.edit("undo", 7, "")
    reader.edit("playing", False, "")
    reader.edit("source", None)
    reader.edit("bpm", 132.0, "")
    assert reader.after(0.3) == ["maria: undo of d1.genre, stop, d1.source = silence, and 1 more"]


def test_a_text_of_others_is_short_and_does_nothing_to_a_terminal() -> None:
    reader = Reader()
    reader.edit("source", Exact(text="bd\x1b[31m\n" * 50))
    (line,) = reader.after(0.3)
    assert line.isprintable() and len(line) < 80


def test_it_can_be_switched_off() -> None:
    reader = Reader()
    reader.notices.on = False
    reader.notices.attended("maria", True)
    reader.edit("genre", "funk")
    assert reader.after(1) == []
    reader.notices.on = True
    reader.notices.attended("maria", False)
    assert reader.after(1) == [] and reader.lines == ["maria has left"]
