"""The Remote Script in the stand-in for Live: what it writes, what it never touches, and that it is on the line."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import random
import re
import shutil
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import groovelive
from groovelive.osc_messages.codec import message
from tests.support.fakelive import lint, lom
from tests.support.live_rig import RECORD, Program, Rig, blob, many
from tests.support.paths import DOCS
from tests.support.paths import REMOTE_SCRIPT as SCRIPT
from tests.support.soak import SECONDS, SHARE

BEAT = blob([(36, 0.0, 0.25, 100), (38, 1.0, 0.25, 90), (42, 0.5, 0.25, 60)])
VERSIONS = ("11.0.0", "12.0.0", "12.3.6")
Make = Callable[..., Rig]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Rig] = []

    def new(*arguments: Any, **options: Any) -> Rig:
        made.append(Rig(tmp_path / str(len(made)), *arguments, **options))
        return made[-1]

    yield new
    for rig in made:
        rig.close()


@pytest.fixture
def rig(make: Make) -> Rig:
    return make()


@pytest.fixture
def live(rig: Rig) -> Program:
    return rig.open()


# The files


def test_what_it_shares_with_the_package_is_the_same_byte_for_byte() -> None:
    package = Path(groovelive.__file__).parent
    assert (SCRIPT / "errors.py").read_bytes() == (package / "errors.py").read_bytes()
    own = (package / "osc_messages" / "codec.py").read_bytes()
    assert (SCRIPT / "osccodec.py").read_bytes() == own.replace(b"from ..errors", b"from .errors")


def test_python_3_7_and_the_standard_library_are_enough() -> None:
    assert list(lint.check(str(SCRIPT))) == []
    for path in SCRIPT.glob("*.py"):
        assert "threading" not in path.read_text(), path


# Hello


def test_hello_says_which_script_this_is_and_what_it_can(live: Program) -> None:
    version, protocol, build, of_live, python, session, *capabilities = live.welcome
    assert (protocol, of_live) == (1, "12.3.6") and version.count(".") == 2 and python.count(".") == 2
    assert len(build) == 12 and len(session) == 8 and "/gl/swap" in capabilities


def test_nothing_is_served_before_hello(rig: Rig) -> None:
    stranger = rig.open(hello=False)
    assert stranger.refused("/gl/tracks")[0] == "VERSION"
    code, sentence = stranger.refused("/gl/hello", "old", 99)
    assert code == "VERSION" and "groovelive ableton install" in sentence
    assert stranger.refused("/gl/tracks")[0] == "VERSION"
    stranger.ok("/gl/hello", "new", 1)
    assert stranger.ok("/gl/tracks")


def test_who_says_no_hello_is_let_go(rig: Rig) -> None:
    silent = rig.open(hello=False)
    rig.run(11.0)
    silent.look()
    assert silent.ended


@pytest.mark.parametrize(
    "settings, right",
    [({"host": "0.0.0.0"}, "token"), ({"port": 0}, "port"), ({"prot": 1}, "host, port and token"), ([], "host, port")],
)
def test_settings_that_are_wrong_are_told_and_passed_over(tmp_path: Path, settings: Any, right: str) -> None:
    namespace: dict[str, Any] = {"__file__": str(SCRIPT / "config.py")}
    exec((SCRIPT / "config.py").read_text(), namespace)
    (tmp_path / "groovelive.json").write_text(json.dumps(settings))
    found, problem = namespace["load"](str(tmp_path))
    assert found == {"host": "127.0.0.1", "port": 57150, "token": ""} and right in problem


def test_a_token_is_asked_for_where_one_is_set(make: Make) -> None:
    rig = make()
    rig.script.server.settings["token"] = "secret-word"
    stranger = rig.open(hello=False)
    assert stranger.refused("/gl/hello", "x", 1)[0] == "GUARD"
    assert stranger.refused("/gl/hello", "x", 1, "token", "secret-wort")[0] == "GUARD"
    assert stranger.ok("/gl/hello", "x", 1, "token", "secret-word")


# Writing and reading


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("count", [0, 1, 32, 5000])
def test_notes_come_back_byte_for_byte(make: Make, version: str, count: int) -> None:
    rig = make(version=version)
    live = rig.open()
    given = blob([(*n, 0.5, -20.0, 30.0) for n in many(count)])
    slot, _, clip_id, found, digest, exact, changed, _ = live.ok("/gl/clip/write", 0, 2, given, "length", 640.0)
    assert (slot, found, exact, changed) == (2, count, True, True)
    read = live.ok("/gl/clip/read", 0, 2, "ids", True)
    assert (read[3], read[8], read[9]) == (clip_id, count, digest)
    assert sorted(RECORD.iter_unpack(read[11])) == sorted(RECORD.iter_unpack(given))
    assert len(set(struct.unpack(f">{count}q", read[12]))) == count


def test_a_clip_is_read_in_parts_and_within_its_loop(live: Program) -> None:
    notes = many(100)
    live.ok("/gl/clip/write", 0, 2, blob(notes), "length", 4.0)
    parts = [live.ok("/gl/clip/read", 0, 2, "first", first, "count", 30)[11] for first in range(0, 120, 30)]
    assert b"".join(parts) == blob(sorted(notes, key=lambda n: (n[1], n[0])))
    looped = live.ok("/gl/clip/read", 0, 2, "loop_only", True)
    assert looped[8] == 32 and all(start < 4 for _, _, start, *_ in RECORD.iter_unpack(looped[11]))


def test_one_undo_entry_for_a_change_and_none_for_no_change(rig: Rig, live: Program) -> None:
    before = rig.undo()
    shape = ("name", "funk 7", "colour", 12, "length", 8.0, "launch_mode", 0)
    live.ok("/gl/clip/write", 0, 2, BEAT, *shape)
    assert rig.undo() == before + 1 and rig.clip(0, 2).name == "funk 7 [gl]"
    for again in (
        ("/gl/clip/write", 0, 2, BEAT, *shape), ("/gl/clip/write", 0, 2, BEAT), ("/gl/clip/set", 0, 2, *shape),
        ("/gl/clip/create", 0, 2),
    ):  # fmt: skip
        assert live.ok(*again)[6] is False
    assert rig.undo() == before + 1
    live.ok("/gl/clip/write", 0, 2, blob(many(3000)), "colour", 3)
    live.ok("/gl/clip/set", 0, 2, "name", "jazz 8", "loop_start", 16.0, "loop_end", 24.0)
    assert rig.undo() == before + 3
    assert (rig.clip(0, 2).loop_start, rig.clip(0, 2).loop_end, rig.clip(0, 2).color_index) == (16.0, 24.0, 3)
    live.ok("/gl/clip/set", 0, 2, "length", 2.0)  # the new end lies before the old start
    assert (rig.clip(0, 2).loop_start, rig.clip(0, 2).end_marker) == (0.0, 2.0)
    for _ in range(4):
        rig.song.undo()
    assert rig.undo() == before and rig.clip(0, 2) is None


def test_where_all_onsets_stay_notes_are_modified_not_replaced(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/write", 0, 2, BEAT)
    before = {n.note_id for n in rig.clip(0, 2).get_all_notes_extended()}
    louder = blob([(36, 0.0, 0.2, 127), (38, 1.0, 0.25, 1), (42, 0.5, 0.25, 60, 0.3, 5.0, 1.0)])
    live.ok("/gl/clip/write", 0, 2, louder)
    assert {n.note_id for n in rig.clip(0, 2).get_all_notes_extended()} == before
    assert live.ok("/gl/clip/read", 0, 2)[11] == blob(
        [(36, 0.0, 0.2, 127), (42, 0.5, 0.25, 60, 0.3, 5.0, 1.0), (38, 1.0, 0.25, 1)]
    )


def test_a_part_of_a_clip_is_replaced(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/write", 0, 2, blob([(36, float(b), 0.25, 100) for b in range(8)]))
    live.ok("/gl/clip/write", 0, 2, blob([(38, 4.5, 0.25, 90)]), "from", 4.0, "to", 6.0)
    assert [n[:2] for n in sorted(rig.notes(0, 2), key=lambda n: n[1])] == [
        (36, 0), (36, 1), (36, 2), (36, 3), (38, 4.5), (36, 6), (36, 7)]  # fmt: skip


def test_the_next_empty_slot_and_a_scene_where_none_is_left(rig: Rig, live: Program) -> None:
    slots = [live.ok("/gl/clip/write", 0, -1, BEAT, "name", str(i))[0] for i in range(7)]
    assert slots == [1, 2, 3, 4, 5, 6, 7]
    assert live.refused("/gl/clip/write", 0, -1, BEAT)[0] == "NOT_FOUND"
    before = rig.undo()
    assert live.ok("/gl/clip/write", 0, -1, BEAT, "grow", True)[0] == 8 and len(rig.song.scenes) == 9
    assert rig.undo() == before + 1
    rig.song.scenes[3].name = "Verse"
    assert live.ok("/gl/clip/read", "Drums", "Verse")[4] == "2 [gl]"


@pytest.mark.parametrize("count", [3, 3000])
@pytest.mark.parametrize("method", ["add_new_notes", "apply_note_modifications", "remove_notes_by_id"])
def test_what_live_refuses_leaves_the_clip_as_it_was(
    rig: Rig, live: Program, monkeypatch: pytest.MonkeyPatch, method: str, count: int
) -> None:
    live.ok("/gl/clip/write", 0, 2, blob(many(count)), "length", 4.0, "name", "old")
    live.ok("/gl/clip/write", 1, 2, BEAT)
    before, real, calls = rig.digest(), getattr(lom.Clip, method), itertools.count()

    def refuse(clip: Any, *arguments: Any) -> Any:
        if next(calls) == (1 if method == "add_new_notes" and count > 600 else 0):
            raise RuntimeError("Live does not like it")
        return real(clip, *arguments)

    monkeypatch.setattr(lom.Clip, method, refuse)
    new = [(n[0], n[1] + (0.01 if method != "apply_note_modifications" else 0.0), n[2], 77.0) for n in many(count)]
    code, sentence = live.refused("/gl/clip/write", 0, 2, blob(new), "length", 8.0, "name", "new", "colour", 9)
    assert code == "LIVE_ERROR" and "Live does not like it" in sentence
    assert rig.digest() == before and not rig.host.rt.undo.step_left_open
    assert live.ok("/gl/clip/write", 0, 2, blob(new))[6] is True


def test_a_new_clip_that_live_refuses_to_fill_is_not_left_behind(
    rig: Rig, live: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rig.digest()
    with monkeypatch.context() as patch:
        patch.setattr(lom.Clip, "add_new_notes", lambda *a: 1 / 0)
        assert live.refused("/gl/clip/write", 0, 2, BEAT)[0] == "LIVE_ERROR"
        for _ in range(7):
            rig.song.tracks[0].clip_slots[_ + 1].create_clip(1.0)
        full = rig.digest()
        assert live.refused("/gl/clip/write", 0, -1, BEAT, "grow", True)[0] == "LIVE_ERROR"
        assert rig.digest() == full
        for _ in range(7):
            rig.song.tracks[0].clip_slots[_ + 1].delete_clip()
    assert rig.digest() == before


# Bad input


NAN, INF = math.nan, math.inf
NOTE = (36, 0.0, 0.25, 100, 1.0, 0.0, 64.0)


def note(**changes: float) -> bytes:
    names = ("pitch", "start", "duration", "velocity", "probability", "deviation", "release")
    return blob([tuple(changes.get(name, value) for name, value in zip(names, NOTE, strict=True))])


BAD: list[tuple[str, tuple[Any, ...]]] = [
    ("NOT_FOUND", ("/gl/clip/write", 9, 0, BEAT)),
    ("NOT_FOUND", ("/gl/clip/write", -1, 0, BEAT)),
    ("NOT_FOUND", ("/gl/clip/write", "Drumz", 0, BEAT)),
    ("NOT_FOUND", ("/gl/clip/write", 0, 99, BEAT)),
    ("NOT_FOUND", ("/gl/clip/write", 0, -2, BEAT)),
    ("TYPE", ("/gl/clip/write", 2, 0, BEAT)),
    ("GUARD", ("/gl/clip/write", 0, 0, BEAT)),
    ("GUARD", ("/gl/clip/set", 0, 0, "name", "mine")),
    ("GUARD", ("/gl/clip/create", 0, 0)),
    ("GUARD", ("/gl/clip/delete", 0, 0)),
    ("TYPE", ("/gl/clip/delete", 0, 0, "force", True)),
    ("NOT_FOUND", ("/gl/clip/delete", 0, 1)),
    ("NOT_FOUND", ("/gl/clip/read", 0, 1)),
    ("NOT_FOUND", ("/gl/clip/set", 0, -1, "name", "x")),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(velocity=0))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(velocity=NAN))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(velocity=127.5))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(pitch=128))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(start=NAN))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(start=INF))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(duration=0))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(duration=-1))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(duration=INF))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(probability=1.01))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(deviation=NAN))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, note(release=128))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, blob([NOTE, (36, 0.1, 0.2, 100)]))),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, bytes(34 * 20001))),
    ("TYPE", ("/gl/clip/write", 0, 1, BEAT[:-1])),
    ("TYPE", ("/gl/clip/write", 0, 1, "notes")),
    ("TYPE", ("/gl/clip/write", 0, 1)),
    ("TYPE", ("/gl/clip/write", None, 1, BEAT)),
    ("TYPE", ("/gl/clip/write", 0.5, 1, BEAT)),
    ("NOT_FOUND", ("/gl/clip/write", 0, 1, 77)),
    ("TYPE", ("/gl/clip/write", 0, 1, BEAT, "colr", 3)),
    ("TYPE", ("/gl/clip/write", 0, 1, BEAT, "colour")),
    ("TYPE", ("/gl/clip/write", 0, 1, BEAT, "name", 3)),
    ("TYPE", ("/gl/clip/write", 0, 1, BEAT, "force", 2)),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, BEAT, "colour", 70)),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, BEAT, "length", 0.0)),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, BEAT, "length", NAN)),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, BEAT, "loop_start", 4.0, "loop_end", 4.0)),
    ("TYPE", ("/gl/clip/write", 0, 1, BEAT, "loop_start", 4.0)),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, BEAT, "launch_mode", 4)),
    ("OUT_OF_RANGE", ("/gl/clip/write", 0, 1, BEAT, "from", 0.5)),
    ("NOT_FOUND", ("/gl/pads/save", 0, 60, 38, 42, 46, 41, 43, 47, 49, 51)),
    ("OUT_OF_RANGE", ("/gl/pads/save", 1, 128, 38, 42, 46, 41, 43, 47, 49, 51)),
    ("TYPE", ("/gl/pads/save", 0, 36)),
    ("TYPE", ("/gl/pads/save", 0, "36", 38, 42, 46, 41, 43, 47, 49, 51)),
    ("OUT_OF_RANGE", ("/gl/swap", 0, 1, 2, BEAT, "grid", "baar")),
    ("OUT_OF_RANGE", ("/gl/swap", 0, 1, 2, BEAT, "line", 3.0)),
    ("OUT_OF_RANGE", ("/gl/swap", 0, 1, 2, BEAT, "line", 4.0, "grid", "none")),
    ("OUT_OF_RANGE", ("/gl/swap", 0, 1, 2, BEAT, "late", "never")),
    ("OUT_OF_RANGE", ("/gl/swap", 0, 1, 2, note(velocity=0))),
    ("NOT_FOUND", ("/gl/swap", 0, 1, 1, BEAT)),
    ("NOT_FOUND", ("/gl/swap", 0, 1, 8, BEAT)),
    ("GUARD", ("/gl/swap", 0, 0, 1, BEAT)),
    ("TYPE", ("/gl/swap", 2, 0, 1, BEAT)),
    ("NOT_FOUND", ("/gl/swap/cancel", 0)),
    ("GUARD", ("/gl/clip/fire", 0, 0)),
    ("NOT_FOUND", ("/gl/clip/fire", 0, 1, "start", True)),
    ("OUT_OF_RANGE", ("/gl/arrange", 0, -1.0, BEAT)),
    ("OUT_OF_RANGE", ("/gl/arrange", 0, 0.0, note(velocity=0))),
    ("TYPE", ("/gl/arrange", 2, 0.0, BEAT)),
    ("OUT_OF_RANGE", ("/gl/tempo", 10.0)),
    ("OUT_OF_RANGE", ("/gl/tempo", NAN)),
    ("TYPE", ("/gl/tempo", "fast")),
    ("NOT_FOUND", ("/gl/subscribe", "cloks")),
    ("UNKNOWN", ("/gl/song/delete",)),
    ("UNKNOWN", ("/live/song/get/tempo",)),
    ("NOT_FOUND", ("/gl/notes/part", 5, 0, BEAT)),
]  # fmt: skip


@pytest.mark.parametrize("version", ["11.0.0", "12.3.6"])
def test_bad_input_is_one_sentence_and_the_set_stays_as_it_is(make: Make, version: str) -> None:
    rig = make(version=version)
    live = rig.open()
    before, undo = rig.digest(), rig.undo()
    for code, request in BAD:
        found = live.refused(*request)
        assert found[0] == code, (request, found)
        assert 10 < len(found[1]) <= 400 and "\n" not in found[1]
        assert rig.digest() == before and rig.undo() == undo, request
    assert live.ok("/gl/clip/write", 0, 1, BEAT)


def test_a_dry_run_of_every_write_says_what_would_be_and_changes_nothing(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/write", 0, 1, BEAT)
    before, undo = rig.digest(), rig.undo()
    new = blob(many(20))
    request: Any
    for request in [
        ("/gl/clip/write", 0, 1, new, "name", "x"), ("/gl/clip/write", 0, 2, new), ("/gl/clip/create", 0, -1),
        ("/gl/clip/set", 0, 1, "colour", 5), ("/gl/clip/delete", 0, 1), ("/gl/swap", 0, 1, 2, new),
        ("/gl/arrange", 0, 0.0, new), ("/gl/tempo", 90.0), ("/gl/clip/fire", 0, 1, "start", True),
        ("/gl/clip/write", 0, 0, new, "force", True), ("/gl/pads/save", 0, *[36] * 9),
    ]:  # fmt: skip
        assert live.ok(*request, "dry_run", True) is not None
    rig.run(1.0)
    assert rig.digest() == before and rig.undo() == undo and not rig.song.is_playing
    dry = live.ok("/gl/clip/write", 0, 1, new, "dry_run", True)
    assert dry[3:7] == live.ok("/gl/clip/write", 0, 1, new)[3:7]


# Traps: other clips, renamed tracks, moved slots, stale ids


def test_only_marked_clips_are_rewritten_and_copies_are_their_maker_s(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/write", 0, 1, BEAT, "name", "gen")
    slots = rig.song.tracks[0].clip_slots
    slots[1].duplicate_clip_to(slots[2])  # somebody keeps a copy of what was generated
    assert slots[2].clip.name == "gen [gl]"
    kept = rig.notes(0, 2)
    assert live.refused("/gl/clip/write", 0, 2, blob(many(5)))[0] == "GUARD"
    assert live.refused("/gl/clip/delete", 0, 2)[0] == "GUARD"
    assert live.refused("/gl/swap", 0, 1, 2, BEAT)[0] == "GUARD"
    slots[1].clip.name = "mine now"
    assert live.refused("/gl/clip/write", 0, 1, blob(many(5)))[0] == "GUARD"
    assert rig.notes(0, 2) == kept
    live.ok("/gl/clip/write", 0, 1, blob(many(5)), "force", True)
    assert slots[1].clip.name == "mine now [gl]"
    live.ok("/gl/clip/write", 0, 1, blob(many(6)))
    live.ok("/gl/clip/delete", 0, 1)
    assert not slots[1].has_clip


def test_marks_are_kept_with_the_set_and_follow_their_slots(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/write", 0, 3, BEAT)
    rig.song.create_scene(1)
    rig.run(0.2)
    rig.song.tracks[0].clip_slots[4].duplicate_clip_to(rig.song.tracks[0].clip_slots[3])
    rig.host.unload_scripts()  # as choosing None in Live's settings, and GrooveLive again
    rig.host._instantiate("GrooveLive")
    rig.on_clock()
    again = rig.open()
    assert again.refused("/gl/clip/write", 0, 3, BEAT)[0] == "GUARD"
    assert again.ok("/gl/clip/write", 0, 4, BEAT)
    rig.host.unload_scripts()
    rig.song.create_scene(0)  # while nobody looks
    rig.host._instantiate("GrooveLive")
    rig.on_clock()
    again = rig.open()
    assert again.ok("/gl/clip/write", 0, 5, BEAT) and again.refused("/gl/clip/write", 0, 4, BEAT)[0] == "GUARD"
    rig.host.unload_scripts()
    for track in rig.song.tracks:  # the set was saved, and is opened again: all objects are others
        for clip in (slot.clip for slot in track.clip_slots if slot.has_clip):
            clip._ptr += 1 << 40
    rig.host._instantiate("GrooveLive")
    rig.on_clock()
    again = rig.open()
    assert again.ok("/gl/clip/write", 0, 5, BEAT) and again.refused("/gl/clip/write", 0, 4, BEAT)[0] == "GUARD"


def test_ids_names_and_indices_must_belong_together(rig: Rig, live: Program) -> None:
    track_id, track_name = live.ok("/gl/slots", 0)[1:3]
    _, slot_id, clip_id, *_ = live.ok("/gl/clip/write", 0, 1, BEAT)
    guards = ("track_id", track_id, "track_name", track_name, "slot_id", slot_id, "clip_id", clip_id)
    assert live.ok("/gl/clip/read", 0, 1, *guards)[8] == 3
    rig.song.create_midi_track(0)
    rig.song.create_scene(0)
    rig.run(0.1)  # the marks follow
    before = rig.digest()
    code, sentence = live.refused("/gl/clip/write", 0, 1, blob(many(9)), *guards)
    assert code == "GUARD" and "it is track 1 now" in sentence
    code, sentence = live.refused("/gl/clip/write", 1, 1, blob(many(9)), *guards)
    assert code == "GUARD" and "it is slot 2 now" in sentence
    assert rig.digest() == before
    assert live.ok("/gl/clip/write", -1, -1, blob(many(9)), *guards)[0] == 2
    rig.song.tracks[1].name = "Percussion"
    assert live.refused("/gl/clip/write", -1, -1, BEAT, *guards)[0] == "GUARD"
    rig.song.tracks[1].name = "Drums"
    rig.song.tracks[1].clip_slots[2].delete_clip()
    rig.song.tracks[1].clip_slots[2].create_clip(4.0)
    assert live.refused("/gl/clip/write", -1, -1, BEAT, *guards)[0] == "NOT_FOUND"
    rig.song.delete_track(1)
    assert live.refused("/gl/clip/read", 1, 2, "track_id", track_id)[0] == "NOT_FOUND"
    rig.song.create_midi_track(-1).name = "Bass"
    assert live.refused("/gl/clip/create", "Bass", -1)[0] == "GUARD"  # two of this name


def test_another_set_frees_the_port_and_makes_all_ids_stale(rig: Rig, live: Program) -> None:
    track_id = live.ok("/gl/slots", 0)[1]
    live.ok("/gl/clip/watch", 0, 0)
    live.ok("/gl/subscribe", "clock", "structure", "launched")
    rig.host.load_set("default")
    rig.on_clock()
    live.look()
    assert live.ended and live.pushes[-1].address == "/gl/bye"
    again = rig.open()
    assert again.welcome[5] != live.welcome[5]
    assert again.refused("/gl/clip/create", -1, 0, "track_id", track_id)[0] == "NOT_FOUND"
    assert again.ok("/gl/clip/write", 0, 0, BEAT)
    assert [m for m in rig.host.messages if "did not start" in m or "cannot" in m] == []


def test_a_job_that_is_interrupted_by_a_reload_leaves_the_clip_as_it_was(
    rig: Rig, live: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.ok("/gl/clip/write", 0, 1, blob(many(800)), "length", 100.0)
    before = rig.digest()
    real = lom.Clip.add_new_notes
    monkeypatch.setattr(lom.Clip, "add_new_notes", lambda clip, notes: (time.sleep(0.03), real(clip, notes))[1])
    live.send("/gl/clip/write", 0, 1, blob(many(4000)), "length", 8.0)
    rig.host.run_for(5.0, until=lambda: rig.script.writing and rig.digest() != before)
    assert rig.script.writing
    rig.host.unload_scripts()
    assert rig.digest() == before and not rig.host.rt.undo.step_left_open


# Large, at once, slow


class Seconds:
    """A clock for the script in which only what is said takes time."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 2e-6
        return self.now


