"""The player as a musician asks for it: seeded, every control moves the music as it says, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.grooves.groove import GROUPS, VOICES
from groovelive.grooves.taps import Instrument
from groovelive.model import load
from groovelive.model.model import WEIGHTS, Model

INSTRUMENTS: tuple[Instrument, ...] = ("drums", "typed", "bass", "guitar", "piano", "any")

TAP = "x..x..x."
SON = "bd(3,8), [~ sn]*2, hh*8"
SEEDS = range(6)


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def mean(model: Model, measure: Callable[[Groove], float], seeds: Sequence[int] = SEEDS, **controls: Any) -> float:
    """The mean of a measure over answers of several seeds, to a typed rhythm."""
    return float(np.nanmean([measure(model.drum(TAP, seed=seed, **controls)) for seed in seeds]))


def loudness(groove: Groove) -> float:
    return float(groove.velocities[groove.hits > 0].mean())


def part(group: str) -> Callable[[Groove], float]:
    return lambda groove: float(groove.hits[:, list(GROUPS[group])].sum())


def apart(one: Groove, other: Groove) -> float:
    """How far two patterns are apart, 0..1: Jaccard's distance of their cells."""
    a, b = one.hits > 0, other.hits > 0
    return 1 - float((a & b).sum() / max((a | b).sum(), 1))


def rises(values: Sequence[float]) -> bool:
    return all(before < after for before, after in pairwise(values))


# What it answers


def test_it_ships_small() -> None:
    assert (WEIGHTS / "player.npz").stat().st_size <= 4_000_000


def test_a_seed_is_an_answer(model: Model) -> None:
    answers = [model.drum(TAP, genre="funk", seed=seed) for seed in SEEDS]
    assert answers == [model.drum(TAP, genre="funk", seed=seed) for seed in SEEDS]
    assert len(set(answers)) == len(SEEDS)
    assert model.drum(TAP) == model.drum(TAP, seed=0)


@pytest.mark.parametrize("bars", [1, 2, 3, 5])
def test_an_answer_is_as_long_as_the_tap(model: Model, bars: int) -> None:
    tap = Groove.parse(TAP, bars=bars)
    assert model.drum(tap).bars == model.drum(tap.tap()).bars == bars
    assert model.drum(tap) == model.drum(tap.tap())


def test_it_plays_more_than_the_rhythm(model: Model) -> None:
    steps = Groove.parse(TAP).tap()[:, 0] > 0
    off = mean(model, lambda groove: float((groove.hits[~steps] > 0).sum() / len(groove)))
    assert 0.2 < off < 0.7
    answers = [model.drum(TAP, seed=seed) for seed in range(20)]
    assert np.mean([groove.hits[0, 0] > 0 for groove in answers]) >= 0.6  # the kick on one
    velocities = np.concatenate([groove.velocities[groove.hits > 0] for groove in answers])
    assert velocities.std() > 0.1  # dynamics, where the typed rhythm has none


def test_mirror_is_the_network_without_a_drummer(model: Model) -> None:
    steps = Groove.parse(TAP).tap()[:, 0] > 0
    mirrored = model.drum(TAP, genre="funk", density=0.4, mirror=True)
    assert mirrored == model.mirror(TAP, genre="funk", density=0.4)
    assert not mirrored.hits[~steps].any()
    assert model.drum(TAP, genre="funk", guidance=2, mirror=True) == model.mirror(TAP, genre="funk", guidance=2)


# Silence: where it is asked for, and nowhere else


def test_no_density_and_all_cells_locked_silent_are_silence(model: Model) -> None:
    assert len(model.drum(TAP, density=0)) == 0
    assert len(model.drum(TAP, forbid=np.ones((32, 9)))) == 0
    assert len(model.drum(TAP, keep=Groove.empty(), locks=VOICES)) == 0
    assert len(model.drum(TAP, max_hits=0)) == 0


