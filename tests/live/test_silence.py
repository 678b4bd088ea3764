"""What a performer reads and decides holds now; `hush` and `panic` hold, in every way in which they can be said."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import groovelive as gl
from groovelive.score.edits import Line


@pytest.fixture
def live() -> Iterator[gl.Session]:
    with gl.open(realtime=False, by="maria") as found:
        yield found


def played(live: gl.Session, bars: int = 4) -> int:
    """Let bars pass, and return how many notes sound in them."""
    live.run(bars=bars)
    return len(live.last(bars).events)


def said(word: Any) -> str:
    """Return what a word says."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert word() is None
    return out.getvalue().strip()


# Silence


@pytest.mark.parametrize("word", [gl.hush, gl.panic])
def test_what_was_started_in_this_bar_does_not_start(live: gl.Session, word: Any) -> None:
    live.run(beats=1)
    live.d1 >> gl.play("bd*4")
    assert said(word) == "called off: gave d1 play('bd*4') (bar 2); undo() brings it all back"
    assert not live.pending
    live.run(beats=3)
    assert played(live) == 0
    assert said(gl.undo) == "undone: hushed d1 (bar 1, beat 2, by maria)"
    assert played(live) == 16
    assert said(gl.redo).startswith("done again: hushed d1")
    assert played(live) == 0


@pytest.mark.parametrize("word", [gl.hush, gl.panic])
def test_a_silence_that_is_planned_keeps_no_silence_away(live: gl.Session, word: Any) -> None:
    live.d1 >> gl.play("bd*4")
    with gl.at("+8"):
        gl.hush()
    live.run(bars=1)
    word()
    assert played(live) == 0 and not live.pending


def test_a_replay_a_song_and_a_scene_end(live: gl.Session, tmp_path: Any) -> None:
    live.d1 >> gl.play("bd*4")
    gl.scene.save("verse")
    live.run(bars=4)
    live.last(4).save(tmp_path / "a.take")
    for start in (
        lambda: gl.replay(tmp_path / "a.take", play=True),
        lambda: live.d1 >> gl.song("A4 B4", B={"genre": "funk"}),
        lambda: gl.scene.verse(),
    ):
        live.d1.swing = 0.1  # so that the scene has something to do
        start()
        live.run(beats=6)
        gl.hush()
        live.run(beats=2)
        assert played(live, 10) == 0, start
    live.d1 >> gl.play("bd*4")
    assert played(live, 2) == 8


def test_moves_fills_code_ramps_and_the_autopilot_end(live: gl.Session) -> None:
    d1 = live.d1
    d1 >> gl.play("bd sn")
    plain = played(live, 2)
    d1.every(1, gl.double).autopilot()
    d1.density = gl.line(0.1, 0.9, bars=8)

    @d1.each_bar
    def code(bar: Any) -> Any:
        return bar

    live.run(bars=2)
    d1.fill(4)
    told = said(gl.hush)
    assert "d1 falls silent; ended: the moves of d1, the code for the bars of d1, the autopilot of d1" in told
    assert "the move of d1.density" in told and "the fill of d1" in told
    at = live.score.number("d1", "density", live.beat)
    d1 >> gl.play("bd sn")
    assert played(live, 2) == plain and d1.moves == ()
    assert live.score.number("d1", "density", live.beat) == at
    gl.undo()
    gl.undo()
    assert [move.what for move in d1.moves] == ["double"] and isinstance(d1.density, Line)


def test_a_drummer_that_starts_later_is_silenced_by_what_was_planned_for_all(live: gl.Session) -> None:
    live.d1 >> gl.play("bd*4")
    with gl.at("+4"):
        gl.hush()
    live.run(beats=1)
    live.d2 >> gl.play("hh*4")
    live.run(beats=15)
    assert {e.drummer for e in live.last(2).events} == {"d1", "d2"}
    assert played(live) == 0


def test_hush_with_nothing_to_do_is_no_edit(live: gl.Session) -> None:
    assert said(gl.hush) == "nothing sounds, and nothing is planned" and not live.score.edits
    live.d1 >> gl.play("bd*4")
    live.run(bars=1)
    for _ in range(3):
        gl.hush()
    gl.undo()
    assert played(live, 1) == 4


