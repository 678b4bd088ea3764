"""The mirror of the shipped model: what it answers, how every control changes the music, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.grooves.groove import GROUPS, SHORT, VOICES, voice_indices
from groovelive.model import decoding, load
from groovelive.model.model import WEIGHTS, Model

EXPECTED = Path(__file__).parent / "expected_model.json"
TEXTS = {
    "tresillo": "x..x..x.",
    "four": "X...x...X...x...",
    "busy": "x.xxx.x.xxx.x.xx",
    "dynamic": "9.3.5.3.9.3.7.33",
    "clave": "x..x..x...x.x...",
    "son": "bd(3,8), [~ sn]*2, hh*8",
}


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def taps() -> np.ndarray:
    return np.stack([Groove.parse(text).tap() for text in TEXTS.values()])


def flips(grooves: list[Groove]) -> list[int]:
    return [int(np.abs(a.hits - b.hits).sum()) for a, b in pairwise(grooves)]


# What it answers


def test_it_ships_small_with_genres_and_presets(model):
    files = [f for f in WEIGHTS.iterdir() if f.is_file() and not f.name.startswith("player")]
    assert sum(f.stat().st_size for f in files) <= 3_000_000
    assert len(model.manifest.genres) == 18
    assert len(model.presets) >= 24
    assert {p.genre for p in model.presets.values()} == set(model.manifest.genres)
    for preset in model.presets.values():
        again = model.decode(preset.z, genre=preset.genre)
        assert np.abs(again.hits - preset.groove.hits).sum() <= 2
        assert len(preset.groove) >= 8


def test_the_weights_answer_as_they_did_when_they_were_measured(model):
    expected = json.loads(EXPECTED.read_text())
    assert set(expected) == set(TEXTS)
    for name, text in TEXTS.items():
        for genre, notes in expected[name].items():
            groove = model.mirror(text, genre=None if genre == "any" else genre)
            stored = Groove.from_notes([tuple(note) for note in notes])
            assert np.abs(groove.hits - stored.hits).sum() <= 1, (name, genre)
            both = (groove.hits > 0) & (stored.hits > 0)
            assert np.abs(groove.velocities - stored.velocities)[both].max() < 0.01
            assert np.abs(groove.offsets - stored.offsets)[both].max() < 0.01


def test_a_groove_of_any_length_is_answered_at_its_length(model):
    tap = Groove.parse("x..x..x.", bars=2)
    for bars in (1, 2, 3, 5):
        answer = model.mirror((tap.repeat(3))[:bars])
        assert answer.bars == bars
    assert model.mirror(tap.repeat(2)) == model.mirror(tap).repeat(2)


def test_it_answers_every_hit_of_the_tap_and_no_silence(model):
    for tap in taps():
        assert (model.mirror(tap).hits.any(1) == (tap[:, 0] > 0)).all()
    assert len(model.mirror(np.zeros((32, 3)))) == 0


def test_the_loudest_voice_of_a_step_keeps_the_feel_of_the_tap(model):
    tap = Groove.parse("9.3.5.3.9.3.7.33").humanise(0.8, seed=3).tap()
    answer = model.mirror(tap).tap()
    on = tap[:, 0] > 0
    assert np.abs(answer[on, 1] - tap[on, 1]).mean() < 0.06
    assert np.abs(answer[on, 2] - tap[on, 2]).mean() < 0.06


def test_predict_and_mirror_agree_whatever_is_asked(model):
    for conditions in (
        {},
        {"genre": "jazz"},
        {"density": 0.4},
        {"density": {"kick": 0.2, "hats": 0.1}},
        {"redirect": ["hats"]},
    ):
        p, v, o = model.predict(taps(), **conditions)
        assert p.shape == v.shape == o.shape == (len(TEXTS), 32, 9)
        assert p.dtype == v.dtype == o.dtype == np.float32
        assert v.min() >= 0 and v.max() <= 1 and np.abs(o).max() <= 0.5 and (v > 0).mean() > 0.9
        for i, tap in enumerate(taps()):
            groove = model.mirror(tap, **conditions)
            assert ((p[i] >= 0.5) == (groove.hits > 0)).all(), conditions
            played = groove.hits > 0
            assert np.allclose(groove.velocities[played], v[i][played], atol=1e-4)


def test_predict_takes_a_condition_for_each_loop(model):
    together = model.predict(taps(), genre=["funk", None, "jazz", "rock", "latin", None], density=[0.5] * 6)
    for i, genre in enumerate(["funk", None, "jazz", "rock", "latin", None]):
        alone = model.predict(taps()[i : i + 1], genre=genre, density=0.5)
        assert ((alone.probabilities[0] >= 0.5) == (together.probabilities[i] >= 0.5)).all()


def test_densities_of_groups_may_be_columns(model):
    kicks = [0.0, 0.125, 0.25, 0.375, 0.5, 0.625]
    p = model.predict(taps(), density={"kick": np.array(kicks), "toms": 0.0}).probabilities
    assert ((p >= 0.5)[..., 0].sum(1) == np.array(kicks) * 32).all() and not (p >= 0.5)[..., 4:7].any()
    with pytest.raises(GrooveError, match="density of kick"):
        model.predict(taps(), density={"kick": [0.1, 0.2]})


# Controls


def test_genres_differ_and_mixtures_lie_between(model):
    answers = {genre: model.mirror(TEXTS["busy"], genre=genre) for genre in model.manifest.genres}
    assert len(set(answers.values())) >= 12
    mixed = model.mirror(TEXTS["busy"], genre={"rock": 0.5, "jazz": 0.5})
    apart = answers["rock"].distance(answers["jazz"])
    assert mixed.distance(answers["rock"]) < apart and mixed.distance(answers["jazz"]) < apart


def test_guidance_moves_away_from_the_answer_without_a_genre(model):
    def moved(guidance: float) -> float:
        plain = model.predict(taps(), genre=None).probabilities >= 0.5
        p = model.predict(taps(), genre="jazz", guidance=guidance).probabilities >= 0.5
        return float((p != plain).sum())

    assert moved(0) <= moved(1) < moved(3)


@pytest.mark.parametrize("density", [0.0, 0.1, 0.33, 0.6, 0.9, 1.0])
def test_one_density_gives_so_many_hits_exactly(model, density):
    for text in TEXTS.values():
        assert len(model.mirror(text, density=density)) == round(density * 64)


@pytest.mark.parametrize("group", list(GROUPS))
def test_a_group_density_gives_so_many_hits_of_the_group_exactly(model, group):
    for wanted in (0.0, 0.125, 0.5, 1.0):
        groove = model.mirror(TEXTS["busy"], density={group: wanted})
        assert groove.hits[:, list(GROUPS[group])].sum() == wanted * 32


@pytest.mark.parametrize("voice", [*VOICES, *SHORT])
@pytest.mark.parametrize("drawn", [{}, {"sampling": "bernoulli", "seed": 4}])
def test_a_voice_density_gives_so_many_hits_of_the_voice_exactly(model, voice, drawn):
    for wanted in (0.0, 0.1, 0.5, 1.0):
        for text in TEXTS.values():
            groove = model.mirror(text, density={voice: wanted}, **drawn)
            assert groove.hits[:, voice_indices(voice)[0]].sum() == round(wanted * 32)


def test_a_voice_density_changes_nothing_else(model):
    plain, busy = model.mirror(TEXTS["busy"]), model.mirror(TEXTS["busy"], density={"ride": 0.5})
    rest = [voice for voice in VOICES if voice != "ride"]
    assert plain.only(*rest) == busy.only(*rest)
    assert (model.mirror(TEXTS["busy"], density={"ride": 0.25}).hits <= busy.hits).all()  # the likeliest of them


def test_a_voice_takes_its_part_of_its_group(model):
    groove = model.mirror(TEXTS["busy"], density={"hats": 0.5, "open_hat": 0.125})
    assert groove.hits[:, 2:4].sum(0).tolist() == [12, 4]
    assert model.mirror(TEXTS["son"], density={"hh": 0.25, "hats": 0.25}).hits[:, 2:4].sum(0).tolist() == [8, 0]
    whole = model.mirror(TEXTS["busy"], density={"lt": 0.25, "toms": 0.5, "mt": 0.125})
    assert whole.hits[:, 4:7].sum(0).tolist() == [8, 4, 4]


def test_the_voice_of_a_group_of_one_is_the_group(model):
    assert model.mirror(TEXTS["son"], density={"bd": 0.3}) == model.mirror(TEXTS["son"], density={"kick": 0.3})
    assert model.mirror(TEXTS["son"], density={"sn": 0.0, "hh": 0.0}, redirect="snare").hits[:, 1:3].sum() == 0


def test_density_is_more_than_a_cut_the_feel_follows(model):
    sparse, dense = (model.mirror(TEXTS["son"], density=d) for d in (0.3, 0.8))
    assert set(map(tuple, np.argwhere(sparse.hits))) != set(map(tuple, np.argwhere(dense.hits)))
    assert dense.velocities[dense.hits > 0].min() > 0


@pytest.mark.parametrize("group", list(GROUPS))
def test_redirect_leaves_the_group_out_and_keeps_the_energy(model, group):
    plain, moved = 0.0, 0.0
    for tap in taps():
        before, after = model.mirror(tap), model.mirror(tap, redirect=[group])
        assert after.hits[:, list(GROUPS[group])].sum() == 0
        plain += before.velocities.sum()
        moved += after.velocities.sum()
    assert abs(moved / plain - 1) <= 0.15


def test_sampling_is_seeded_and_temperature_widens_it(model):
    def spread(temperature: float) -> float:
        drawn = [
            model.mirror(TEXTS["busy"], sampling="bernoulli", temperature=temperature, seed=s).hits for s in range(20)
        ]
        return float(np.stack(drawn).var(0).sum())

    a = model.mirror(TEXTS["busy"], sampling="bernoulli", seed=7)
    assert a == model.mirror(TEXTS["busy"], sampling="bernoulli", seed=7)
    assert a != model.mirror(TEXTS["busy"], sampling="bernoulli", seed=8)
    assert spread(0.2) < spread(1.0) < spread(2.0)


def test_sampling_obeys_densities_and_redirect_too(model):
    for seed in range(5):
        drawn = {"sampling": "bernoulli", "seed": seed}
        assert len(model.mirror(TEXTS["busy"], density=0.5, **drawn)) == 32
        assert model.mirror(TEXTS["busy"], redirect="hats", **drawn).hits[:, 2:4].sum() == 0
    few = model.mirror(TEXTS["busy"], sampling="bernoulli", threshold=0.9)
    assert len(few) < len(model.mirror(TEXTS["busy"], sampling="bernoulli"))


def test_threshold_and_max_hits_per_voice(model):
    usual = model.mirror(TEXTS["busy"])
    assert (
        len(model.mirror(TEXTS["busy"], threshold=0.2)) > len(usual) > len(model.mirror(TEXTS["busy"], threshold=0.9))
    )
    hats = model.mirror(TEXTS["busy"], max_hits={"closed_hat": 3})
    assert hats.hits[:, 2].sum() <= 3 < usual.hits[:, 2].sum()
    assert (model.mirror(TEXTS["busy"], max_hits=4).hits.sum(0) <= 4).all()


def test_follow_goes_from_the_preset_to_the_tap(model):
    preset = model.presets["clave"]
    tap = Groove.parse(TEXTS["four"]).tap()
    home = model.mirror(tap, follow=0, preset="clave", genre=preset.genre)
    assert np.abs(home.hits - preset.groove.hits).sum() <= 2
    answer = model.mirror(tap, genre=preset.genre)
    half = model.mirror(tap, follow=0.5, preset="clave", genre=preset.genre)
    assert half != home and half != answer
    nearly = model.mirror(tap, follow=0.999, preset="clave", genre=preset.genre)
    assert nearly.distance(answer) < home.distance(answer)
    assert model.mirror(tap, follow=0, genre="jazz") != model.mirror(tap, follow=0, genre="rock")


def test_locks_keep_voices_and_steps(model):
    kept = model.mirror(TEXTS["son"], genre="rock")
    new = model.mirror(TEXTS["busy"], genre="latin", keep=kept, locks=["kick", "toms", 4, 20])
    for voice in ("kick", "low_tom", "mid_tom", "high_tom"):
        assert new[voice] == kept[voice]
    assert (new.hits[[4, 20]] == kept.hits[[4, 20]]).all()
    assert new != kept


# The latent space


def test_encode_decode_and_random(model):
    z = model.encode(TEXTS["son"])
    assert z.shape == (64,) and z.dtype == np.float32
    again = model.decode(z)
    assert (again.hits.any(1) == (Groove.parse(TEXTS["son"]).tap()[:, 0] > 0)).mean() >= 0.8
    assert model.random(3) == model.random(3) != model.random(4)
    counts = [len(model.random(seed)) for seed in range(50)]
    assert min(counts) >= 5 and 20 <= np.mean(counts) <= 60


@pytest.mark.parametrize(
    "ends",
    [("x..x..x.", "four on the floor"), ("late night", "halftime"), ("rock", "jazz"), ("x...x...", "jazz")],
)
def test_a_walk_arrives_in_even_steps(model, ends):
    walk = model.walk(*ends, steps=16)
    assert len(walk) == 16
    changes = flips(walk)
    assert max(changes) - min(changes) <= 1
    assert sum(changes) == np.abs(walk[0].hits - walk[-1].hits).sum()
    for groove in walk:
        assert (groove.velocities[groove.hits > 0] > 0).all()


def test_a_walk_begins_and_ends_at_its_ends(model):
    a, b = model.random_latent(1), model.random_latent(2)
    for path in ("linear", "slerp"):
        walk = model.walk(a, b, 9, path=path)
        assert walk[0] == model.decode(a) and np.abs(walk[-1].hits - model.decode(b).hits).sum() <= 1
    assert model.walk(a, b, 9)[4] != model.walk(a, b, 9, path="slerp")[4]
    assert flips(model.walk(a, a, 4)) == [0, 0, 0]


def test_directions_raise_what_they_are_named_for(model):
    rng = np.random.default_rng(0)
    zs = 0.7 * rng.standard_normal((24, 64)).astype(np.float32)

    def mean(name: str, amount: float) -> float:
        direction = np.array(model.manifest.directions[name], np.float32)
        grooves = [model.decode(z + amount * direction) for z in zs]
        value = {
            "density": len,
            "energy": lambda g: float(g.velocities.sum()),
            "syncopation": lambda g: g.features().syncopation,
            "swing": lambda g: g.features().swing,
        }[name]
        return float(np.nanmean([value(g) for g in grooves if len(g)]))

    for name in ("density", "energy", "syncopation", "swing"):
        assert mean(name, -2.0) < mean(name, 2.0), name


# Decoding


def test_top_takes_exactly_as_many_as_there_are():
    p = np.array([0.1, 0.9, 0.0, 0.5], np.float32)
    assert decoding.top(p, 2).tolist() == [False, True, False, True]
    assert decoding.top(p, 9).tolist() == [True, True, False, True]
    assert not decoding.top(p, 0).any()


def test_rare_voices_play_their_best_cell_only_where_it_is_likely():
    p = np.full((32, 9), 0.01, np.float32)
    p[0, 7], p[0, 0] = 0.4, 0.9
    tap = np.zeros(32, np.float32)
    tap[0] = 1
    half, even = np.full(9, 0.5, np.float32), np.ones(9, np.float32)
    assert decoding.choose(p, tap, half, (0.3, 0.3), 0.0, even)[0, 7]
    assert not decoding.choose(p, tap, half, (0.45, 0.3), 0.0, even)[0, 7]


# What it refuses


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.mirror("x...", genre="fnuk"), ["fnuk", "funk"]),
        (lambda m: m.mirror("x...", genre={"rock": -1}), ["rock", "-1"]),
        (lambda m: m.mirror("x...", genre={"rock": 0}), ["weights"]),
        (lambda m: m.mirror("x...", genre=3), ["genre"]),
        (lambda m: m.mirror("x...", density=1.4), ["density", "1.4", "0 to 1"]),
        (lambda m: m.mirror("x...", density=float("nan")), ["density"]),
        (lambda m: m.mirror("x...", density={"hat": 0.5}), ["hat", "hats"]),
        (lambda m: m.mirror("x...", density={"hats": 2}), ["density of hats", "2"]),
        (lambda m: m.mirror("x...", density={"hh": -1}), ["density of closed_hat", "-1"]),
        (lambda m: m.mirror("x...", density={"hats": 0.25, "hh": 0.5}), ["8 hits of hats", "16 of closed_hat"]),
        (lambda m: m.mirror("x...", density={"cymbals": 0.5, "cr": 0.1, "rd": 0.1}), ["16 hits of cymbals", "6 of"]),
        (lambda m: m.mirror("x...", density={"kick": 0.1, "bd": 0.1}), ["kick", "twice"]),
        (lambda m: m.mirror("x...", redirect="hats", density={"hh": 0.5}), ["hats", "absent"]),
        (lambda m: m.mirror("x...", redirect=["tom"]), ["tom", "toms"]),
        (lambda m: m.mirror("x...", redirect=list(GROUPS)), ["redirect", "five"]),
        (lambda m: m.mirror("x...", redirect="hats", density={"hats": 0.5}), ["hats", "absent"]),
        (lambda m: m.mirror("x...", temperature=0), ["temperature"]),
        (lambda m: m.mirror("x...", sampling="dice"), ["sampling", "bernoulli"]),
        (lambda m: m.mirror("x...", follow=1.5), ["follow", "1.5"]),
        (lambda m: m.mirror("x...", preset="clave"), ["preset", "follow"]),
        (lambda m: m.mirror("x...", follow=0, preset="clvae"), ["clvae"]),
        (lambda m: m.mirror("x...", guidance="much"), ["guidance", "much"]),
        (lambda m: m.mirror("x...", max_hits=40), ["max_hits", "40"]),
        (lambda m: m.mirror("x...", threshold={"cowbell": 0.5}), ["cowbell"]),
        (lambda m: m.mirror("x...", locks=["kick"]), ["keep"]),
        (lambda m: m.mirror("x...", keep=Groove.empty(), locks=[32]), ["lock", "32"]),
        (lambda m: m.mirror("x...", seed=-1), ["seed"]),
        (lambda m: m.mirror(np.zeros((31, 3))), ["(32, 3)", "(31, 3)"]),
        (lambda m: m.mirror(np.full((32, 3), np.nan)), ["NaN"]),
        (lambda m: m.mirror(np.full((32, 3), 0.5)), ["hits"]),
        (lambda m: m.mirror("qq qq"), ["qq"]),
        (lambda m: m.predict(np.zeros((32, 3))), ["(n, 32, 3)"]),
        (lambda m: m.predict(np.zeros((2, 32, 3)), genre=["rock"]), ["genre", "2"]),
        (lambda m: m.predict(np.zeros((0, 32, 3))), ["(n, 32, 3)"]),
        (lambda m: m.walk("rock", "jazz", 1), ["steps", "2"]),
        (lambda m: m.walk("rock", "jazz", path="curved"), ["path", "slerp"]),
        (lambda m: m.walk("rock", "nowhere"), ["nowhere"]),
        (lambda m: m.decode(np.zeros(63)), ["(64,)", "(63,)"]),
        (lambda m: m.decode(np.zeros(64), follow=0.5), ["follow"]),
        (lambda m: m.encode(Groove.empty(bars=4)), ["two bars"]),
    ],
)
def test_bad_input_is_told_in_one_sentence(model, call, words):
    with pytest.raises(GrooveError) as caught:
        call(model)
    for word in words:
        assert word in str(caught.value)


def test_a_damaged_model_is_told_in_one_sentence(tmp_path):
    with pytest.raises(GrooveError, match="no model"):
        load(tmp_path)

    def copy(name: str) -> Path:
        return Path(shutil.copytree(WEIGHTS, tmp_path / name))

    cut = copy("cut")
    (cut / "drum.onnx").write_bytes((cut / "drum.onnx").read_bytes()[:5000])
    with pytest.raises(GrooveError, match=r"drum\.onnx is damaged"):
        load(cut)
    lost = copy("lost")
    (lost / "encode.onnx").unlink()
    with pytest.raises(GrooveError, match=r"encode\.onnx"):
        load(lost)
    text = copy("text")
    (text / "manifest.json").write_text("{")
    with pytest.raises(GrooveError, match="manifest"):
        load(text)
    later = copy("later")
    manifest = msgspec.json.decode((later / "manifest.json").read_bytes())
    (later / "manifest.json").write_bytes(msgspec.json.encode(manifest | {"format": 99}))
    with pytest.raises(GrooveError, match="format 99"):
        load(later)


def test_the_model_needs_no_torch():
    code = "import sys, groovelive.model as m; m.load().drum('x..x'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_voices_are_in_the_order_of_the_manifest(model):
    assert len(model.manifest.bias) == len(VOICES)