@pytest.mark.parametrize(
    "controls",
    [
        {},
        {"density": 0.02},
        {"density": dict.fromkeys(GROUPS, 0.01)},
        {"temperature": 0},
        {"temperature": 10},
        {"top_k": 1},
        {"complexity": 0, "intensity": 0, "variation": 0},
        {"complexity": 1, "intensity": 1, "variation": 2},
        {"redirect": ["kick", "snare", "hats", "toms"]},
        {"adherence": 0},
        {"adherence": 1},
        {"context": Groove.empty(bars=4)},
        {"instrument": "bass", "genre": "jazz"},
        {"tempo": 400},
        {"follow": 0},
    ],
    ids=str,
)
def test_no_bar_is_empty_by_accident(model: Model, controls: dict[str, Any]) -> None:
    taps: tuple[Any, ...] = (TAP, "x" + "." * 31, np.zeros((32, 3)))
    for seed, tap in enumerate(taps):
        groove = model.drum(tap, seed=seed, **controls)
        assert groove.hits[:16].any() and groove.hits[16:].any(), tap


# Every control moves the music


def test_density_is_heard(model: Model) -> None:
    assert rises([mean(model, len, density=density) for density in (0.15, 0.4, 0.7, 1)])
    for group in GROUPS:
        assert mean(model, part(group), range(2), density={group: 0}) == 0
        assert mean(model, part(group), density={group: 0.1}) < mean(model, part(group), density={group: 0.6}), group
    assert mean(model, lambda groove: groove.hits[:, 8].sum(), density={"ride": 0}) == 0
    near = mean(model, part("kick"), density={"kick": 0.25})
    assert 4 <= near <= 12  # one a beat is eight


def test_complexity_is_heard(model: Model) -> None:
    def between(groove: Groove) -> float:
        hits = groove.hits[:, :2].copy()
        hits[::4] = 0
        return float(hits.sum())

    bare, usual, busy = (mean(model, between, complexity=complexity) for complexity in (0, 0.5, 1))
    assert bare < 0.75 * busy and usual < 0.75 * busy


def test_intensity_is_heard(model: Model) -> None:
    assert rises([mean(model, loudness, intensity=intensity) for intensity in (0, 0.5, 1)])
    assert rises([mean(model, part("cymbals"), intensity=intensity) for intensity in (0, 0.5, 1)])


def test_variation_and_temperature_are_heard(model: Model) -> None:
    def strays(**controls: Any) -> float:
        loops = [model.loops(TAP, 3, genre="rock", seed=seed, fills=0, **controls) for seed in range(8)]
        return float(np.mean([apart(a, b) for row in loops for a, b in pairwise(row)]))

    usual = strays()
    assert strays(variation=0) < usual < strays(variation=2)
    assert strays(temperature=0.5) < usual < strays(temperature=1.5)


def test_adherence_is_heard(model: Model) -> None:
    on = Groove.parse(TAP).tap()[:, 0] > 0

    def answered(groove: Groove) -> float:
        return float(groove.hits[on].any(1).mean())

    values = [mean(model, answered, range(12), adherence=adherence) for adherence in (0, 0.5, 1)]
    assert values[0] < values[1] <= values[2]
    strong = mean(model, lambda groove: float(groove.hits[on][:, [0, 1, 7]].any(1).mean()), adherence=1)
    assert strong >= 0.95


def test_redirect_leaves_a_group_out_and_the_others_carry_on(model: Model) -> None:
    for group in GROUPS:
        assert mean(model, part(group), range(3), redirect=group) == 0
    without = [voice for voice in range(9) if voice not in GROUPS["hats"]]
    usual, carried = (
        mean(model, lambda groove: groove.hits[:, without].sum(), range(12), redirect=absent) for absent in ((), "hats")
    )
    assert carried >= usual * 0.9