@pytest.mark.parametrize("a_note", [0.00002, 0.0003, 0.001])
def test_five_thousand_notes_while_others_are_answered(
    rig: Rig, live: Program, monkeypatch: pytest.MonkeyPatch, a_note: float
) -> None:
    """However long Live takes for a note, whoever else asks waits for less than a tenth of a second."""
    real, seconds, step = lom.Clip.add_new_notes, Seconds(), rig.host.step

    def slow(clip: Any, notes: Any) -> Any:
        seconds.now += a_note * len(notes)
        return real(clip, notes)

    def turn(*arguments: float) -> None:
        seconds.now += 0.01
        step(*arguments)

    monkeypatch.setattr(lom.Clip, "add_new_notes", slow)
    monkeypatch.setattr(rig.host, "step", turn)
    for name in ("surface", "server"):
        monkeypatch.setattr(sys.modules[f"GrooveLive.{name}"], "time", seconds)
    other = rig.open()
    undo, began = rig.undo(), seconds.now
    big = live.send("/gl/clip/write", 0, 1, blob(many(5000)), "length", 640.0)
    waits, kinds = [], itertools.cycle([("/gl/ping",), ("/gl/tracks",), ("/gl/clip/read", 1, 0), ("/gl/clock",)])
    while big not in live.answers:
        before = seconds.now
        kind: Any = next(kinds)
        other.ok(*kind)
        waits.append(seconds.now - before)
        live.look()
    assert live.answers[big].arguments[7] is True
    assert max(waits) < 0.1 and seconds.now - began < 5000 * a_note * 1.8 + 0.6
    assert rig.undo() == undo + 1


