"""Silence in the log: what is planned is called off, what goes on ends, and an undo brings all of it back."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from groovelive.conductor.editor import Editor
from groovelive.conductor.silence import hush
from groovelive.protocol import session as messages
from groovelive.protocol.session import Draft, When
from groovelive.score.edits import Edit, Exact, Line, Move, Moves, Pattern, pack
from groovelive.score.events import events
from groovelive.score.sentences import lines, of_undo

SPAN = 64.0  # beats that are looked at
NAMES = ("d1", "d2", "d3")
AHEAD = {"d1": 0.0, "d2": 0.05, "d3": 0.3, "": 0.3}  # beats; outputs differ in how late they can be changed


@dataclass
class Clock:
    """A clock that stands where it is told to, with outputs that are so far ahead."""

    now: float = 0.0
    ahead: dict[str, float] = field(default_factory=lambda: dict.fromkeys(AHEAD, 0.0))

    def beat(self) -> float:
        return self.now

    def reach(self, drummer: str) -> float:
        return self.now + self.ahead[drummer]

    def line(self, drummer: str) -> float:
        return self.reach(drummer)


VALUES: dict[str, Any] = {
    "source": st.sampled_from([Exact(text="bd*16"), Exact(text="hh*16"), None]),
    "density": st.one_of(
        st.floats(0, 1).map(lambda x: round(x, 3)),
        st.builds(Line, start=st.just(0.1), end=st.just(0.9), bars=st.just(6.0)),
    ),
    "mute": st.booleans(),
    "solo": st.booleans(),
    "fill": st.integers(1, 4),
    "swing": st.sampled_from([0.0, 0.2]),
    "moves": st.sampled_from(
        [Moves((Move("every", 2, "reverse"),), added=True), Moves((Move("every", 1, "double"),), added=True), Moves()]
    ),
    "autopilot": st.booleans(),
}
WHENS = st.one_of(
    st.just(When("now")), st.just(When()), st.builds(When, st.just("bars"), st.integers(1, 12).map(float)),
    st.builds(When, st.just("beats"), st.integers(1, 30).map(float)),
)  # fmt: skip


@st.composite
def doings(draw: Any) -> tuple[float, messages.Write]:
    """Something that a performer does, after some beats."""
    drafts = []
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(VALUES)))
        drafts.append(Draft(path, draw(VALUES[path]), draw(st.sampled_from(NAMES))))
    if draw(st.integers(0, 5)) == 0:
        drafts.append(Draft("bpm", draw(st.sampled_from([90.0, Line(start=90, end=180, bars=4)]))))
    if draw(st.integers(0, 9)) == 0:
        drafts.append(Draft("hush"))
    over = draw(st.sampled_from([0.0, 0.0, 2.0])) if all(d.path not in ("bpm", "moves") for d in drafts) else 0.0
    wait = draw(st.sampled_from([0.0, 0.3, 1.0, 2.5, 4.0]))
    return wait, messages.Write(edits=tuple(drafts), when=draw(WHENS), over=over, by=draw(st.sampled_from("ab")))


def played(doing: list[tuple[float, messages.Write]], ahead: bool) -> tuple[Editor, Clock]:
    clock = Clock(ahead=dict(AHEAD) if ahead else dict.fromkeys(AHEAD, 0.0))
    editor = Editor(clock)
    for wait, write in doing:
        clock.now += wait
        editor.write(write)
    return editor, clock


PATHS = ("source", "density", "mute", "solo", "swing", "moves", "autopilot", "fill")


def snapshot(editor: Editor, since: float) -> list[Any]:
    """Return all that sounds and holds from a beat on."""
    score = editor.score
    beats = [since + 1.37 * k for k in range(int((SPAN - since) / 1.37))]
    held = [score.value(name, path, beat) for name in NAMES for path in PATHS for beat in beats]
    led = [(score.number(name, "density", beat), round(score.tempo.bpm(beat), 9)) for name in NAMES for beat in beats]
    tempo = [round(score.tempo.seconds(b) - score.tempo.seconds(since), 6) for b in beats]
    sounds = [event for event in events(score, 0, SPAN) if event.beat >= since]
    return [sounds, held, led, tempo, sorted((e.beat, e.drummer, e.path) for e in score.pending(since))]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(doings(), min_size=1, max_size=12), st.booleans())
def test_after_hush_no_note_sounds_until_something_is_started(
    doing: list[tuple[float, messages.Write]], ahead: bool
) -> None:
    editor, clock = played(doing, ahead)
    reach = {name: clock.reach(name) for name in AHEAD}
    hush(editor, "a")
    late = [e for e in events(editor.score, 0, SPAN) if e.beat > reach[e.drummer]]
    assert late == []
    at = math.nextafter(reach[""], math.inf)  # what is done at this very moment is due here
    assert not [edit for edit in editor.score.pending(clock.now) if edit.beat > at]
    for name in NAMES:
        assert not getattr(editor.score.value(name, "moves", reach[""] + 0.01), "moves", ())
        held = {editor.score.number(name, "density", reach[""] + beat) for beat in (0.1, 3, 9, 40)}
        assert len(held) == 1, "a ramp goes on"
    assert len({round(editor.score.tempo.bpm(reach[""] + beat), 9) for beat in (0.1, 3, 9, 40)}) == 1
    clock.now += 1.0
    assert hush(editor, "a")[0] == (), "a second one has nothing to do, and so is not what the undo takes"
    editor.write(messages.Write(edits=(Draft("source", Exact(text="bd*4"), "d1"),), by="a"))
    start = editor.score.edits[-1].beat
    audible = not editor.score.number("d1", "mute", start) and not editor.score.soloists
    sounding = [e for e in events(editor.score, 0, SPAN) if e.beat >= start]
    assert not audible or {e.drummer for e in sounding} == {"d1"}


# Without edits that take their time: a ramp to which silence comes at its first beat is not yet brought back exactly.
@settings(max_examples=30, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(st.lists(doings(), min_size=1, max_size=12), st.booleans(), st.floats(0.4, 12))
def test_undo_after_hush_restores_exactly(doing: list[tuple[float, messages.Write]], ahead: bool, later: float) -> None:
    doing = [(wait, replace(write, over=0.0)) for wait, write in doing]
    editor, clock = played(doing, ahead)
    other, _ = played(doing, ahead)
    made, _ = hush(editor, "a")
    if not made:
        return
    clock.now += later
    edit = editor.undo(messages.Undo(by="a"))[0]
    since = edit.beat + 0.5  # a note may be late by so much, and had been silenced by then
    assert snapshot(editor, since) == snapshot(other, since)
    clock.now += 1
    redone = editor.undo(messages.Undo(by="a", redo=True))[0]
    assert [e for e in events(editor.score, 0, SPAN) if e.beat > redone.beat + 0.5] == []


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(doings(), min_size=1, max_size=10))
def test_one_drummer_is_hushed_and_the_others_play_on(doing: list[tuple[float, messages.Write]]) -> None:
    editor, clock = played([(w, messages.Write(
        edits=tuple(d for d in one.edits if d.path != "solo") or (Draft("swing", 0.1, "d3"),),
        when=one.when, over=one.over, by=one.by)) for w, one in doing], False)  # fmt: skip
    editor.write(messages.Write(edits=(Draft("source", Exact(text="bd*8"), "d1"),), when=When("bars", 2), by="a"))
    before = [e for e in events(editor.score, 0, SPAN) if e.drummer != "d1"]
    hush(editor, "a", ("d1",))
    after = events(editor.score, 0, SPAN)
    assert [e for e in after if e.drummer != "d1"] == before
    assert not [e for e in after if e.drummer == "d1" and e.beat > clock.now]


def test_a_planned_silence_silences_what_is_started_before_it_and_hush_holds_all_the_same() -> None:
    editor, clock = played([
        (0, messages.Write(edits=(Draft("source", Exact(text="bd*4"), "d1"),), by="a")),
        (1, messages.Write(edits=(Draft("hush"),), when=When("bar", 5), by="a")),
        (1, messages.Write(edits=(Draft("source", Exact(text="hh*4"), "d2"),), by="a")),
    ], False)  # fmt: skip
    assert max(e.beat for e in events(editor.score, 0, SPAN)) == 15
    assert {e.drummer for e in events(editor.score, 0, SPAN)} == {"d1", "d2"}
    made, said = hush(editor, "a")
    assert made and not [e for e in events(editor.score, 0, SPAN) if e.beat >= clock.now]
    assert said.startswith("d1 falls silent; called off: ") and "let d2 play" not in said and "(bar 2)" in said


def test_what_an_engine_answered_ahead_is_of_no_use_after_a_hush_and_comes_back() -> None:
    pattern = Pattern(notes=pack([(0, 0, 0.8, 0.0)]))  # type: ignore[list-item]
    editor, clock = played([(0, messages.Write(edits=(Draft("source", Exact(text="bd*4"), "d1"),), by="a"))], False)
    editor.take(Edit(beat=4, drummer="d1", path="pattern", value=pattern, by="engine"))
    clock.now = 2
    hush(editor, "a")
    assert editor.score.edit("d1", "pattern", 5) is None
    clock.now = 3
    edit = editor.undo(messages.Undo(by="a"))[0]
    assert editor.score.value("d1", "pattern", 5) == pattern
    assert of_undo(editor.score, edit) == "undone: hushed d1 (bar 1, beat 3, by a)"


def test_the_history_is_sentences() -> None:
    editor, clock = played([
        (0, messages.Write(edits=(Draft("source", Exact(text="bd*4"), "d1"),), by="maria")),
        (6, messages.Write(edits=(Draft("density", 0.8, "d1"), Draft("mute.kick", True, "d2")), over=4, by="kim")),
        (0, messages.Write(edits=(Draft("moves", Moves((Move("every", 4, "fill"),), added=True), "d1"),), by="kim")),
    ], False)  # fmt: skip
    hush(editor, "maria")
    clock.now += 0.5
    editor.undo(messages.Undo(by="maria"))
    assert list(lines(editor.score.history(), editor.score)) == [
        "bar 1: maria gave d1 play('bd*4')",
        "bar 3: kim set d1.density to 0.8 over 4 bars, muted kick of d2 over 4 bars",
        "bar 3: kim added every(4, fill) to d1",
        "bar 2, beat 3: maria hushed d1 and d2 (undone)",
        "bar 2, beat 3.5: maria undid: maria hushed d1 and d2 (bar 2, beat 3)",
    ]


def test_moves_are_added_to_what_holds_when_they_are_due() -> None:
    reverse, double = (Moves((Move("every", 2, what),), added=True) for what in ("reverse", "double"))
    editor, _ = played([
        (1, messages.Write(edits=(Draft("moves", reverse, "d1"),), when=When("bar", 9), by="a")),
        (0, messages.Write(edits=(Draft("moves", double, "d1"),), by="a")),
    ], False)  # fmt: skip

    def at(beat: float) -> list[str]:
        value = editor.score.value("d1", "moves", beat)
        return [move.what for move in value.moves] if isinstance(value, Moves) else []

    assert [at(beat) for beat in (3, 4, 31, 32)] == [[], ["double"], ["double"], ["double", "reverse"]]
    editor.undo(messages.Undo(by="a"))
    assert [at(beat) for beat in (4, 32)] == [[], ["reverse"]]


def test_a_transport_that_was_started_a_moment_ago_runs_on() -> None:
    """Its edit is due a moment ahead, where the outputs are: silence must not call it off."""
    editor, clock = played([(0, messages.Write(edits=(Draft("source", Exact(text="bd*16"), "d1"),), by="a"))], False)
    clock.now = 4.0
    for beat, on in ((4.2, False), (4.3, True)):
        editor.take(Edit(beat=beat, drummer="", path="playing", value=on, by="a"))
    hush(editor, "a")
    editor.write(messages.Write(edits=(Draft("source", Exact(text="bd*16"), "d1"),), when=When("now"), by="a"))
    assert editor.score.value("", "playing", 5.0) is True
    assert len([e for e in events(editor.score, 0, 16) if e.beat >= 8]) == 32