def test_a_take_with_silence_in_it_replays_to_the_same_notes(live: gl.Session, tmp_path: Any) -> None:
    live.d1 >> gl.play("bd*4")
    live.d2 >> gl.play("hh*4")
    live.bpm = gl.line(100, 200, bars=8)
    live.run(beats=6)
    with gl.at("+1"):
        live.d1 >> gl.play("sn*16")
    gl.hush()
    live.run(beats=6)
    live.d2 >> gl.play("hh*8")
    live.run(bars=1)
    clip = live.last(4)
    clip.save(tmp_path / "a.take")
    with gl.open(realtime=False) as other:
        replayed = gl.replay(tmp_path / "a.take", play=True)
        assert [e[:5] for e in replayed.events] == [e[:5] for e in clip.events]
        other.run(bars=6)
        moved = [(e.beat - 4, *e[1:4]) for e in other.last(5).events]
        assert moved == [e[:4] for e in clip.events]


# Now


CONTROLS = st.sampled_from(["density", "swing", "follow", "genre", "complexity"])
WHENS = st.sampled_from(["next", gl.now, "+2", "+5", "+3 beats"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(CONTROLS, st.floats(0, 0.5), WHENS, st.sampled_from([0, 1, 3, 4])), max_size=8))
def test_what_is_read_is_what_holds_now(edits: list[tuple[str, float, Any, int]]) -> None:
    with gl.open(realtime=False) as live:
        for name, number, when, beats in edits:
            with gl.at(when):
                setattr(live.d1, name, ("funk", "jazz")[number > 0.25] if name == "genre" else number)
            if beats:
                live.run(beats=beats)
            for path in ("density", "swing", "follow", "genre", "complexity"):
                held = live.score.value("d1", path, live.beat)
                assert held is None or getattr(live.d1, path) == held
            assert {e.beat > live.beat for e in live.pending} <= {True}


def test_what_is_added_to_is_what_holds_now(live: gl.Session) -> None:
    d1 = live.d1
    d1.density, live.bpm, live.quantum = 0.4, 100, 1
    live.run(beats=1)
    with gl.at("+8"):
        d1.density, live.bpm, live.quantum = 0.9, 150, 4
    assert (d1.density, live.bpm, live.quantum) == (0.4, 100, 1)
    d1.density += 0.05
    live.run(bars=1)
    assert d1.density == pytest.approx(0.45) and live.pending[0].value == 0.9


def test_what_is_added_to_a_ramp_is_added_to_where_it_is_now(live: gl.Session) -> None:
    live.d1.density = gl.line(0.2, 0.6, bars=8)
    live.run(bars=4)
    live.d1.density += 0.05
    live.run(bars=1)
    assert live.d1.density == pytest.approx(0.45)


def test_a_scene_that_is_planned_is_not_there_yet(live: gl.Session) -> None:
    live.d1.swing = 0.2
    gl.scene.save("verse")
    with gl.at("+4"):
        live.d1.swing = 0.4
        gl.scene.save("verse")
    live.run(beats=1)
    live.d1.swing = 0.3
    live.run(bars=1)
    gl.scene.verse()
    live.run(bars=1)
    assert live.d1.swing == 0.2


def test_every_adds_to_what_holds_when_it_is_due(live: gl.Session) -> None:
    d1 = live.d1
    live.run(beats=1)
    with gl.at("+8"):
        d1.every(2, gl.reverse)
        d1.every(4, gl.double)
    d1.last_of(8, gl.fill).every(3, gl.louder)
    assert d1.moves == ()
    live.run(bars=1)
    assert [move.what for move in d1.moves] == ["fill", "louder"]
    live.run(bars=8)
    assert [move.what for move in d1.moves] == ["fill", "louder", "reverse", "double"]


def test_unsolo_ends_the_solos_of_now_and_leaves_what_is_planned(live: gl.Session) -> None:
    live.d1 >> gl.play("bd*4")
    live.d2 >> gl.play("hh*4")
    live.d1.solo()
    with gl.at("+2"):
        gl.unsolo()
    with gl.at("+6"):
        live.d2.solo()
    gl.unsolo()
    assert played(live, 2) == 16
    assert [(e.drummer, e.path, e.value) for e in live.pending] == [("d2", "solo", True)]


def test_code_that_is_taken_back_and_given_again_in_one_bar_plays(live: gl.Session) -> None:
    live.d1 >> gl.play("bd*4")
    live.d1.each_bar = lambda bar: gl.Groove.parse("sn", bars=1)
    live.run(beats=9)
    live.d1.each_bar = None
    live.d1.each_bar = lambda bar: gl.Groove.parse("hh*16", bars=1)
    live.run(beats=11)
    assert len(live.last(1).events) == 16


