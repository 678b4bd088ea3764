"""The player against the pure core: whatever is edited at whatever moment, what was sent is what `events` says."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive.conductor.editor import Editor
from groovelive.conductor.player import LEAD, Player, ahead_of
from groovelive.conductor.silence import hush
from groovelive.conductor.transport import Transport
from groovelive.errors import GrooveError
from groovelive.grooves.grid import Note
from groovelive.protocol.session import Draft, Undo, When, Write
from groovelive.score.edits import (
    Edit,
    Exact,
    Outs,
    Pattern,
    Rhythm,
    pack,
)
from groovelive.score.events import events
from groovelive.score.inputs import Ear, Hearing, Played, Stroke, grained
from groovelive.score.inputs import pack as pack_strokes
from groovelive.score.queries import Wish
from groovelive.score.score import Score
from groovelive.score.targets import AnyTarget, Midi, Osc

KEYS = Hearing(ears=(Ear(port="Keys"),))
TAGGED, PLAIN = Osc(port=9000), Midi(port="x")
SINKS: dict[AnyTarget, int] = {TAGGED: 1, PLAIN: 2}
PATTERNS = [
    Pattern(notes=pack([Note(s, v, 0.5, o) for s in range(32) for v, o in ((0, -0.5), (2, 0.3))])),
    Pattern(notes=pack([Note(s, 1, 0.9, 0.45) for s in range(0, 32, 2)])),
    Pattern(notes=pack([Note(s, 3, 0.7, -0.2) for s in range(0, 32, 3)])),
]


class Stage:
    """A editor and a player on a simulated clock, and what they sent."""

    def __init__(self) -> None:
        self.ns = 0
        self.sent: list[tuple[int, Any]] = []
        self.editor = Editor(self, publish=lambda number, edit: self.player.changed(edit))
        self.transport = Transport(self.editor.score, 0, now=lambda: self.ns)
        self.player = Player(self.editor.score, self.transport, self)
        self.player.sinks.update(SINKS)

    def send(self, notes: list[Any]) -> None:
        self.sent += [(self.ns, note) for note in notes]

    def beat(self) -> float:
        return self.transport.beat()

    def reach(self, drummer: str) -> float:
        return self.player.reach(drummer)

    def line(self, drummer: str) -> float:
        return self.player.line(drummer)

    def write(self, when: When, *drafts: Draft, over: float = 0.0) -> None:
        self.editor.write(Write(edits=drafts, when=when, over=over, by="me"))


def some(chance: random.Random, stage: Stage) -> None:
    """Do something that a performer, or the engine, might do."""
    name = chance.choice(("d1", "d2"))
    when = When(chance.choice(("now", "next", "bars", "beats")), float(chance.randrange(3)))
    what = chance.randrange(12)
    if what == 0:
        bar = int(stage.reach(name) // 4) + chance.randrange(2)
        stage.editor.given(name, bar, Wish(seed=chance.randrange(99)), chance.choice(PATTERNS), chance.random() < 0.4)
    elif what == 1:
        stage.write(when, Draft("mute", chance.random() < 0.4, name))
    elif what == 2:
        source = chance.choice((Exact(text="hh*16"), Exact(text="bd*3 [~ sn]*2"), Rhythm(text="x..x..x."), None))
        stage.write(when, Draft("source", source, name))
    elif what == 3:
        stage.write(when, Draft("bpm", chance.uniform(60, 180)), over=chance.choice((0.0, 1.0)))
    elif what == 4:
        stage.write(when, Draft("swing", chance.uniform(0, 0.5), name), Draft("velocity", chance.uniform(0.2, 1), "d2"))
    elif what == 5:
        stage.write(when, Draft("solo", chance.random() < 0.4, name))
    elif what == 6:
        stage.write(when, Draft("humanise", chance.uniform(0, 1), name))
    elif what == 7:
        stage.editor.undo(Undo(by="me", redo=chance.random() < 0.3))
    elif what == 8:
        silence = chance.randrange(3)
        if silence:
            hush(stage.editor, "me", () if silence == 1 else (name,))
        else:
            stage.write(when, Draft("hush"))
    elif what == 9:
        stage.write(When("next"), Draft("source", KEYS, name), Draft("response", chance.choice(("now", "bar")), name))
    elif what == 10:
        paths: list[tuple[str, Any]] = [("clear", True), ("memory", 0.5), ("recording", "record")]
        stage.write(when, *(Draft(path, value, name) for path, value in chance.sample(paths, 2)))
    else:
        beat = grained(stage.beat())
        notes = pack_strokes([Stroke(chance.randrange(1 << 18), 60, chance.randrange(1, 128), 1) for _ in range(3)])
        stage.editor.take(Edit(beat=beat, path="played", value=Played(port="Keys", notes=notes), by="midi:Keys"))
        due = stage.editor.due(name)
        if due is not None:
            stage.editor.given(name, due.bar, due.wish, chance.choice(PATTERNS), due.at_once)


def play(seed: int, seconds: float = 12.0) -> Stage:
    chance, stage = random.Random(seed), Stage()
    stage.write(When("now"), Draft("out", Outs((TAGGED, PLAIN))))
    stage.write(When("next"), Draft("source", Exact(text="hh*16"), "d1"), Draft("source", Rhythm(text="x"), "d2"))
    while stage.ns < seconds * 1e9:
        stage.ns += round(chance.uniform(0.5, 8) * 1e6)
        if chance.random() < 0.03:
            with contextlib.suppress(GrooveError):
                some(chance, stage)
        stage.player.turn()
    return stage


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 100_000))
def test_what_was_sent_is_what_the_log_says(seed: int) -> None:
    stage = play(seed)
    score: Score = stage.editor.score
    for target, sink in SINKS.items():
        sent = [note for _, note in stage.sent if note.sink == sink]
        end = stage.transport.beat_at(stage.ns + round((ahead_of(target) + LEAD) * 1e9)) - 0.05
        from_log = [
            (stage.transport.ns(e.beat), e.drummer, e.voice, round(e.velocity, 9), e.step)
            for e in events(score, 0, end + 2)
            if e.beat < end and target in stage.player.targets(e.drummer, e.step / 4)
        ]
        played = [(n.when, n.drummer, n.voice, round(n.velocity, 9), n.step) for n in sent]
        limit = stage.transport.ns(end)
        assert sorted(n for n in played if n[0] < limit) == sorted(from_log)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 100_000))
def test_notes_are_handed_over_in_time(seed: int) -> None:
    stage = play(seed, 8.0)
    late = [ns - note.when + 1e9 * ahead_of(TAGGED) for ns, note in stage.sent if note.sink == 1]
    assert max(late, default=0) <= 0  # before they must leave, though the loop came up to 8 ms late