def test_a_genre_is_heard(model: Model) -> None:
    ride = {genre: mean(model, lambda groove: groove.hits[:, 8].sum(), genre=genre) for genre in ("jazz", "hiphop")}
    assert ride["jazz"] > ride["hiphop"] + 1
    hats = [mean(model, part("hats"), range(12), genre={"dance": share, "gospel": 1 - share}) for share in (0, 0.5, 1)]
    assert hats[0] < hats[2] and hats[0] - 1 <= hats[1] <= hats[2] + 1
    assert model.drum(TAP, genre="programmed") != model.drum(TAP)


def test_who_plays_is_heard(model: Model) -> None:
    bass = Groove.parse("9.7.8.7.9.7.8.76", bars=2).humanise(0.5, seed=1)
    on = bass.tap()[:, 0] > 0
    answers = {name: [model.drum(bass, instrument=name, seed=seed) for seed in range(6)] for name in INSTRUMENTS}
    assert len({groove for row in answers.values() for groove in row}) == 6 * len(INSTRUMENTS)
    assert model.drum(bass) == answers["drums"][0]  # it has dynamics and feel
    doubled = np.mean([groove.hits[on][:, :2].any(1).mean() for groove in answers["bass"]])
    assert doubled < 0.85 < model.mirror(bass).hits[on].any(1).mean()  # accompanied, not doubled


def test_max_hits_and_threshold(model: Model) -> None:
    assert all((model.drum(TAP, max_hits=3, seed=seed).hits.sum(0) <= 3).all() for seed in SEEDS)
    assert all(model.drum(TAP, max_hits={"hats": 2}, seed=seed).hits[:, 2:4].sum(0).max() <= 2 for seed in SEEDS)
    hits = [len(model.drum(TAP, sampling="threshold", threshold=threshold)) for threshold in (0.1, 0.4, 0.8)]
    assert rises(hits[::-1])
    few = model.drum(TAP, threshold={"kick": 1.0})
    assert not few.hits[:, 0].any() and few.hits.any()


def test_threshold_sampling_plays_what_is_likely_whatever_the_temperature_draws(model: Model) -> None:
    drawn = [model.drum(TAP, genre="rock", seed=seed) for seed in range(8)]
    likely = [model.drum(TAP, genre="rock", sampling="threshold", seed=seed) for seed in range(8)]

    def spread(grooves: list[Groove]) -> float:
        return float(np.mean([apart(a, b) for a, b in combinations(grooves, 2)]))

    assert spread(likely) < spread(drawn)


def test_top_k_narrows_the_choice(model: Model) -> None:
    def sets(top_k: int) -> float:
        rows = [tuple(row) for seed in SEEDS for row in model.drum(TAP, top_k=top_k, temperature=1.5, seed=seed).hits]
        return float(len(set(rows)))

    assert sets(2) < sets(20) < sets(0)


def test_tempo_and_hands_are_heard(model: Model) -> None:
    def three_hands(groove: Groove) -> float:  # the feet play the kick, and the closed hat where no hand is free
        return float((groove.hits[:, [1, 3, 4, 5, 6, 7, 8]].sum(1) > 2).sum())

    def both_hats(groove: Groove) -> float:
        return float((groove.hits[:, 2] * groove.hits[:, 3]).sum())

    busy: dict[str, Any] = {"density": 1, "temperature": 1.5}
    assert mean(model, three_hands, **busy) == 0 and mean(model, both_hats, **busy) == 0
    assert mean(model, three_hands, hands=False, **busy) > 0

    def longest(groove: Groove) -> float:
        runs = [len(run) for voice in groove.hits.T for run in "".join("x" if h else "." for h in voice).split(".")]
        return float(max(runs))

    assert mean(model, longest, density={"hats": 1}, tempo=240) < mean(model, longest, density={"hats": 1}, tempo=70)


def test_a_context_is_played_on_from(model: Model) -> None:
    genres = ("jazz", "punk", "funk", "latin", "reggae", "soul")
    before = [model.song("A4", genre=genre, seed=1).groove for genre in genres]
    after = [[model.drum(TAP, context=context, seed=seed) for seed in range(2)] for context in before]

    def near(k: int, other: int) -> float:
        bars = before[other][:2], before[other][2:]
        return float(np.mean([max(1 - apart(groove, one) for one in bars) for groove in after[k]]))

    own = np.mean([near(k, k) for k in range(6)])
    others = np.mean([near(k, other) for k in range(6) for other in range(6) if k != other])
    assert own > others + 0.05


