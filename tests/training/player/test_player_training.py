"""How the player is trained: what is drawn, what is told, that it learns, resumes, and comes out as it went in."""

import json
from pathlib import Path

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.model.player.conditions import (
    CONTROLS,
    LOOKAHEAD,
    LOOKBEHIND,
    N_VOICES,
    STEPS,
    BarTold,
    adherence,
)
from groovelive.model.player.critic import Critic
from groovelive.model.player.lookback import scaled
from groovelive.model.player.network import CRITIC, PlayerWeights, Stream
from groovelive.model.player.player import WEIGHTS, DrumPlayer
from groovelive.training.player.critic import Lesson, draw_lesson, fit_critic
from groovelive.training.player.data import RecordedTake, fills, fit_instruments, read_accompanied, read_takes
from groovelive.training.player.export import with_arrays
from groovelive.training.player.rhythms import Plan, draw_plan
from groovelive.training.player.rows import Epoch, make_row


def take(bars: int = 8, seed: int = 0, **kept: object) -> RecordedTake:
    rng = np.random.default_rng(seed)
    hits = np.zeros((bars * STEPS, N_VOICES), np.float32)
    hits[::8, 0] = hits[4::8, 1] = hits[::2, 2] = 1
    hits = np.maximum(hits, rng.random(hits.shape) < 0.02)
    velocities, offsets = rng.uniform(0.2, 1, hits.shape), rng.uniform(-0.4, 0.4, hits.shape)
    played = np.concatenate([hits, hits * velocities, hits * offsets], 1)
    made = {"genre": "rock", "tempo": 120.0, "fill": np.zeros(bars, bool), "whole": True, "name": f"take{seed}", **kept}
    return RecordedTake(played.astype(np.float32), **made)  # type: ignore[arg-type]


def pair(seed: int) -> RecordedTake:
    rhythm = np.zeros((32, 3), np.float32)
    rhythm[::4, :2] = 1, 0.6
    return take(2, seed, genre="programmed", tempo=None, whole=False, name="song", rhythm=rhythm, instrument="bass")


def test_a_bar_that_breaks_the_pattern_is_a_fill() -> None:
    hits = take(8).played[:, :N_VOICES].copy()
    hits[:] = 0
    hits[::8, 0] = hits[4::8, 1] = hits[::2, 2] = 1
    hits[56:64, 2], hits[56:64, 5] = 0, 1
    np.testing.assert_array_equal(np.flatnonzero(fills(hits)), [3])
    assert not fills(hits[:32]).any()


def test_what_is_told_is_what_is_played() -> None:
    one = take(8)
    row = make_row(np.random.default_rng(0), one, 2, 4, Plan(part="kick", name=True, genre=True, tempo=True))
    np.testing.assert_array_equal(row["played"], one.played[2 * STEPS : 6 * STEPS])
    np.testing.assert_array_equal(row["controls"][:, 1], row["played"][:, 0])
    told = BarTold(genre={"rock": 1}, instrument="drums", tempo=120).vector()
    np.testing.assert_array_equal(row["conditions"][0], told)


def test_locks_tell_the_voices_that_they_lock() -> None:
    row = make_row(np.random.default_rng(0), take(8), 0, 4, Plan(locked=(1,), locked_bars=(1, 2)))
    known, hits = row["controls"][:, 4:].reshape(4, STEPS, 2, N_VOICES).transpose(2, 0, 1, 3)
    assert known[1, :, 1].all() and known.sum() == STEPS
    np.testing.assert_array_equal(hits[1, :, 1], row["played"][STEPS : 2 * STEPS, 1])


def test_the_rhythm_may_turn_into_another() -> None:
    plan = Plan(part="snare", name=True, turn=2, earlier=Plan())
    row = make_row(np.random.default_rng(0), take(8), 0, 4, plan)
    assert not row["controls"][: 2 * STEPS, 0].any() and row["controls"][2 * STEPS :, 0].all()


def test_programmed_loops_are_always_told_to_be_so() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        row = make_row(rng, pair(seed), 0, 2, draw_plan(rng, pair(seed)))
        assert row["conditions"][0][18] == 1 and row["conditions"][0][19] == 0


def test_adherence_counts_what_is_answered() -> None:
    hits = np.zeros((4, N_VOICES), np.float32)
    hits[0, 0] = hits[1, 2] = hits[2, 2] = 1
    rhythm = np.array([[1, 1, 0], [1, 0.2, 0], [0, 0, 0], [1, 1, 0]], np.float32)
    assert adherence(hits, rhythm) == pytest.approx({"answered": 2 / 3, "accented": 1 / 2, "kept": 2 / 3})


def test_an_epoch_is_the_same_each_time() -> None:
    takes, pairs = [take(20, s) for s in range(4)], [pair(s) for s in range(6)]
    fit_instruments(takes, pairs)
    a, b = (Epoch.draw(3, 1, takes, pairs, bars=4, size=2) for _ in range(2))
    assert len(a) == len(b)
    for i in range(len(a)):
        one, two = a.batch(i), b.batch(i)
        assert all((one[key] == two[key]).all() and np.isfinite(one[key]).all() for key in one)


