"""The training loop of the player: seeded, resumable, its figures as lines of JSON."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import GrooveError
from .data import RecordedTake, check_names, fit_instruments, read_accompanied, read_takes
from .export import export, velocity_spread
from .network import CausalDrummer, Shape
from .rhythms import Plan
from .rows import Batch, Epoch, collate, make_row

TOUCH_WEIGHT = 0.3  # of velocity and offset nats beside those of the sets
CHECKPOINT = "player.pt"
METRICS = "metrics.jsonl"
PATIENCE = 360.0  # seconds without a checkpoint


@dataclass(frozen=True)
class Settings:
    """How it is trained; stored in the checkpoint.

    Args:
        updates: how many batches it learns from; the learning rate falls along a cosine until then.
        rate: the highest learning rate; decay: of weights (AdamW).
        warmup: updates until the rate is reached.
        average: how much of the averaged weights each update keeps.
        seed: of weights, batches and dropout.
        bars: of the longest rows; size: rows of that length in a batch.
    """

    updates: int = 6000
    rate: float = 2e-3
    decay: float = 0.05
    warmup: int = 100
    average: float = 0.998
    seed: int = 0
    bars: int = 16
    size: int = 12


def train_player(
    data: str | PathLike[str],
    pairs: Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    updates: int = 6000,
    minutes: float | None = None,
    resume: bool = False,
    seed: int = 0,
    shape: Shape | None = None,
    settings: Settings | None = None,
    every: int = 500,
    report: Callable[[dict[str, Any]], None] = lambda figures: None,
) -> Path:
    """Train the player and export it; about .4 s an update on one core.

    Args:
        data: the official `groove-v1.0.0-midionly.zip`.
        pairs: .npz files of drums with the instrument that they accompany; see `read_accompanied`.
        out: a folder for `player.pt` (checkpoint), `metrics.jsonl`, and `player.npz`, the weights of the running
            system. All three are there from the first `every` updates on.
        updates: how many batches.
        minutes: be done after so long, whatever the machine: the learning rate then falls with the clock, so that
            two runs differ.
        resume: go on from the checkpoint in `out`, to the same weights as without the break.
        seed: of weights, batches and dropout.
        shape, settings: other sizes and rates; `settings` replaces updates and seed.
        every: updates from one checkpoint and validation to the next; at most `PATIENCE` seconds.
        report: called with the figures of each validation.

    Returns:
        The path of `player.npz`.

    Raises:
        GrooveError: the data cannot be read, or there is no checkpoint to resume.
    """
    torch.set_num_threads(1)  # small matrices: a second thread mostly waits
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    takes, loops = read_takes(data, "train"), read_accompanied(pairs, "train")
    fit_instruments(takes, loops)
    held_out = read_takes(data, "validation")
    check_names([*takes, *loops, *held_out])
    run = Run(takes, loops, settings or Settings(updates=updates, seed=seed), shape or Shape())
    if resume:
        run.load(folder / CHECKPOINT)
        _forget(folder / METRICS, run.update)
    tests = {"alone": validation(held_out, Plan()), "rhythm": validation(held_out, WHOLE_RHYTHM)}
    begun = kept = time.monotonic()
    first = run.part
    log = (folder / METRICS).open("a" if resume else "w", encoding="utf-8")
    with log:
        while run.part < 1:
            figures = run.step()
            now = time.monotonic()
            if minutes is not None:
                run.part = max(run.part, first + (1 - first) * min((now - begun) / (60 * minutes), 1))
            if run.update % every == 0 or run.part >= 1 or now - kept > PATIENCE:
                run.figures = run.validate(tests)
                figures |= run.figures | {"seconds": round(now - begun, 1)}
                report(figures)
                run.save(folder / CHECKPOINT)
                export(folder / CHECKPOINT, folder / "player.npz")
                kept = time.monotonic()
            log.write(json.dumps(figures) + "\n")
            log.flush()
    return folder / "player.npz"


class Run:
    """A training run: the network, its average, the optimiser, and how far it is."""

    def __init__(
        self, takes: Sequence[RecordedTake], pairs: Sequence[RecordedTake], settings: Settings, shape: Shape
    ) -> None:
        torch.manual_seed(settings.seed)
        self.takes, self.pairs, self.settings = takes, pairs, settings
        self.net = CausalDrummer(shape)
        self.average = {key: value.detach().clone() for key, value in self.net.state_dict().items()}
        matrices = [p for name, p in self.net.named_parameters() if p.ndim > 1 and not name.endswith("back")]
        others = [p for name, p in self.net.named_parameters() if p.ndim <= 1 or name.endswith("back")]
        groups = [
            {"params": matrices, "weight_decay": settings.decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98))
        self.update = 0
        self.part = 0.0  # of the way to the last update
        self.figures: dict[str, Any] = {}  # of the last validation
        self.spread = velocity_spread(takes)
        self._epoch = Epoch.draw(settings.seed, 0, takes, pairs, settings.bars, settings.size)
        self._at = 0  # of the epoch's batches

    def rate(self) -> float:
        """Return the learning rate of the next update."""
        s = self.settings
        fallen = 0.5 * (1 + math.cos(math.pi * self.part))
        return s.rate * min(1.0, (self.update + 1) / s.warmup) * (0.02 + 0.98 * fallen)

    def step(self) -> dict[str, Any]:
        """Learn from one batch; return its figures."""
        s = self.settings
        if self._at == len(self._epoch):
            self._epoch = Epoch.draw(s.seed, self._epoch.number + 1, self.takes, self.pairs, s.bars, s.size)
            self._at = 0
        nats = self.net(tensors(self._epoch.batch(self._at)))
        self._at += 1
        loss = (nats.sets + TOUCH_WEIGHT * (nats.velocities + nats.offsets)) / nats.steps
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.update += 1
        self.part = max(self.part, self.update / s.updates)
        keep = min(self.settings.average, self.update / (self.update + 20))
        with torch.no_grad():
            for key, value in self.net.state_dict().items():
                self.average[key].lerp_(value, 1 - keep)
        return {"update": self.update} | _means(nats.sets, nats.velocities, nats.offsets, nats.steps, nats.hits)

    @torch.no_grad()
    def validate(self, tests: dict[str, list[dict[str, Tensor]]]) -> dict[str, Any]:
        """Return the nats of the averaged weights on held-out batches, by name."""
        current = {key: value.clone() for key, value in self.net.state_dict().items()}
        self.net.load_state_dict(self.average)
        self.net.eval()
        figures = {}
        for name, group in tests.items():
            sums = [self.net(batch) for batch in group]
            totals = [
                sum((getattr(n, key) for n in sums), torch.zeros(()))
                for key in ("sets", "velocities", "offsets", "steps", "hits")
            ]
            figures[name] = _means(*totals)
        self.net.train()
        self.net.load_state_dict(current)
        return figures

    def save(self, path: Path) -> None:
        """Write the checkpoint, whole or not at all."""
        part = path.with_suffix(".part")
        torch.save(
            {
                "shape": asdict(self.net.shape), "settings": asdict(self.settings), "net": self.net.state_dict(),
                "average": self.average, "optimiser": self.optimiser.state_dict(), "update": self.update,
                "part": self.part, "epoch": self._epoch.number, "at": self._at, "random": torch.get_rng_state(),
                "spread": torch.from_numpy(self.spread), "figures": self.figures,
            },
            part,
        )  # fmt: skip
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint; its shape and its seed must be those of this run."""
        try:
            kept = torch.load(path, weights_only=True)
        except FileNotFoundError:
            raise GrooveError(f"there is no checkpoint {str(path)!r} to resume; train without resume first") from None
        if kept["shape"] != asdict(self.net.shape) or kept["settings"]["seed"] != self.settings.seed:
            raise GrooveError(f"the checkpoint {str(path)!r} has another shape or seed; resume it with its own")
        self.net.load_state_dict(kept["net"])
        self.average = kept["average"]
        self.optimiser.load_state_dict(kept["optimiser"])
        self.update, self.part, self._at = kept["update"], kept["part"], kept["at"]
        s = self.settings
        self._epoch = Epoch.draw(s.seed, kept["epoch"], self.takes, self.pairs, s.bars, s.size)
        torch.set_rng_state(kept["random"])