def test_writers_take_turns_and_each_change_is_one_undo_entry(
    rig: Rig, live: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lom.Clip.add_new_notes
    monkeypatch.setattr(lom.Clip, "add_new_notes", lambda clip, notes: (time.sleep(0.01), real(clip, notes))[1])
    other, undo = rig.open(), rig.undo()
    ids = [live.send("/gl/clip/write", 0, 1, blob(many(1500))), live.send("/gl/clip/write", 0, 2, blob(many(900)))]
    more = [other.send("/gl/clip/write", 1, s, blob(many(700))) for s in (1, 2, 3)]
    for id in ids:
        assert live.wait(id).address == "/gl/ok"
    for id in more:
        assert other.wait(id).address == "/gl/ok"
    assert rig.undo() == undo + 5
    assert [len(rig.notes(t, s)) for t, s in ((0, 1), (0, 2), (1, 1), (1, 3))] == [1500, 900, 700, 700]


def test_a_stall_makes_answers_late_and_none_lost(rig: Rig, live: Program) -> None:
    rig.host.freeze(1.0)
    ids = [live.send("/gl/ping") for _ in range(300)]
    began = rig.host.now
    live.wait(ids[0])
    assert rig.host.now - began > 0.9
    for id in ids:
        assert live.wait(id).address == "/gl/ok"
    assert not live.ended


def test_the_timer_that_died_is_started_again(rig: Rig, live: Program) -> None:
    rig.script._timer.stop()
    live.ok("/gl/ping")
    rig.run(0.2)
    assert rig.script._timer.running


def test_an_exception_in_one_part_of_the_pump_stops_nothing(rig: Rig, live: Program) -> None:
    rig.script.transport.pump = lambda: 1 / 0
    rig.run(5.0)
    assert live.ok("/gl/ping") and rig.script._timer.running
    assert 1 <= sum("ZeroDivisionError" in line for line in rig.host.log_lines) <= 30


# The wire


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">I", 0), struct.pack(">I", 5 << 20), struct.pack(">I", 7) + bytes(7),
     b"\xff" * 100],
)  # fmt: skip
def test_garbage_ends_its_connection_after_a_sentence_and_no_other(rig: Rig, live: Program, garbage: bytes) -> None:
    bad = rig.open()
    bad.socket.send(garbage)
    bad.until(lambda: bad.ended)
    assert bad.answers[0].arguments[1] == "TYPE"
    assert live.ok("/gl/ping")


