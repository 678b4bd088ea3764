"""Kit maps: the shipped ones against what their makers document, and maps of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from groovelive.errors import GrooveError
from groovelive.grooves.groove import GM_NOTES, VOICES
from groovelive.midi_files import drum_maps as kits

KICK, SNARE, CLOSED, OPEN, LOW, MID, HIGH, CRASH, RIDE = range(9)


@pytest.mark.parametrize("name", kits.names())
def test_every_shipped_kit_is_complete(name: str) -> None:
    kit = kits.load(name)
    assert kit.name == name
    assert len(kit.source) > 20
    assert len(kit.notes) == len(VOICES)
    for voice, note in enumerate(kit.notes):
        assert note is not None
        assert kit.voice_of(note) == voice
    assert sum(map(len, kit.pitches)) == len({pitch for pitches in kit.pitches for pitch in pitches})


@pytest.mark.parametrize(
    ("name", "voice", "pitches"),
    [
        ("roland", KICK, {36}),
        ("roland", SNARE, {38, 37, 40}),
        ("roland", CLOSED, {42, 22, 44}),
        ("roland", OPEN, {46, 26}),
        ("roland", LOW, {43, 58}),
        ("roland", MID, {47, 45}),
        ("roland", HIGH, {50, 48}),
        ("roland", CRASH, {49, 52, 55, 57}),
        ("roland", RIDE, {51, 53, 59}),
        ("gm", KICK, {35, 36}),
        ("gm", SNARE, {37, 38, 39, 40}),
        ("gm", LOW, {41, 43}),
        ("addictive", CLOSED, {48, 49, 50, 51, 52, 53}),
        ("addictive", HIGH, {71, 72}),
        ("ezdrummer", KICK, {34, 35, 36}),
    ],
)
def test_shipped_maps(name: str, voice: int, pitches: set[int]) -> None:
    assert set(kits.load(name).pitches[voice]) == pitches


@pytest.mark.parametrize("name", ["common", "roland", "gm"])
def test_kits_that_play_general_midi_send_its_notes(name: str) -> None:
    assert kits.load(name).notes == GM_NOTES


def test_common_contains_roland_and_general_midi() -> None:
    common, roland, gm = (kits.load(name) for name in ("common", "roland", "gm"))
    for pitch in range(128):
        expected = roland.voice_of(pitch)
        assert common.voice_of(pitch) == (gm.voice_of(pitch) if expected is None else expected)


def test_the_same_pitch_means_another_drum_in_another_kit() -> None:
    found = {name: kits.load(name).voice_of(49) for name in ("gm", "addictive")}
    assert found == {"gm": CRASH, "addictive": CLOSED}
    assert kits.load("ezdrummer").voice_of(50) == CRASH
    assert kits.load("ableton").voice_of(45) == HIGH


def test_names_ignore_case_and_a_kit_is_its_own_name() -> None:
    kit = kits.load("Roland")
    assert kit is kits.load("roland") is kits.load(kit)


def test_a_kit_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "my.json"
    path.write_text(json.dumps({"source": "my pads", "kick": 48, "sn": [50, 51]}))
    for kit in (kits.load(path), kits.load(str(path))):
        assert kit.source == "my pads"
        assert kit.notes == (48, 50, *[None] * 7)
        assert (kit.voice_of(51), kit.voice_of(36)) == (SNARE, None)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kik": 36}, "unknown voice 'kik' (did you mean 'kick'?)"),
        ({"kick": 128}, "gives kick the pitch 128"),
        ({"kick": [36, "C1"]}, "gives kick the pitch 'C1'"),
        ({"kick": True}, "gives kick the pitch True"),
        ({"kick": 36, "snare": [38, 36]}, "gives the pitch 36 to both kick and snare"),
        ({"source": "nothing"}, "maps no voice"),
        ({"kick": []}, "maps no voice"),
    ],
)
def test_a_wrong_map_says_what_is_wrong(tmp_path: Path, spec: dict[str, object], message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(spec))
    for kit in (spec, path):
        with pytest.raises(GrooveError) as error:
            kits.load(kit)
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "is not JSON"), (b"\xff\xfe\x00", "is not JSON"), (b"[36]", "must be a JSON object")],
)
def test_a_file_that_is_no_map(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_bytes(content)
    with pytest.raises(GrooveError, match=message):
        kits.load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match="cannot read the kit"):
        kits.load(tmp_path / "none.json")


def test_an_unknown_name() -> None:
    with pytest.raises(GrooveError, match=r"unknown kit 'abelton' \(did you mean 'ableton'\?\)"):
        kits.load("abelton")
    with pytest.raises(GrooveError, match="unknown kit 3"):
        kits.load(3)  # type: ignore[arg-type]
