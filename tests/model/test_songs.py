"""Songs: their form, that a section which returns is remembered, count-in, ending, build-ups, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.model import load
from groovelive.model.model import Model
from groovelive.model.songs import Song
from groovelive.notation.caret import NotationError


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def alike(one: Groove, other: Groove) -> float:
    """The mean over bars of how much a bar is like the nearest of the other's, 0..1."""
    a, b = (groove.hits.reshape(groove.bars, -1) > 0 for groove in (one, other))
    near = [[(x & y).sum() / max((x | y).sum(), 1) for y in b] for x in a]
    return float(np.mean(np.max(near, 1)))


def test_the_form_is_played_in_order(model: Model) -> None:
    song = model.song("intro2 A4 B2*2 A2", tempo=96)
    assert song.tempo == 96 and song.groove.bars == 12
    assert [(one.name, one.start, one.bars) for one in song.form] == [
        ("intro", 0, 2), ("A", 2, 4), ("B", 6, 2), ("B", 8, 2), ("A", 10, 2),
    ]  # fmt: skip
    assert [name for name, _ in song.parts()] == ["intro", "A", "B", "B", "A"]
    assert sum((part for _, part in song.parts()[1:]), song.parts()[0][1]) == song.groove
    assert song.section("B", 2) == song.groove[8:10] and song.section("A") == song.groove[2:6]


def test_a_seed_is_a_song(model: Model) -> None:
    one = model.song("A4 B2", genre="funk", seed=3).groove
    assert one == model.song("A4 B2", genre="funk", seed=3).groove
    assert one != model.song("A4 B2", genre="funk", seed=4).groove
    assert all(one.hits[16 * bar : 16 * bar + 16].any() for bar in range(one.bars))


def test_a_section_that_returns_is_remembered(model: Model) -> None:
    told = dict(A={"genre": "funk"}, B={"genre": "jazz"})
    songs = [model.song("A4 B4 A4", seed=seed, **told) for seed in range(8)]
    back = [song.section("A", 2) for song in songs]
    first = [song.section("A") for song in songs]
    own = np.mean([alike(a, b) for a, b in zip(back, first, strict=True)])
    other = np.mean([alike(back[k], first[(k + 1) % 8]) for k in range(8)])
    assert own > other + 0.04


def test_each_section_has_its_own_settings(model: Model) -> None:
    def song(**settings: Any) -> Song:
        return model.song("A4 B4", fills=0, seed=2, **settings)

    loud = song(genre="rock", A={"intensity": 0.1}, B={"intensity": 0.9})
    a, b = (loud.section(name).velocities[loud.section(name).hits > 0].mean() for name in "AB")
    assert a < b
    apart = song(A={"density": {"ride": 0, "hats": 0.5}}, B={"redirect": "hats"})
    assert not apart.section("A").hits[:, 8].any() and not apart.section("B").hits[:, 2:4].any()
    silent = song(A={"density": 0}).section("A")
    assert len(silent) == 0
    assert song(genre="rock") != song(genre="jazz")


def test_a_rhythm_is_played_to_in_all_sections_or_in_one(model: Model) -> None:
    rhythm = "x..x..x...x.x..."
    on = Groove.parse(rhythm, bars=4).tap()[:, 0] > 0

    def answered(groove: Groove) -> float:
        return float(groove.hits[on][:, [0, 1, 7]].any(1).mean())

    songs = [model.song("A4 B4", rhythm=rhythm, adherence=1, fills=0, seed=seed) for seed in range(2)]
    assert all(answered(song.section(name)) > 0.9 for song in songs for name in "AB")
    own = [model.song("A4 B4", B={"rhythm": rhythm, "adherence": 1}, fills=0, seed=seed) for seed in range(3)]
    assert np.mean([answered(s.section("B")) for s in own]) > np.mean([answered(s.section("A")) for s in own])


def test_a_prime_is_gone_on_from(model: Model) -> None:
    prime = model.song("A4", genre="jazz", seed=5).groove
    with_it = [model.song("A4", prime=prime, seed=seed).groove for seed in range(6)]
    without = [model.song("A4", seed=seed).groove for seed in range(6)]
    assert np.mean([alike(g, prime) for g in with_it]) > np.mean([alike(g, prime) for g in without])


def test_it_is_counted_in_and_ended(model: Model) -> None:
    plain, song = model.song("A2", seed=1), model.song("A2", seed=1, count_in=2, ending=True)
    assert [(one.name, one.start, one.bars) for one in song.form] == [("count-in", 0, 2), ("A", 2, 2), ("ending", 4, 1)]
    sticks = song.section("count-in")
    assert {(note.step, note.name) for note in sticks} == {(4 * k, "closed_hat") for k in range(8)}
    assert {(note.step, note.name) for note in song.section("ending")} == {(0, "kick"), (0, "crash")}
    assert song.section("A") != plain.section("A") or song.section("A").bars == 2


def test_a_build_begins_soft_and_ends_hard(model: Model) -> None:
    def loudness(groove: Groove) -> float:
        return float(groove.velocities[groove.hits > 0].mean())

    songs = [model.song("build8 A2", genre="dance", seed=seed) for seed in range(4)]
    first, last = (np.mean([loudness(song.groove[k : k + 2]) for song in songs]) for k in (0, 6))
    assert first < last - 0.05


def test_names_have_their_usual_settings_and_what_is_said_counts_more(model: Model) -> None:
    def loudness(form: str, **settings: Any) -> float:
        grooves = [model.song(form, genre="rock", seed=seed, **settings).groove for seed in range(4)]
        return float(np.mean([groove.velocities[groove.hits > 0].mean() for groove in grooves]))

    soft, hard = loudness("break4"), loudness("chorus4")
    assert soft < hard
    assert loudness("break4", **{"break": {"intensity": 0.9}}) > soft


@pytest.mark.parametrize(
    ("form", "settings", "said"),
    [
        ("A4", {"B": {"genre": "funk"}}, "there is no section 'B' in the form"),
        ("A4", {"verse": {"genre": "funk"}}, "there is no section 'verse'"),
        ("A4", {"A": "funk"}, r"section A takes dict\(genre"),
        ("A4", {"A": {"gnre": "funk"}}, "a setting of section A must be .*did you mean 'genre'"),
        ("A4", {"gnre": "funk"}, "a setting of a song must be .*did you mean 'genre'"),
        ("A4", {"genre": "fnuk"}, "did you mean 'funk'"),
        ("A4", {"A": {"complexity": 3}}, "complexity must be"),
        ("A4", {"tempo": 5}, "tempo must be a number from 20 to 400"),
        ("A4", {"count_in": 99}, "count_in must be a whole number from 0 to 16"),
        ("A4", {"seed": -1}, "seed must be"),
        ("A4", {"rhythm": "qq"}, "qq"),
        ("A4", {"rhythm": "x..x", "instrument": "bas"}, "did you mean 'bass'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(model: Model, form: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(GrooveError, match=said):
        model.song(form, **settings)


def test_a_form_with_a_mistake_is_shown_it(model: Model) -> None:
    with pytest.raises(NotationError, match="B-8") as caught:
        model.song("A8 B-8 A8")
    assert str(caught.value).splitlines()[1:] == ["  A8 B-8 A8", "     ^^^"]


def test_a_section_is_asked_for_by_name_and_turn(model: Model) -> None:
    song = model.song("A2 B2 A2")
    with pytest.raises(GrooveError, match=r"there is no section 'C'.*there are A, B"):
        song.section("C")
    with pytest.raises(GrooveError, match="the turn of section A must be a whole number from 1 to 2, not 3"):
        song.section("A", 3)