def test_data_that_is_not_there_is_told() -> None:
    with pytest.raises(GrooveError, match="there is no file"):
        read_takes("/nowhere/groove.zip", "train")
    with pytest.raises(GrooveError, match=r"must be an \.npz"):
        read_accompanied(["/nowhere/pairs.npz"], "train")


@pytest.mark.torch
def test_numpy_plays_as_torch_learnt(tmp_path: Path) -> None:
    import torch

    from groovelive.training.player.export import export
    from groovelive.training.player.network import Shape
    from groovelive.training.player.train import Run, Settings

    shape = Shape(width=16, heads=2, blocks=2, hidden=24, touch=12, told=8)
    run = Run([take(20)], [], Settings(updates=3), shape)
    with torch.no_grad():
        for parameter in run.net.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    run.average = run.net.state_dict()
    run.save(tmp_path / "player.pt")
    weights = PlayerWeights.load(export(tmp_path / "player.pt", tmp_path / "player.npz"))
    plan = Plan(part="full", name=True, genre=True, fill=True, locked=(0,), adherence=(True, True, True))
    row = make_row(np.random.default_rng(0), take(20), 0, 18, plan)
    run.net.eval()
    with torch.no_grad():
        batch = {key: torch.from_numpy(value[None]) for key, value in row.items()}
        expected = run.net.set_logits(run.net.trunk(batch))[0].numpy()
    edges = (np.zeros((n, CONTROLS), np.float32) for n in (LOOKBEHIND, LOOKAHEAD))
    controls = np.concatenate([next(edges), row["controls"], next(edges)])
    static, told = weights.static(controls, row["conditions"])
    past = scaled(row["played"])
    for begin in (0, 15 * STEPS):
        stream = Stream(weights)
        stream.prefill(row["played"][:begin], static[:begin], told[: begin // STEPS])
        for t in range(begin, len(past)):
            logits = stream.set_logits(stream.step(past, t, static[t], told[t // STEPS]))
            np.testing.assert_allclose(logits, expected[t], atol=1e-4)


@pytest.mark.torch
def test_it_learns_and_resumes_to_the_same_weights(tmp_path: Path) -> None:
    import torch

    from groovelive.training.player.network import Shape
    from groovelive.training.player.train import Run, Settings

    takes, settings = [take(20, s) for s in range(3)], Settings(updates=8, bars=4, size=4, warmup=1, rate=5e-3)
    shape = Shape(width=16, heads=2, blocks=1, hidden=16, touch=8, told=8)
    whole, half = (Run(takes, [], settings, shape) for _ in range(2))
    figures = [whole.step() for _ in range(8)]
    assert figures[-1]["sets"] < figures[0]["sets"]
    torch.manual_seed(settings.seed)
    half = Run(takes, [], settings, shape)
    for _ in range(4):
        half.step()
    half.save(tmp_path / "player.pt")
    rest = Run(takes, [], settings, shape)
    rest.load(tmp_path / "player.pt")
    for _ in range(4):
        rest.step()
    again = Run(takes, [], settings, shape)
    for _ in range(8):
        again.step()
    for key, value in again.net.state_dict().items():
        torch.testing.assert_close(rest.net.state_dict()[key], value, rtol=0, atol=0)
    with pytest.raises(GrooveError, match="no checkpoint"):
        rest.load(tmp_path / "other.pt")
    assert json.dumps(figures)


def test_a_critic_learns_from_what_drummers_and_the_player_play() -> None:
    takes = [take(8, seed) for seed in range(3)]
    player, pairs = DrumPlayer.load(), [pair(9)]
    lesson = draw_lesson(player, takes, pairs, 6, seed=1)
    assert lesson.real.shape == lesson.played.shape == (6, 32, N_VOICES) and lesson.rhythm.shape == (6, 32, 4)
    again = draw_lesson(player, takes, pairs, 6, seed=1)
    np.testing.assert_array_equal(lesson.played, again.played)

    rng = np.random.default_rng(0)
    noise = (rng.random((1000, 32, N_VOICES)) < 0.15).astype(np.float32)
    beats = np.maximum(np.resize(takes[0].played[:32, :N_VOICES], noise.shape), noise * (rng.random(noise.shape) < 0.1))
    rhythm, told = np.zeros((1000, 32, 4), np.float32), np.repeat(lesson.told[:1], 1000, 0)
    critic = Critic(fit_critic(Lesson(beats, noise, rhythm, told)))
    assert critic.odds(beats, rhythm, told).mean() > 1 > -1 > critic.odds(noise, rhythm, told).mean()


def test_a_critic_is_written_into_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "player.npz"
    path.write_bytes(WEIGHTS.read_bytes())
    arrays = {CRITIC + "w0": np.ones((2, 2), np.float32)}
    with_arrays(path, arrays)
    found, shipped = PlayerWeights.load(path), PlayerWeights.load(WEIGHTS)
    assert found.critic is not None and all((found[name] == shipped[name]).all() for name in shipped.arrays)
    with np.load(path) as file:
        np.testing.assert_array_equal(file[CRITIC + "w0"], arrays[CRITIC + "w0"])