def test_follow_moves_evenly_from_the_preset_to_the_tap(model: Model) -> None:
    tap = "x...x...x...x..."
    shares = (0, 0.25, 0.5, 0.75, 1)
    distance = np.zeros(len(shares))
    from_preset = np.zeros(len(shares))
    for seed in range(8):
        answers = [
            model.drum(tap, follow=share, preset="clave" if share < 1 else None, genre="latin", seed=seed)
            for share in shares
        ]
        distance += [apart(answer, answers[-1]) for answer in answers]
        from_preset += [apart(answer, answers[0]) for answer in answers]
    distance, from_preset = distance / 8, from_preset / 8
    assert rises(list(distance[::-1])), distance
    assert rises(list(from_preset)), from_preset
    assert 0.3 * distance[0] < distance[2] < distance[0]  # no switch


def test_a_preset_is_named_or_drawn_from_the_genre(model: Model) -> None:
    assert model.drum(TAP, follow=0, preset="clave") != model.drum(TAP, follow=0, preset="late night")
    assert model.drum(TAP, follow=0, genre="jazz") != model.drum(TAP, follow=0, genre="rock")
    assert model.drum(TAP, follow=0, preset="clave") == model.drum("x.x.x.x.", follow=0, preset="clave")


# Locks


@pytest.mark.parametrize("seed", range(4))
def test_what_is_locked_stays_to_the_bit(model: Model, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kept = model.drum(SON, genre="rock", seed=9)
    voices = model.drum(TAP, genre="latin", keep=kept, locks=["kick", "toms", 4, 20], seed=seed)
    for voice in ("kick", "low_tom", "mid_tom", "high_tom"):
        assert voices[voice] == kept[voice]
    assert (voices.hvo[[4, 20]] == kept.hvo[[4, 20]]).all() and voices != kept
    mask = rng.random((32, 9)) < rng.random()
    answer = model.drum(TAP, keep=kept, locks=mask, seed=seed)
    assert (answer.hits[mask] == kept.hits[mask]).all()
    for name in ("velocities", "offsets"):
        np.testing.assert_allclose(getattr(answer, name)[mask], getattr(kept, name)[mask], atol=1e-6)
    assert not model.drum(TAP, forbid=mask, seed=seed).hits[mask].any()
    assert model.drum(TAP, keep=kept, locks=list(VOICES), seed=seed) == kept


def test_the_order_of_locks_changes_nothing(model: Model) -> None:
    kept = model.drum(SON, seed=9)
    assert model.drum(TAP, keep=kept, locks=["kick", "snare", 7]) == model.drum(
        TAP, keep=kept, locks=[7, "snare", "kick"]
    )


# What it refuses


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.drum(TAP, genre="fnuk"), ["fnuk", "funk"]),
        (lambda m: m.drum(TAP, genre={"rock": -1}), ["rock", "-1"]),
        (lambda m: m.drum(TAP, genre={"rock": 0}), ["weights"]),
        (lambda m: m.drum(TAP, genre=3), ["genre"]),
        (lambda m: m.drum(TAP, instrument="bas"), ["instrument", "bass"]),
        (lambda m: m.drum(TAP, density=1.4), ["density", "1.4", "0 to 1"]),
        (lambda m: m.drum(TAP, density={"hat": 0.5}), ["hat", "hats"]),
        (lambda m: m.drum(TAP, density={"hh": -1}), ["density of closed_hat", "-1"]),
        (lambda m: m.drum(TAP, density={"kick": 0.1, "bd": 0.1}), ["kick", "twice"]),
        (lambda m: m.drum(TAP, redirect=["tom"]), ["tom", "toms"]),
        (lambda m: m.drum(TAP, redirect=list(GROUPS)), ["redirect", "five"]),
        (lambda m: m.drum(TAP, adherence=-0.1), ["adherence", "-0.1"]),
        (lambda m: m.drum(TAP, temperature=11), ["temperature", "11"]),
        (lambda m: m.drum(TAP, variation=3), ["variation", "3"]),
        (lambda m: m.drum(TAP, complexity=2), ["complexity", "2"]),
        (lambda m: m.drum(TAP, intensity=float("nan")), ["intensity", "nan"]),
        (lambda m: m.drum(TAP, tempo=1000), ["tempo", "1000"]),
        (lambda m: m.drum(TAP, sampling="dice"), ["sampling", "bernoulli"]),
        (lambda m: m.drum(TAP, threshold=2), ["threshold", "2"]),
        (lambda m: m.drum(TAP, threshold={"cowbell": 0.5}), ["cowbell"]),
        (lambda m: m.drum(TAP, max_hits=40), ["max_hits", "40"]),
        (lambda m: m.drum(TAP, follow=1.5), ["follow", "1.5"]),
        (lambda m: m.drum(TAP, preset="clave"), ["preset", "follow"]),
        (lambda m: m.drum(TAP, follow=0, preset="clvae"), ["clvae"]),
        (lambda m: m.drum(TAP, guidance=2), ["guidance", "mirror"]),
        (lambda m: m.drum(TAP, extra={"lateness": 1}), ["extra", "mirror"]),
        (lambda m: m.drum(TAP, mirror=True, variation=2), ["variation", "player"]),
        (lambda m: m.drum(TAP, mirror=True, context=Groove.empty()), ["context", "player"]),
        (lambda m: m.drum(TAP, mirror=True, forbid=np.ones((32, 9))), ["forbid", "player"]),
        (lambda m: m.drum(TAP, mirror=True, keep=Groove.empty(), locks=np.ones((32, 9))), ["array", "player"]),
        (lambda m: m.drum(TAP, locks=["kick"]), ["keep"]),
        (lambda m: m.drum(TAP, keep=Groove.empty()), ["locks"]),
        (lambda m: m.drum(TAP, keep=Groove.empty(), locks=[32]), ["lock", "32"]),
        (lambda m: m.drum(TAP, keep=Groove.empty(), locks=["kik"]), ["kik", "kick"]),
        (lambda m: m.drum(TAP, keep=Groove.empty(bars=4), locks=["kick"]), ["2 bars", "4"]),
        (lambda m: m.drum(TAP, keep=Groove.empty(), locks=np.ones((3, 9))), ["locks", "(32, 9)"]),
        (lambda m: m.drum(TAP, forbid=np.ones((32, 3))), ["forbid", "(32, 9)"]),
        (lambda m: m.drum(TAP, top_k=-1), ["top_k", "-1"]),
        (lambda m: m.drum(TAP, top_k=1000), ["top_k", "1000"]),
        (lambda m: m.drum(TAP, seed=-1), ["seed"]),
        (lambda m: m.drum(np.zeros((31, 3))), ["whole bars", "(31, 3)"]),
        (lambda m: m.drum(np.full((32, 3), np.nan)), ["NaN"]),
        (lambda m: m.drum(np.full((32, 3), 0.5)), ["hits"]),
        (lambda m: m.drum("qq qq"), ["qq"]),
        (lambda m: m.loops(TAP, 0), ["n must", "0"]),
        (lambda m: m.loops(TAP, 2, varation=1), ["varation", "variation"]),
        (lambda m: m.loops(TAP, 2, phrase=0), ["phrase", "0"]),
        (lambda m: m.loops(TAP, 2, fills=-1), ["fills", "-1"]),
    ],
)
def test_bad_input_is_told_in_one_sentence(model: Model, call: Callable[[Model], Any], words: list[str]) -> None:
    with pytest.raises(GrooveError) as caught:
        call(model)
    for word in words:
        assert word in str(caught.value)