def test_packets_that_are_not_osc_are_told_and_too_many_end_it(rig: Rig, live: Program) -> None:
    bad = rig.open()
    for n in range(10):
        bad.answers.clear()
        bad.put([b"junk", b"/a\0\0,zz\0", b"/a\0\0,i\0\0", b"#bundle\0"][n % 4])
        bad.wait(0)
    bad.until(lambda: bad.ended)
    live.put(message("/gl/ping", "x"))  # OSC, but without an id
    assert "id" in live.wait(0).arguments[2] and live.ok("/gl/ping")


def test_a_frame_may_come_in_pieces_and_many_in_one(rig: Rig, live: Program) -> None:
    packet = message("/gl/ping", 900)
    for byte in struct.pack(">I", len(packet)) + packet:
        live.socket.send(bytes([byte]))
        rig.run(0.02)
    assert live.wait(900).address == "/gl/ok"
    many_packets = b"".join(struct.pack(">I", len(p)) + p for p in (message("/gl/ping", 1000 + i) for i in range(500)))
    live.socket.send(many_packets)
    for i in range(500):
        assert live.wait(1000 + i).address == "/gl/ok"


@pytest.mark.timeout(300)
def test_who_does_not_read_gets_no_more_news_and_is_let_go_in_the_end(rig: Rig, live: Program) -> None:
    slow = rig.open()
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.ok("/gl/subscribe", "clock")
    live.ok("/gl/clip/write", 0, 1, blob(many(20000)), "length", 2500.0, seconds=20)
    packet = message("/gl/clip/read", 7, 0, 1)
    client = rig.script.server.clients[1]
    slow.socket.setblocking(True)
    for _ in range(12):
        slow.socket.sendall(struct.pack(">I", len(packet)) + packet)
    rig.song.start_playing()
    rig.run(2.0)
    assert len(client.outbox) > 1 << 20  # and no further request of it is read
    assert client.dropped > 10 and len(client.outbox) < 17 << 20
    assert live.ok("/gl/ping")
    client.outbox += bytes(17 << 20)
    rig.run(0.05)
    assert client.closed and len(rig.script.server.clients) == 1


def test_what_somebody_says_before_hanging_up_is_done(rig: Rig) -> None:
    with socket.create_connection(("127.0.0.1", rig.port)) as sock:
        for packet in (message("/gl/hello", 1, "nc", 1), message("/gl/clip/write", 2, 0, 1, BEAT)):
            sock.sendall(struct.pack(">I", len(packet)) + packet)
    rig.run(0.05)
    assert len(rig.notes(0, 1)) == 3 and rig.script.server.clients == []


def test_more_programs_than_there_is_room_for_are_told(rig: Rig) -> None:
    for _ in range(16):
        rig.open()
    one_more = rig.open(hello=False)
    one_more.until(lambda: one_more.ended)
    assert one_more.answers[0].arguments[1] == "BUSY"
    rig.clients[3].close()
    rig.run(0.05)
    assert rig.open().ok("/gl/ping")


