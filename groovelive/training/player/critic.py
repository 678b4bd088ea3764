"""How the critic learns: real loops beside what the player plays to the same rhythm, told the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np
import torch
from torch import nn

from ...grooves.grid import GROUPS
from ...model.player.conditions import N_VOICES, STEPS, Floats
from ...model.player.critic import LOOP, critic_inputs
from ...model.player.network import CRITIC
from ...model.player.player import DrumPlayer
from ...model.playing import Playing
from .data import RecordedTake, fit_instruments, read_accompanied, read_takes
from .export import with_arrays
from .rhythms import Plan, draw_rhythm, heard

ROWS = 8000  # loops that it learns from
_PASSES, _BATCH, _RATE, _DECAY = 10, 128, 2e-3, 0.03
_HIDDEN = (64, 32)
_LONG = 24  # loops up to which a longer take is drawn more often
_PAIRS = 0.25  # share of the rows with an instrument's own drums
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Rows of what the critic sees.

    Args:
        real, played: (n, 32, 9) hits of a drummer, and of the player.
        rhythm: (n, 32, 4) what both were played to; told: (n, CONDITIONS) what the player was told.
    """

    real: Floats
    played: Floats
    rhythm: Floats
    told: Floats

    def inputs(self) -> tuple[Floats, Floats]:
        """Return what the critic is shown of the drummer's and of the player's loops, (n, inputs) each."""
        return critic_inputs(self.real, self.rhythm, self.told), critic_inputs(self.played, self.rhythm, self.told)


def draw_lesson(
    player: DrumPlayer, takes: Sequence[RecordedTake], pairs: Sequence[RecordedTake], rows: int, seed: int,
    report: Report = lambda text: None,
) -> Lesson:  # fmt: skip
    """Have the player answer the rhythms of real loops that are no fills.

    Four of ten are told some densities, which are those of the real loop; half are told the genre; one of six has no
    rhythm.
    """
    rng = np.random.default_rng([seed, 17])
    whole = [take for take in takes if take.whole and take.bars >= 2]
    often = np.array([min(take.bars // 2, _LONG) for take in whole], float)
    weights = np.array([pair.weight for pair in pairs])
    found: list[tuple[Floats, Floats, Floats, Floats]] = []
    while len(found) < rows:
        if len(pairs) and rng.random() < _PAIRS:
            take, start = pairs[int(rng.choice(len(pairs), p=weights / weights.sum()))], 0
        else:
            take = whole[int(rng.choice(len(whole), p=often / often.sum()))]
            start = 2 * int(rng.integers(take.bars // 2))
        row = _row(rng, player, take, start, pairs)
        if row is not None:
            found.append(row)
            if len(found) % 1000 == 0:
                report(f"the critic: {len(found)} of {rows} loops")
    real, played, rhythm, told = (np.stack(part) for part in zip(*found, strict=True))
    return Lesson(real, played, rhythm, told)


def _row(
    rng: np.random.Generator, player: DrumPlayer, take: RecordedTake, start: int, pairs: Sequence[RecordedTake]
) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Return a row of a lesson; None where the stretch does not suit."""
    real = take.played[start * STEPS : start * STEPS + LOOP]
    hits = real[:, :N_VOICES]
    if take.fill[start : start + 2].any() or not hits.any():
        return None
    rhythm, who = None, "any"
    if rng.random() < 5 / 6:
        plan = Plan()
        while plan.part is None:
            draw_rhythm(rng, take, plan)
        if take.fitting and rng.random() < 0.15:
            plan.part = "instrument"
        plan.name, plan.stray = True, 0.0
        hears = heard(rng, take, start, (hits, real[:, N_VOICES : 2 * N_VOICES], real[:, 2 * N_VOICES :]), plan, pairs)
        rhythm, who = hears.rhythm[:, 1:], hears.who[0] or "any"
        if not rhythm[:, 0].any():
            return None
    density = {}
    if rng.random() < 0.4:
        told = {name for name in GROUPS if rng.random() < 0.5}
        density = {name: min(float(hits[:, list(GROUPS[name])].sum(1).mean()), 1.0) for name in told}
    genre = take.genre if take.tempo is None or rng.random() < 0.5 else None
    request = Playing(instrument=who, genre=genre, seed=int(rng.integers(1 << 30))).request(2, rhythm)
    request = replace(request, tries=1, density=density)
    played = player.play(request).hits
    stage = player.stage(request)
    return hits, played, stage.rhythm[-LOOP:], stage.conditions[-2]


def fit_critic(lesson: Lesson, seed: int = 0) -> dict[str, Floats]:
    """Return the arrays of a critic that has learnt from a lesson; see `model.player.critic.Critic`."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    real, played = lesson.inputs()
    mean, scale = real.mean(0), 1 / (real.std(0) + 0.1)
    x = torch.from_numpy((np.concatenate([real, played]) - mean) * scale)
    y = torch.cat([torch.ones(len(real)), torch.zeros(len(played))])
    layers = [nn.Linear(a, b) for a, b in zip((x.shape[1], *_HIDDEN), (*_HIDDEN, 1), strict=True)]
    net = nn.Sequential(
        nn.Dropout(0.1), layers[0], nn.ReLU(), nn.Dropout(0.3), layers[1], nn.ReLU(), nn.Dropout(0.2), layers[2]
    )
    optimiser = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY)
    batch = min(_BATCH, len(x))
    updates = _PASSES * (len(x) // batch)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=updates + 1)
    net.train()
    for _ in range(_PASSES):
        order = torch.randperm(len(x))
        for first in range(0, len(x) - batch + 1, batch):
            rows = order[first : first + batch]
            loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows])[:, 0], y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
    arrays: dict[str, Floats] = {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}
    for number, layer in enumerate(layers):
        arrays[f"w{number}"] = np.ascontiguousarray(layer.weight.detach().numpy().T)
        arrays[f"b{number}"] = layer.bias.detach().numpy().copy()
    return arrays


def train_critic(
    path: str | PathLike[str],
    data: str | PathLike[str],
    pairs: Sequence[str | PathLike[str]],
    *,
    rows: int = ROWS,
    seed: int = 0,
    report: Report = lambda text: None,
) -> None:
    """Train a critic for the player in a file of weights, and write it into that file; some six minutes of one core.

    Args:
        path: of the weights, `player.npz`.
        data, pairs: what the player was trained on, see `train_player`; their train splits.
        rows: how many loops it learns from.
        seed: of what is drawn.
        report: told how far it is.
    """
    takes, loops = read_takes(data, "train"), read_accompanied(pairs, "train")
    fit_instruments(takes, loops)
    lesson = draw_lesson(DrumPlayer.read(path), takes, loops, rows, seed, report)
    with_arrays(path, {CRITIC + name: array for name, array in fit_critic(lesson, seed).items()})