def test_a_scene_is_recalled_as_it_differs_when_it_is_due(live: gl.Session) -> None:
    live.d1.swing, live.d1.density = 0.2, 0.3
    gl.scene.save("verse")
    live.run(beats=1)
    live.d1.density = 0.5
    with gl.at("+4"):
        live.d1.swing = 0.4
    with gl.at("+8"):
        gl.scene.verse()
    live.run(bars=9)
    assert (live.d1.swing, live.d1.density) == (0.2, 0.3)


# How they are said


def test_naming_hush_does_nothing(live: gl.Session) -> None:
    live.d1 >> gl.play("bd*4")
    live.run(bars=1)
    for harmless in (repr, str, id, hash, bool, lambda word: f"{word!r} {word}", lambda word: [word]):
        harmless(gl.hush)
    assert repr(gl.hush).startswith("hush(): Let every drummer fall silent")
    assert played(live, 1) == 4


@pytest.mark.parametrize("typed", ["hush", "hush;", "panic", "if True:\n    hush\n", "gl.hush", "hush()", "%hush"])
def test_in_ipython_it_needs_no_parentheses(live: gl.Session, typed: str) -> None:
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    from groovelive.live import ipython

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        ipython.load(shell, live)
        shell.push({"gl": gl})
        live.d1 >> gl.play("bd*4")
        live.run(bars=1)
        shell.run_cell("x = hush\n[hush]\nhush is None", store_history=False)
        assert live.value("d1", "source") is not None
        shell.run_cell(typed, store_history=False)
        assert played(live, 1) == 0
        shell.run_cell("hush = 3\nhush", store_history=False)
    finally:
        InteractiveShell.clear_instance()


def test_esc_esc_and_ctrl_dot_are_keys_for_it() -> None:
    pytest.importorskip("prompt_toolkit")
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import DummyOutput

    from groovelive.live.keys import bind

    for sent in ("\x1b\x1b", "\x1b[27;5;46~", "\x1b[46;5u"):
        pressed: list[bool] = []
        bindings = KeyBindings()
        bind(bindings, lambda pressed=pressed: pressed.append(True))  # type: ignore[misc]
        with create_pipe_input() as keys:
            keys.send_text(f"ab{sent}c\r")
            session: Any = PromptSession(input=keys, output=DummyOutput(), key_bindings=bindings)
            assert session.prompt("> ") == "abc" and pressed == [True], repr(sent)


def test_help_tells_what_a_control_is_now(live: gl.Session) -> None:
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.push({"live": live, "d1": live.d1})
        live.d1.density = 0.4
        live.run(beats=1)
        with gl.at("+4"):
            live.d1.density = 0.7
        shown = shell.object_inspect("d1.density")["docstring"]
        for line in ("now:      0.4", "planned:  0.7 from bar 5", "typical:  0.2 to 0.6", "example:  d1.density = 0.4"):
            assert line in shown
        assert "range:    0..1" in shown and "example:  live.bpm = 96" in shell.object_inspect("live.bpm")["docstring"]
        live.d1.hats.density = 0.2
        assert "example:  d1.hats.density" in shell.object_inspect("d1.hats.density")["docstring"]
    finally:
        InteractiveShell.clear_instance()


def test_every_control_has_a_typical_value_and_an_example_that_runs(live: gl.Session) -> None:
    from groovelive.live.control_help import TYPICAL
    from groovelive.live.settings import Setting

    named = {name for name, one in vars(type(live.d1)).items() if isinstance(one, Setting)} | {"bpm", "quantum"}
    assert named == set(TYPICAL)
    for name, (_, example) in TYPICAL.items():
        word = "live" if name in ("bpm", "quantum") else "live.d1"
        exec(f"{word}.{example}", {"live": live})
        assert name in {edit.path for edit in live.score.edits}


def test_a_shell_without_a_session_is_told_so(tmp_path: Any) -> None:
    for word in ("hush", "panic"):
        done = subprocess.run(
            [sys.executable, "-m", "groovelive", word], capture_output=True, text=True, timeout=60,
            env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path), "GROOVELIVE_RUNTIME": str(tmp_path)},
        )  # fmt: skip
        assert done.returncode != 0 and done.stderr.count("\n") == 1 and "no session is running" in done.stderr