def test_a_port_in_use_is_told_once_and_tried_until_it_is_free(make: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        rig = make(port=taken.getsockname()[1])
        rig.run(5.0)
        told = [m for m in rig.host.messages if "cannot be opened" in m]
        assert len(told) == 1 and "groovelive.json" in told[0]
    rig.run(1.5)
    assert rig.open().ok("/gl/ping")


def test_udp_speaks_the_same(rig: Rig, live: Program) -> None:
    program = rig.open(udp=True)
    assert program.ok("/gl/clip/write", 0, 1, BEAT, "name", "udp")[3] == 3
    assert program.refused("/gl/clip/read", 0, 9)[0] == "NOT_FOUND"
    live.ok("/gl/clip/write", 0, 2, blob(many(1000)), "length", 125.0)
    assert program.refused("/gl/clip/read", 0, 2)[0] == "OUT_OF_RANGE"
    parts = [program.ok("/gl/clip/read", 0, 2, "first", n, "count", 200)[11] for n in range(0, 1000, 200)]
    assert len(b"".join(parts)) == 34000
    program.ok("/gl/subscribe", "structure")
    rig.song.create_midi_track(-1)
    assert program.pushed("/gl/structure")
    rig.run(70.0)
    assert program.refused("/gl/tracks")[0] == "VERSION"  # it has been silent for a minute


def test_many_notes_over_udp_come_in_parts_and_count_all_at_once(rig: Rig) -> None:
    program = rig.open(udp=True)
    notes = blob(many(1000))
    (transfer,) = program.ok("/gl/notes/begin")
    for index in (3, 0, 1):  # in any order
        program.ok("/gl/notes/part", transfer, index, notes[index * 8500 : (index + 1) * 8500])
    assert program.refused("/gl/clip/write", 0, 1, transfer)[0] == "NOT_FOUND"
    assert rig.clip(0, 1) is None
    program.ok("/gl/notes/part", transfer, 2, notes[17000:25500])
    assert program.ok("/gl/clip/write", 0, 1, transfer)[3] == 1000
    assert program.refused("/gl/clip/write", 0, 2, transfer)[0] == "NOT_FOUND"
    (transfer,) = program.ok("/gl/notes/begin")
    rig.run(6.0)
    assert program.refused("/gl/notes/part", transfer, 0, BEAT)[0] == "NOT_FOUND"
    for _ in range(8):
        program.ok("/gl/notes/begin")
    assert program.refused("/gl/notes/begin")[0] == "BUSY"


def test_a_datagram_that_comes_twice_is_answered_twice_and_done_once(rig: Rig) -> None:
    program = rig.open(udp=True)
    packet = message("/gl/clip/write", 50, 0, -1, BEAT)
    program.put(packet)
    first = program.wait(50)
    del program.answers[50]
    program.put(packet)
    assert program.wait(50) == first
    assert rig.clip(0, 1) is not None and rig.clip(0, 2) is None


def test_narrow_numbers_for_programs_that_know_no_doubles(rig: Rig) -> None:
    program = rig.open(hello=False)
    program.ok("/gl/hello", "pd", 1, "narrow", 1)
    found = program.ok("/gl/clip/write", 0, 1, BEAT, "length", 8)
    assert found[5:7] == (1, 1) and not any(isinstance(each, bool) for each in found)


def test_two_programs_have_their_own_news(rig: Rig, live: Program) -> None:
    other = rig.open()
    live.ok("/gl/subscribe", "clock")
    other.ok("/gl/subscribe", "structure")
    rig.song.create_scene(-1)
    assert len(other.heard("/gl/structure")) == 1 and other.heard("/gl/clock") == []
    assert live.heard("/gl/structure") == [] and live.heard("/gl/clock", 2.5)
    live.ok("/gl/unsubscribe", "clock")
    live.pushes.clear()
    assert live.heard("/gl/clock", 2.5) == []
    other.close()
    rig.song.create_scene(-1)
    rig.run(1.0)
    assert live.ok("/gl/status")[0] == 1


# Watching


def test_a_hand_edit_is_told_once_when_it_has_settled(rig: Rig, live: Program) -> None:
    where = live.ok("/gl/clip/watch", 0, 0)
    clip = rig.clip(0, 0)
    for _ in range(5):
        clip.remove_notes_by_id([clip.get_all_notes_extended()[0].note_id])
        rig.run(0.1)
    assert live.pushes == []
    ((track, slot, slot_id, clip_id, name, count, digest, *_),) = live.heard("/gl/clip/changed", 1.0)
    assert (track, slot, slot_id, clip_id, name, count) == (0, 0, where[2], where[3], "Beat", 9)
    assert digest == live.ok("/gl/clip/read", 0, 0)[9] != where[6]
    clip.loop_end = 2.0
    clip.name = "Half"
    ((*_, name, _, same, start, end, looping),) = live.heard("/gl/clip/changed", 1.0)
    assert (name, same, start, end, looping) == ("Half", digest, 0.0, 2.0, True)
    live.ok("/gl/clip/unwatch", 0, 0)
    clip.name = "Other"
    assert live.heard("/gl/clip/changed", 1.0) == []


def test_what_one_writes_itself_is_no_news_but_it_is_to_others(rig: Rig, live: Program) -> None:
    other = rig.open()
    live.ok("/gl/clip/write", 0, 1, BEAT)
    for program in (live, other):
        program.ok("/gl/clip/watch", 0, 1)
    live.ok("/gl/clip/write", 0, 1, blob(many(7)))
    live.ok("/gl/clip/set", 0, 1, "name", "seven")
    assert live.heard("/gl/clip/changed", 1.0) == []
    ((*_, name, count, _, _, _, _),) = other.heard("/gl/clip/changed", 0.1)
    assert (name, count) == ("seven [gl]", 7)
    live.ok("/gl/clip/write", 0, 1, blob(many(8)))
    rig.clip(0, 1).name = "by hand"  # at once after it: that is news to both
    assert [p[4] for p in live.heard("/gl/clip/changed", 1.0)] == ["by hand"]


def test_a_watched_clip_may_go_come_back_and_move(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/watch", 0, 0)
    slot = rig.song.tracks[0].clip_slots[0]
    slot.delete_clip()
    assert live.heard("/gl/clip/changed", 1.0)[0][3:6] == ("", "", -1)
    slot.create_clip(4.0)
    assert live.heard("/gl/clip/changed", 1.0)[0][5] == 0
    rig.song.create_scene(0)
    slot.clip.name = "moved"
    ((track, index, _, _, name, *_),) = live.heard("/gl/clip/changed", 1.0)
    assert (track, index, name) == (0, 1, "moved")
    rig.song.delete_track(0)
    assert live.heard("/gl/clip/changed", 1.0)[0][:2] == (-1, -1)
    assert live.ok("/gl/clip/watch", 0, 0)


def test_the_structure_is_told(rig: Rig, live: Program) -> None:
    live.ok("/gl/subscribe", "structure")
    for change in (
        lambda: rig.song.create_midi_track(0), lambda: rig.song.create_scene(1), lambda: rig.song.delete_scene(1),
        lambda: setattr(rig.song.tracks[0], "name", "New"), lambda: rig.song.delete_track(0),
    ):  # fmt: skip
        change()
        assert len(live.heard("/gl/structure", 0.2)) == 1


# Swaps


def test_the_other_slot_of_the_pair_is_written_and_launched_on_the_bar(rig: Rig, live: Program) -> None:
    live.ok("/gl/subscribe", "launched")
    slot, *_, line, moved, fired, superseded = live.ok("/gl/swap", 0, 1, 2, BEAT, "start", True)
    assert (slot, moved, fired, superseded) == (1, False, True, 0)
    assert live.pushed("/gl/launched")[:3] == (0, 1, 0.0)
    rig.run(0.5)
    id = live.send("/gl/swap", 0, 1, 2, blob([(50, 0.0, 0.25, 90)]), "name", "two")
    slot, _, _, count, _, at, line, moved, fired, _ = live.wait(id).arguments[2:]
    assert (slot, count, line, moved, fired) == (2, 1, 4.0, False, True) and 0.9 < at < 1.3
    assert live.pushed("/gl/launched") == (0, 2, 4.0, 4.0, id, False)
    rig.run(0.1)
    assert [n for n in rig.host.engine.played if n["slot"] == 2 and n["time"] == 4.0]
    assert max(n["time"] for n in rig.host.engine.played if n["slot"] == 1) < 4.0
    rig.song.tracks[1].clip_slots[0].fire()  # by hand, in another track
    assert live.pushed("/gl/launched")[:5] == (1, 0, 8.0, 8.0, 0)
    assert rig.song.tracks[0].playing_slot_index == 2  # a swap stops nothing else


def playing(rig: Rig, live: Program, beats: float = 1.0) -> None:
    """The transport runs, and slot 1 of the pair 1, 2 plays."""
    live.ok("/gl/swap", 0, 1, 2, BEAT, "start", True)
    live.pushed("/gl/launched")
    rig.host.run_for(20.0, until=lambda: rig.song.current_song_time >= beats)
    live.pushes.clear()


@pytest.mark.parametrize(
    "beats, line, moved", [(1.0, 4.0, False), (3.6, 4.0, False), (3.75, 8.0, True), (3.95, 8.0, True)]
)
def test_less_than_150_ms_before_the_line_it_goes_to_the_next(
    rig: Rig, live: Program, beats: float, line: float, moved: bool
) -> None:
    playing(rig, live, beats)
    id = live.send("/gl/swap", 0, 1, 2, blob([(50, 0.0, 0.25, 90)]))
    found = live.wait(id).arguments[2:]
    assert found[6:9] == (line, moved, not moved)
    assert live.pushed("/gl/launched") == (0, 2, line, line, id, moved)
    assert rig.host.engine.launches[-1] == {"time": line, "track": 0, "slot": 2}


def test_or_is_refused_and_nothing_written(rig: Rig, live: Program) -> None:
    playing(rig, live, 3.8)
    undo = rig.undo()
    code, sentence = live.refused("/gl/swap", 0, 1, 2, BEAT, "late", "refuse")
    assert code == "LATE" and "beat 8" in sentence
    rig.run(3.0)
    assert rig.clip(0, 2) is None and rig.undo() == undo and rig.song.tracks[0].playing_slot_index == 1


@pytest.mark.parametrize(
    "grid, line", [("beat", 9.0), ("2 bars", 16.0), ("bar", 12.0), ("sixteenth", 7.25), ("half", 6.0)]
)
def test_a_line_may_be_named_and_is_met_however_far(rig: Rig, live: Program, grid: str, line: float) -> None:
    playing(rig, live, 2.3)
    id = live.send("/gl/swap", 0, 1, 2, blob([(50, 0.0, 0.1, 90)]), "grid", grid, "line", line)
    assert live.wait(id).arguments[8:10] == (line, False)
    assert live.pushed("/gl/launched", 20.0) == (0, 2, line, line, id, False)
    assert rig.host.engine.launches[-1]["time"] == pytest.approx(line)


def test_a_named_line_that_a_stall_makes_impossible_is_moved_and_that_is_said(rig: Rig, live: Program) -> None:
    playing(rig, live, 1.0)
    id = live.send("/gl/swap", 0, 1, 2, BEAT, "grid", "beat", "line", 5.0)
    assert live.wait(id).arguments[10] is False  # not fired yet: beat 4 would come first
    rig.run(1.2)
    rig.host.freeze(0.9)
    rig.run(1.5)
    assert live.pushed("/gl/swap/moved") == (id, 6.0)
    assert live.pushed("/gl/launched") == (0, 2, 6.0, 6.0, id, True)


def test_a_second_swap_for_the_same_line_takes_the_place_of_the_first(rig: Rig, live: Program) -> None:
    playing(rig, live, 1.0)
    first = live.send("/gl/swap", 0, 1, 2, blob([(50, 0.0, 0.25, 90)]))
    second = live.send("/gl/swap", 0, 1, 2, blob([(51, 0.0, 0.25, 90)]))
    assert live.wait(second).arguments[11] == first and live.wait(second).arguments[2] == 2
    assert live.pushed("/gl/launched")[4] == second
    rig.run(0.1)
    assert [n["pitch"] for n in rig.host.engine.played if n["time"] >= 4.0] == [51]
    assert live.heard("/gl/launched", 3.0) == []


def test_a_second_swap_in_the_last_moment_waits_for_the_first(rig: Rig, live: Program) -> None:
    playing(rig, live, 3.0)
    first = live.send("/gl/swap", 0, 1, 2, blob([(50, 0.0, 0.25, 90)]))
    live.wait(first)
    rig.host.run_for(5.0, until=lambda: rig.song.current_song_time >= 3.9)
    second = live.send("/gl/swap", 0, 1, 2, blob([(51, 0.0, 0.25, 90)]))
    assert live.wait(second).arguments[2] == 1 and live.wait(second).arguments[8] == 8.0
    assert [live.pushed("/gl/launched")[4] for _ in range(2)] == [first, second]
    rig.run(0.1)
    heard = [(n["pitch"], n["time"]) for n in rig.host.engine.played if n["time"] >= 4.0 and n["pitch"] > 49]
    assert heard == [(50, 4.0), (51, 8.0)]


def test_the_swap_after_next_is_asked_for_later(rig: Rig, live: Program) -> None:
    playing(rig, live, 1.0)
    live.ok("/gl/swap", 0, 1, 2, BEAT, "line", 8.0)
    assert live.refused("/gl/swap", 0, 1, 2, BEAT, "line", 12.0)[0] == "BUSY"
    live.ok("/gl/swap/cancel", 0)
    assert live.heard("/gl/launched", 5.0) == [] and rig.song.tracks[0].playing_slot_index == 1
    live.ok("/gl/swap", 0, 1, 2, BEAT)
    assert live.refused("/gl/swap/cancel", 0)[0] == "LATE"


def test_legato_keeps_the_place_in_the_loop(rig: Rig, live: Program) -> None:
    live.ok("/gl/swap", 0, 1, 2, blob([(36, float(b), 0.25, 90) for b in range(8)]), "start", True, "length", 8.0)
    rig.run(1.0)
    live.ok("/gl/swap", 0, 1, 2, blob([(50 + b, float(b), 0.25, 90) for b in range(8)]), "legato", True, "length", 8.0)
    rig.run(3.9)
    heard = [(n["pitch"], n["time"]) for n in rig.host.engine.played if n["slot"] == 2]
    assert heard[:3] == [(54, 4), (55, 5), (56, 6)]


def test_a_swap_starts_no_transport_and_waits_for_it(rig: Rig, live: Program) -> None:
    id = live.send("/gl/swap", 0, 1, 2, BEAT)
    assert live.wait(id).arguments[8:11] == (-1.0, False, False)
    rig.run(2.0)
    assert not rig.song.is_playing
    live.ok("/gl/play")
    assert live.pushed("/gl/launched")[:5] == (0, 1, 4.0, 4.0, id)


def test_a_clip_launched_by_hand_is_left_to_play(rig: Rig, live: Program) -> None:
    rig.song.tracks[0].clip_slots[0].fire()
    rig.run(0.2)
    assert live.refused("/gl/swap", 0, 1, 2, BEAT)[0] == "GUARD"
    rig.run(3.0)
    assert rig.song.tracks[0].playing_slot_index == 0
    id = live.send("/gl/swap", 0, 1, 2, BEAT, "force", True)
    assert live.pushed("/gl/launched")[1:5:3] == (1, id)


def test_a_swap_that_is_lost_is_told(rig: Rig, live: Program) -> None:
    playing(rig, live, 1.0)
    id = live.send("/gl/swap", 0, 1, 2, BEAT)
    live.wait(id)
    rig.song.tracks[0].clip_slots[0].fire()  # somebody launches another clip over it
    assert live.pushed("/gl/swap/lost")[0] == id
    id = live.send("/gl/swap", 0, 1, 2, BEAT, "force", True, "line", 40.0)
    live.wait(id)
    rig.song.tracks[0].clip_slots[1].delete_clip()
    assert live.pushed("/gl/swap/lost") == (id, "the clip is gone")
    id = live.send("/gl/swap", 0, 1, 2, BEAT, "force", True, "line", 40.0)
    live.wait(id)
    rig.song.delete_track(0)
    assert live.pushed("/gl/swap/lost") == (id, "the slot is gone")


def test_slots_that_move_while_a_swap_waits_are_followed(rig: Rig, live: Program) -> None:
    playing(rig, live, 1.0)
    id = live.send("/gl/swap", 0, 1, 2, BEAT, "line", 8.0)
    live.wait(id)
    rig.song.create_scene(0)
    rig.song.create_midi_track(0)
    assert live.pushed("/gl/launched") == (1, 3, 8.0, 8.0, id, False)


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("bpm, version, whole", [(180.0, "12.3.6", 1000), (120.0, "11.0.0", 250)])
def test_a_thousand_swaps_with_a_stall_every_twenty_seconds(make: Make, bpm: float, version: str, whole: int) -> None:
    """None lost, none doubled, none off its line, and no note of an old clip after it. A thousand in a whole soak."""
    swaps = max(50, round(whole * SHARE))
    rig = make(version=version)
    live = rig.open()
    live.ok("/gl/tempo", bpm)

    def clip(n: int) -> bytes:  # each with its own notes, of two loops in the bar
        return blob([(36 + n % 60, beat / 2, 0.2, 1 + n % 127) for beat in range(8)])

    sent = [live.send("/gl/swap", 0, 1, 2, clip(0), "start", True, "length", 4.0)]
    lines: list[float] = []
    said_moved, next_stall, host = 0, 20.0, rig.host
    while len(lines) < swaps:
        host.step(0.01)
        live.look()
        for found in live.pushes:
            if found.address == "/gl/launched":
                _, slot, time_, line, id, moved = found.arguments
                assert time_ == line and slot == 1 + len(lines) % 2
                assert id == sent[len(lines)], "lost or doubled"
                lines.append(line)
                said_moved += moved
                sent.append(live.send("/gl/swap", 0, 1, 2, clip(len(lines)), "length", 4.0))
        live.pushes.clear()
        if host.now >= next_stall:
            host.freeze(1.0)
            next_stall += 20.0 + (len(lines) % 7) * 0.11  # at any place of the bar
    host.step(0.01)

    launches = [launch["time"] for launch in host.engine.launches]
    assert launches[: len(lines)] == lines and all(line % 4 == 0 for line in lines)
    skipped = [b - a for a, b in itertools.pairwise(lines) if b - a != 4.0]
    assert all(gap == 8.0 for gap in skipped) and len(skipped) == said_moved
    heard = [(round(n["time"], 6), n["pitch"], n["velocity"]) for n in host.engine.played if n["time"] < lines[-1]]
    due = []
    for n, (line, end) in enumerate(itertools.pairwise(lines)):
        due += [(line + half / 2, 36 + n % 60, 1 + n % 127) for half in range(int((end - line) * 2))]
    assert heard == due
    assert all(answer.address == "/gl/ok" for answer in live.answers.values())


# Pads


def test_pads_of_nested_racks_and_the_map_that_the_set_keeps(rig: Rig, live: Program) -> None:
    found = live.ok("/gl/pads", 0)
    assert found[:10] == (0, *[-1] * 9) and dict(zip(found[10::2], found[11::2], strict=True)) == lom.KIT
    kept = (36, 38, 42, 46, 41, 43, 47, 49, -1)
    undo = rig.undo()
    live.ok("/gl/pads/save", 0, *kept)
    live.ok("/gl/pads/save", 0, *kept)
    assert live.ok("/gl/pads", 0)[:10] == (8, *kept) and rig.undo() - undo <= 1
    live.ok("/gl/clip/write", 0, 1, BEAT)  # what else is kept about the track leaves it alone
    assert live.ok("/gl/pads", 0)[:10] == (8, *kept)
    inner = lom.Device(rig.host.rt, rig.song.tracks[1], "Kit", "DrumGroupDevice", drum_pads={60: "Bongo"})
    middle = lom.Device(rig.host.rt, rig.song.tracks[1], "Rack", "InstrumentGroupDevice", racks=[inner])
    outer = lom.Device(rig.host.rt, rig.song.tracks[1], "Rack", "InstrumentGroupDevice", racks=[middle])
    rig.song.tracks[1]._devices.append(outer)
    assert live.ok("/gl/pads", 1)[10:] == (60, "Bongo")
    rig.song.tracks[0]._data["groovelive"] = "not JSON"
    assert live.ok("/gl/pads", 0)[:10] == (0, *[-1] * 9)


# The transport


def test_the_clock_is_told_while_it_runs_and_at_once_when_it_changes(rig: Rig, live: Program) -> None:
    live.ok("/gl/subscribe", "clock")
    live.pushes.clear()
    live.ok("/gl/play")
    found = live.heard("/gl/clock", 2.0)
    assert 36 <= len(found) <= 45
    first = found[5]
    for host, song, tempo, running, *_ in found[5:]:
        assert running and song - first[1] == pytest.approx((host - first[0]) * tempo / 60, abs=0.03)
    for change in (
        lambda: setattr(rig.song, "tempo", 93.0), lambda: setattr(rig.song, "signature_numerator", 3),
        lambda: setattr(rig.song, "loop", True), lambda: setattr(rig.song, "is_ableton_link_enabled", True),
    ):  # fmt: skip
        rig.run(0.03)
        live.pushes.clear()
        change()
        rig.run(0.02)
        live.look()
        assert live.pushes, "told at once"
    assert live.pushes[-1].arguments[2:8] == (93.0, True, 3, 4, True, 0.0) and live.pushes[-1].arguments[9] is True
    jumps = live.pushes[-1].arguments[10]
    rig.song.jump_by(4.0)
    assert live.heard("/gl/clock", 0.1)[-1][10] == jumps + 1
    rig.host.freeze(1.0)
    assert live.heard("/gl/clock", 1.5)[-1][10] == jumps + 1  # a stall is no jump
    live.ok("/gl/stop")
    rig.run(0.1)
    live.pushes.clear()
    assert len(live.heard("/gl/clock", 3.5)) in (3, 4)


def test_the_transport_is_led_only_when_asked(rig: Rig, live: Program) -> None:
    undo = rig.undo()
    assert live.ok("/gl/tempo", 140.0) == (140.0,) and rig.song.tempo == 140.0 and rig.undo() == undo + 1
    live.ok("/gl/tempo", 140.0)
    assert rig.undo() == undo + 1
    live.ok("/gl/stop")
    assert rig.song.current_song_time == 0.0
    live.ok("/gl/play")
    rig.run(1.0)
    live.ok("/gl/stop")
    rig.run(0.1)
    assert not rig.song.is_playing and rig.song.current_song_time > 2.0
    live.ok("/gl/continue")
    rig.run(0.5)
    assert rig.song.is_playing and rig.song.current_song_time > 3.0


def test_panic_stops_groovelive_s_clips_and_no_others(rig: Rig, live: Program) -> None:
    rig.song.tracks[1].clip_slots[0].fire()
    playing(rig, live, 1.0)
    live.ok("/gl/swap", 0, 1, 2, BEAT)
    assert live.ok("/gl/panic") == (1,) and live.pushed("/gl/swap/lost")[1] == "panic"
    rig.run(3.0)
    assert rig.song.tracks[0].playing_slot_index == -1 and rig.song.tracks[1].playing_slot_index == 0
    assert rig.song.is_playing and live.ok("/gl/panic") == (0,)


def test_a_clip_is_fired_and_stopped(rig: Rig, live: Program) -> None:
    live.ok("/gl/clip/write", 0, 1, BEAT)
    live.ok("/gl/clip/fire", 0, 1, "start", True)
    rig.run(0.7)
    live.ok("/gl/clip/write", 0, 2, BEAT)
    live.ok("/gl/clip/fire", 0, 2, "grid", "beat")
    rig.run(1.0)
    assert rig.host.engine.launches[-1] == {"time": 2.0, "track": 0, "slot": 2}
    live.ok("/gl/clip/stop", 0, 2)
    rig.run(1.0)
    assert rig.song.tracks[0].playing_slot_index == -1


# The Arrangement


@pytest.mark.parametrize("version", VERSIONS)
def test_clips_in_the_arrangement(make: Make, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = make(version=version)
    live, undo = rig.open(), rig.undo()
    clip_id, start, end, count, _ = live.ok("/gl/arrange", 0, 8.0, BEAT, "length", 8.0, "name", "verse", "colour", 4)
    assert (start, end, count) == (8.0, 16.0, 3) and rig.undo() == undo + 1
    assert live.ok("/gl/arrangement", 0) == (clip_id, "verse [gl]", 8.0, 16.0, True)
    assert all(not slot.has_clip for slot in list(rig.song.tracks[0].clip_slots)[1:])
    rig.song.tracks[0].duplicate_clip_to_arrangement(rig.clip(0, 0), 20.0)  # somebody's own
    before = rig.digest()
    assert live.refused("/gl/arrange", 0, 16.0, BEAT)[0] == "GUARD"
    with monkeypatch.context() as patch:
        patch.setattr(lom.Clip, "add_new_notes", lambda *a: 1 / 0)
        assert live.refused("/gl/arrange", 0, 8.0, BEAT)[0] == "LIVE_ERROR"
        assert live.refused("/gl/arrange", 0, 40.0, BEAT)[0] == "LIVE_ERROR"
    assert rig.digest() == before
    live.ok("/gl/arrange", 0, 8.0, blob(many(4)), "length", 8.0)  # over one of groovelive's
    assert [c.start_time for c in rig.song.tracks[0].arrangement_clips] == [8.0, 20.0]


def test_a_frozen_copy_of_the_script_builds_the_same(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__file__": str(SCRIPT / "version.py")}
    exec((SCRIPT / "version.py").read_text(), namespace)
    shutil.copytree(SCRIPT, tmp_path / "GrooveLive")
    assert namespace["build"](str(tmp_path / "GrooveLive")) == namespace["build"]()
    (tmp_path / "GrooveLive" / "swap.py").write_text("")
    assert namespace["build"](str(tmp_path / "GrooveLive")) != namespace["build"]()


# The page


PAGE = (DOCS / "ableton-protocol.md").read_text()


def test_the_page_names_every_request_and_its_options(rig: Rig, live: Program) -> None:
    commands = sys.modules["GrooveLive.commands"].COMMANDS
    rows = [row.split("|")[1:5] for row in PAGE.splitlines() if row.startswith("| `/gl/") and row.count("|") == 5]
    found = {}
    for address, arguments, options, _ in rows:
        for name in re.findall(r"`(/gl/[a-z/]+)`", address):
            found[name] = (arguments, options, address.rstrip().endswith("W"))
    assert set(found) == set(commands) == set(live.welcome[6:])
    shape = re.findall(r"`([a-z_]+)`", PAGE.split("### Shape")[1].split("###")[0])
    guards = {"track_id", "track_name"}, {"track_id", "track_name", "slot_id", "clip_id", "clip_name"}
    for name, about in commands.items():
        arguments, options, writes = found[name]
        said = set(re.findall(r"`([a-z_]+)`", options)) | ({"dry_run"} if writes else set())
        said |= set(shape) if "shape" in options else set()
        said |= guards[1] if re.search(r"(?<!track )guards", options) else guards[0] if "guards" in options else set()
        assert said == set(about.options), name
        assert bool(arguments.strip()) == bool(about.arguments), name


def test_the_page_names_every_code_and_all_news() -> None:
    sources = "".join(path.read_text() for path in SCRIPT.glob("*.py"))
    codes = set(re.findall(r'(?:Refused\(\s*|"/gl/error", \(\w+, )"([A-Z_]+)"', sources))
    assert codes | {"LIVE_ERROR"} == set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.M))
    pushed = set(re.findall(r'push\(\s*(?:"[a-z]+",\s*)?"(/gl/[a-z/]+)"', sources))
    news = PAGE.split("## News")[1].split("## An example")[0]
    assert pushed == set(re.findall(r"^\| `(/gl/[a-z/]+)` \|", news, re.M))


def test_the_example_of_the_page_swaps_a_clip(rig: Rig) -> None:
    code = PAGE.split("```python\n")[1].split("```")[0]
    code = code.replace("57150", str(rig.port)).replace("live.recv(8192)", "wait()")
    answers: list[bytes] = []
    space: dict[str, Any] = {"print": lambda part: answers.append(part)}

    def wait() -> bytes:
        rig.run(0.05)
        return bytes(space["live"].recv(8192))

    space["wait"] = wait
    exec(code, space)
    assert answers == [b"/gl/ok\0\0"] * 2
    rig.run(0.1)
    assert rig.song.tracks[0].playing_slot_index == 6 and rig.notes(0, 6) == [(36, 0.0, 0.25, 100.0)]
    space["live"].close()


# Anything at all


def anything(rng: random.Random, kind: str) -> Any:
    """An argument of a kind; now and then one of another."""
    odd = [None, True, -5, 2**40, -(2**60), 1.5, math.nan, math.inf, "", "é", "a" * 1000, b"", bytes(33), b"\xff" * 68]
    usual: dict[str, list[Any]] = {
        "int": [0, 1, 2, 3, 5, -1, 7, 99, 36], "float": [0.0, 4.0, 8.0, 1.5, 120.0, -1.0, 1e9], "bool": [True, False],
        "str": ["", "bar", "beat", "none", "next", "refuse", "x" * 50, "Drums", "Beat"], "rest": ["clock", 3],
        "place": [0, 1, 2, 0, 1, -1, 3, "Drums", "Bass", "", 7],
        "blob": [blob(many(9)), b""], "notes": [blob(many(30)), blob([NOTE]), note(velocity=0), 1],
    }  # fmt: skip
    return rng.choice(usual[kind] if rng.random() < 0.93 else odd)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_asked_is_answered_once_and_a_fault_changes_nothing(rig: Rig, live: Program, seed: int) -> None:
    rng, commands = random.Random(seed), sys.modules["GrooveLive.commands"].COMMANDS
    # The transport stands still, so that nothing but requests changes the set.
    asked = sorted(set(commands) - {"/gl/hello", "/gl/play", "/gl/continue"})
    for _ in range(700):
        address = rng.choice(asked)
        about = commands[address]
        arguments = [anything(rng, kind) for _, kind in about.arguments]
        for name in rng.sample(sorted(about.options), min(rng.choice([0, 0, 1, 3]), len(about.options))):
            if name != "start" and not name.endswith("_id"):
                arguments += [name, anything(rng, about.options[name])]
        before, undo = rig.digest(), rig.undo()
        found = live.ask(address, *arguments[: len(arguments) - (rng.random() < 0.03)])
        if found.address == "/gl/error":
            assert found.arguments[1] != "LIVE_ERROR", (address, arguments, found)
            assert (rig.digest(), rig.undo()) == (before, undo), (address, arguments)
        rig.run(0.05)
    assert not rig.host.rt.undo.step_left_open and not rig.song.is_playing


@given(data=st.lists(st.binary(max_size=200), max_size=8), udp=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_leave_the_others_served(rig: Rig, data: list[bytes], udp: bool) -> None:
    noise = rig.open(udp=udp, hello=False)
    for part in data:
        with contextlib.suppress(OSError):
            noise.socket.send(part)
        rig.run(0.02)
    noise.close()
    rig.clients.remove(noise)
    if not rig.clients:
        rig.open()
    assert rig.clients[0].ok("/gl/ping")
    assert not [line for line in rig.host.log_lines if "Error" in line]