WHOLE_RHYTHM = Plan(part="full", name=True, genre=True, tempo=True, adherence=(True, True, True))


def validation(takes: Sequence[RecordedTake], plan: Plan, bars: int = 16, size: int = 12) -> list[dict[str, Tensor]]:
    """Return the held-out batches: all takes of three bars or more in stretches of `bars`, told as `plan` says."""
    rng = np.random.default_rng(0)
    rows = [
        make_row(rng, take, first, bars, plan)
        for take in takes
        if take.whole and take.bars >= 3
        for first in range(0, take.bars - 1, bars)
    ]
    return [tensors(collate(rows[i : i + size])) for i in range(0, len(rows), size)]


def _forget(metrics: Path, update: int) -> None:
    """Drop the lines of updates after `update`: those that the checkpoint has not seen."""
    lines = metrics.read_text("utf-8").splitlines(keepends=True) if metrics.exists() else []
    metrics.write_text("".join(line for line in lines if json.loads(line)["update"] <= update), "utf-8")


def tensors(batch: Batch) -> dict[str, Tensor]:
    """Return a batch as tensors."""
    return {key: torch.from_numpy(value) for key, value in batch.items()}


def _means(sets: Tensor, velocities: Tensor, offsets: Tensor, steps: Tensor, hits: Tensor) -> dict[str, float]:
    costs = {"sets": sets / steps, "velocities": velocities / hits.clamp(min=1), "offsets": offsets / hits.clamp(min=1)}
    return {key: round(float(cost.detach()), 4) for key, cost in costs.items()}
