"""The training loop in one file: teachers side by side, then the shipped student, which learns from data and teachers.

    groovelive train --data groove-v1.0.0-midionly.zip --out run          # the shipped recipe
    torchrun --nproc_per_node 8 -m groovelive.training.train --data …        # each network on all processes (DDP)

Every epoch is drawn from (seed, epoch) alone, and the state is saved after each, so a run that was stopped goes
on where it was and ends as it would have. Metrics go to OUT/metrics.jsonl, one line an epoch, and OUT/metrics.png.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from ..errors import GrooveError
from ..grooves.groove import GROUPS
from ..model import load
from . import data, metrics
from .checkpoint import read_checkpoint
from .evaluate import evaluate, headline
from .export import save, write_model
from .net import Config, GrooveNet, densities, flatten

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Recipe:
    """All that decides how one network is trained; the defaults are the shipped student's."""

    name: str = "student"
    epochs: int = 20
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    seed: int = 0
    kl: float = 0.3  # weight of the KL term, in nats
    velocity: float = 4.0
    offset: float = 8.0
    average: float = 0.999  # decay of the moving average of the weights, which is what is kept
    recombine: float = 0.5  # how often the second bar comes from elsewhere in the same performance
    gain: float = 0.1  # spread of a factor on all velocities of a loop
    stretch: float = 0.2  # spread of a factor on all offsets: the same feel at another tempo
    absent: float = 0.1  # how often a group is taken out, and the network told so
    any_genre: float = 0.25
    free_density: float = 0.5
    teaching: float = 0.8  # how much the teachers' probabilities count against the data's hits
    config: Config = field(default_factory=Config)


@dataclass(frozen=True)
class Batches:
    """The loops a network learns from, as tensors; `draw` makes one epoch of augmented batches."""

    hvo: Tensor  # (n, 32, 27)
    genre: Tensor  # (n,), `any` where unknown
    first: NDArray[np.int64]  # (n,) where the loop's performance begins
    count: NDArray[np.int64]  # (n,) how many loops it has

    @classmethod
    def of(cls, loops: data.Loops, genres: Sequence[str]) -> Batches:
        index = {name: i for i, name in enumerate(genres)}
        genre = torch.tensor([index.get(str(g), len(genres)) for g in loops.genre])
        _, first, which, count = np.unique(
            loops.performance, return_index=True, return_inverse=True, return_counts=True
        )
        return cls(torch.from_numpy(loops.hvo), genre, first[which], count[which])

    def draw(self, recipe: Recipe, epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return (hvo, genre weights, known densities) of one epoch, shuffled; the same for the same epoch."""
        rng = np.random.default_rng((recipe.seed, epoch))
        n, groups = len(self.hvo), len(GROUPS)

        def chance(p: float) -> NDArray[np.bool_]:
            return rng.random(n) < p

        def spread(sigma: float) -> Tensor:
            return torch.from_numpy(np.exp(rng.normal(0, sigma, (n, 1, 1))).astype(np.float32))

        x = self.hvo.clone()
        swap = chance(recipe.recombine)
        other = self.first + (rng.random(n) * self.count).astype(np.int64)
        x[swap, 16:] = self.hvo[other[swap], 16:]
        hits, velocities, offsets = x.split(9, -1)
        late = torch.from_numpy(rng.normal(0, 0.03, (n, 1, 1)).astype(np.float32))
        velocities = (velocities * spread(recipe.gain)).clamp(0.01, 1) * hits
        offsets = (offsets * spread(recipe.stretch) + late).clamp(-0.5, 0.5) * hits

        absent = torch.zeros(n, groups)
        absent[torch.arange(n), torch.from_numpy(rng.integers(0, groups, n))] = torch.from_numpy(
            chance(recipe.absent).astype(np.float32)
        )
        stays = torch.ones(n, 9)
        for k, voices in enumerate(GROUPS.values()):
            stays[:, list(voices)] -= absent[:, k : k + 1]
        x = torch.cat([a * stays[:, None] for a in (hits, velocities, offsets)], -1)

        # What is said of the densities: nothing, all five groups, or any of the six; an absent group always.
        free, all_groups = chance(recipe.free_density), chance(0.6)
        some = torch.from_numpy(rng.random((n, groups + 1)) < rng.random((n, 1))).float()
        every = torch.tensor([1.0] * groups + [0.0])
        known = torch.where(torch.from_numpy(all_groups)[:, None], every, some)
        known = torch.where(torch.from_numpy(free)[:, None], torch.zeros(1), known)
        known[:, :groups] = torch.maximum(known[:, :groups], absent)

        genres = len(recipe.config.genres)
        genre = torch.where(torch.from_numpy(chance(recipe.any_genre)), genres, self.genre)
        weights = F.one_hot(genre, genres + 1).float()
        keep = np.flatnonzero((x[..., :9].sum((1, 2)) > 2).numpy())
        order = torch.from_numpy(rng.permutation(keep))
        return x[order], weights[order], known[order]


class Losses(nn.Module):
    """The network with its losses as one module, so that DDP can wrap it."""

    def __init__(self, net: GrooveNet, recipe: Recipe, teachers: Sequence[GrooveNet] = ()) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        self.teachers = list(teachers)  # a plain list: they are no part of what is trained
        for teacher in self.teachers:
            teacher.requires_grad_(False).eval()

    def forward(self, x: Tensor, genre: Tensor, known: Tensor, kl_weight: float) -> dict[str, Tensor]:
        """Return the losses, each a mean per loop, and their sum under "loss"."""
        recipe, net = self.recipe, self.net
        hits, velocities, offsets = x.split(9, -1)
        density, tap = densities(hits), flatten(x)

        mean, log_variance = net.encode(tap)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        hit, velocity, offset = net.tap_of(z)
        tap_loss = F.binary_cross_entropy_with_logits(hit, tap[..., 0], reduction="none") + tap[..., 0] * (
            recipe.velocity * (velocity - tap[..., 1]).abs() + recipe.offset * (offset - tap[..., 2]).abs()
        )
        with torch.no_grad():
            target = hits
            if self.teachers:
                taught = [torch.sigmoid(t.drum(tap, genre, density, known)[0]) for t in self.teachers]
                target = hits.lerp(torch.stack(taught).mean(0), recipe.teaching)
        logits, v, o = net.drum(tap, genre, density, known)
        losses = {
            "hits": F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum((1, 2)).mean(),
            "velocity": (hits * (v - velocities).abs()).sum((1, 2)).mean(),
            "offset": (hits * (o - offsets).abs()).sum((1, 2)).mean(),
            "tap": tap_loss.sum(1).mean(),
            "kl": kl,
        }
        known_genre = genre[:, -1] < 1
        if known_genre.any():
            heard = net.ear(tap[known_genre] * (1 + 0.1 * torch.randn_like(tap[known_genre])))
            losses["ear"] = F.cross_entropy(heard, genre[known_genre, :-1], label_smoothing=0.1)
        drums = losses["hits"] + recipe.velocity * losses["velocity"] + recipe.offset * losses["offset"]
        return losses | {"loss": drums + losses["tap"] + losses.get("ear", 0) + kl_weight * kl}


@torch.no_grad()
def predict(net: GrooveNet, x: Tensor, genre: Tensor, known: Tensor) -> tuple[NDArray[np.float32], ...]:
    """Return probabilities, velocities and offsets (n, 32, 9) for the taps of drums (n, 32, 27)."""
    net.eval()
    parts = []
    for xs, gs, ks in zip(x.split(512), genre.split(512), known.split(512), strict=True):
        logits, v, o = net.drum(flatten(xs), gs, densities(xs[..., :9]), ks)
        parts.append((torch.sigmoid(logits), v, o))
    return tuple(torch.cat(p).numpy() for p in zip(*parts, strict=True))


def validate(net: GrooveNet, loops: Batches) -> dict[str, float]:
    """Return F1 at threshold .38 with groove only, with the genre, and with genre and densities too."""
    n, genres = len(loops.hvo), len(net.config.genres)
    any_genre = F.one_hot(torch.full((n,), genres), genres + 1).float()
    true_genre = F.one_hot(loops.genre, genres + 1).float()
    unknown, groups = torch.zeros(n, 6), torch.tensor([1.0] * 5 + [0.0]).expand(n, 6)
    truth = loops.hvo.numpy()
    scores = {}
    for name, genre, known in (
        ("groove", any_genre, unknown),
        ("genre", true_genre, unknown),
        ("full", true_genre, groups),
    ):
        p, v, o = predict(net, loops.hvo, genre, known)
        scores[f"{name}_f1"] = metrics.f1(p > 0.38, truth[..., :9] > 0)
        if name == "groove":
            scores |= {
                "velocity_mae": metrics.mae_at(v, truth[..., 9:18], truth),
                "offset_mae": metrics.mae_at(o, truth[..., 18:], truth),
            }
    return {k: round(float(s), 4) for k, s in scores.items()}


def rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def fit(
    recipe: Recipe,
    train: Batches,
    validation: Batches | None,
    out: Path,
    teachers: Sequence[GrooveNet] = (),
    progress: Progress = lambda text, part: None,
) -> GrooveNet:
    """Train one network by `recipe`, resuming from OUT/NAME.pt where it exists, and return the averaged weights."""
    torch.manual_seed(recipe.seed)
    net = GrooveNet(recipe.config)
    spread = densities(train.hvo[..., :9])
    net.density_mean.copy_(spread.mean(0))
    net.density_std.copy_(spread.std(0) + 1e-3)
    average = deepcopy(net).requires_grad_(False)
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": weights, "weight_decay": recipe.decay}, {"params": others, "weight_decay": 0.0}],
        lr=recipe.rate, betas=(0.9, 0.98),
    )  # fmt: skip
    per_epoch = len(train.hvo) // (recipe.batch * world())
    if per_epoch == 0:
        raise GrooveError(f"there are {len(train.hvo)} loops to train on, fewer than one batch of {recipe.batch}")
    total, file, begin, step = recipe.epochs * per_epoch, out / f"{recipe.name}.pt", 0, 0
    if file.exists():
        state = torch.load(file, weights_only=True)
        if state["recipe"] != json.dumps(asdict(recipe)):
            raise GrooveError(f"{file} was trained by another recipe; choose another --out, or delete it")
        for part, key in ((net, "net"), (average, "average"), (optimizer, "optimizer")):
            part.load_state_dict(state[key])
        begin, step = state["epoch"], state["step"]
    model: nn.Module = Losses(net, recipe, teachers)
    if world() > 1:
        model = nn.parallel.DistributedDataParallel(model, find_unused_parameters=True)
    for epoch in range(begin, recipe.epochs):
        torch.manual_seed((recipe.seed * 1000 + epoch) * 1000 + rank())
        drawn = train.draw(recipe, epoch)
        parts = [part[rank() :: world()] for part in drawn]
        model.train()
        sums: dict[str, float] = {}
        started, batches = time.perf_counter(), len(drawn[0]) // (recipe.batch * world())
        for b in range(batches):
            batch = [part[b * recipe.batch : (b + 1) * recipe.batch] for part in parts]
            for group in optimizer.param_groups:
                warm, done = min(1.0, step / min(200, 1 + total // 10)), min(1.0, step / total)
                group["lr"] = recipe.rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
            losses = model(*batch, kl_weight=recipe.kl * min(1.0, step / (0.15 * total)))
            optimizer.zero_grad(set_to_none=True)
            losses["loss"].backward()
            nn.utils.clip_grad_norm_(net.parameters(), 20.0)
            optimizer.step()
            step += 1
            keep = min(recipe.average, (1 + step) / (10 + step))
            with torch.no_grad():
                torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), 1 - keep)
            for key, value in losses.items():
                sums[key] = sums.get(key, 0.0) + float(value.detach())
            if b % 10 == 0:
                progress(f"{recipe.name} epoch {epoch + 1}/{recipe.epochs}", (epoch + b / batches) / recipe.epochs)
        if rank() == 0:
            line: dict[str, Any] = {
                "name": recipe.name,
                "epoch": epoch + 1,
                "seconds": round(time.perf_counter() - started, 1),
            }
            line |= {k: round(s / batches, 4) for k, s in sums.items()}
            if validation is not None:
                line |= validate(average, validation)
            with open(out / "metrics.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            state = {"recipe": json.dumps(asdict(recipe)), "epoch": epoch + 1, "step": step, "net": net.state_dict(),
                     "average": average.state_dict(), "optimizer": optimizer.state_dict()}  # fmt: skip
            torch.save(state, file.with_suffix(".tmp"))
            os.replace(file.with_suffix(".tmp"), file)
    if world() > 1:
        distributed.barrier()  # the others must not read the checkpoint before it is written
    return average.eval()


def recipes(genres: tuple[str, ...], epochs: float = 1.0) -> tuple[list[Recipe], Recipe]:
    """Return the shipped recipe: three teachers, unlike in width, dropout and seed, and the student."""
    wide = Config(genres, width=96, hidden=192, dropout=0.2)
    taught = [
        Recipe("teacher-1", epochs=16, rate=1.5e-3, seed=11, teaching=0, config=wide),
        Recipe("teacher-2", epochs=14, rate=1.2e-3, seed=12, gain=0.15, stretch=0.3, teaching=0,
               config=Config(genres, width=128, heads=8, hidden=256, dropout=0.25)),
        Recipe("teacher-3", epochs=10, rate=1.5e-3, seed=1, teaching=0, config=replace(wide, dropout=0.15)),
    ]  # fmt: skip
    student = Recipe(config=Config(genres))
    shorter = [replace(r, epochs=max(1, round(r.epochs * epochs))) for r in (*taught, student)]
    return shorter[:-1], shorter[-1]


def _teacher(recipe: Recipe, train: Batches, validation: Batches, out: Path, done: Any, index: int) -> None:
    """Train one teacher in a process of its own, with one thread."""
    torch.set_num_threads(1)

    def tell(_: str, part: float) -> None:
        done[index] = part

    fit(recipe, train, validation, out, progress=tell)
    done[index] = 1.0


def teach(taught: Sequence[Recipe], train: Batches, validation: Batches, out: Path, progress: Progress) -> None:
    """Train the teachers: side by side, one process a core; under torchrun one after the other on all processes."""
    if world() > 1:
        for recipe in taught:
            fit(recipe, train, validation, out, progress=progress)
        return
    context = torch.multiprocessing.get_context("spawn")
    done = context.Array("d", len(taught))
    waiting = list(enumerate(taught))
    running: list[Any] = []
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            index, recipe = waiting.pop(0)
            process = context.Process(target=_teacher, args=(recipe, train, validation, out, done, index), daemon=True)
            process.start()
            running.append(process)
        time.sleep(0.2)
        progress("teachers", sum(done) / len(taught))
        for process in [p for p in running if not p.is_alive()]:
            if process.exitcode:
                raise GrooveError(f"a teacher's process ended with exit code {process.exitcode}; run again to go on")
            running.remove(process)


def plot(out: Path) -> None:
    """Draw OUT/metrics.png from OUT/metrics.jsonl."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for name in dict.fromkeys(line["name"] for line in lines):
        rows = [line for line in lines if line["name"] == name]
        for axis, key in zip(axes, ("groove_f1", "full_f1", "hits"), strict=True):
            axis.plot([r["epoch"] for r in rows], [r[key] for r in rows], label=name)
    for axis, title in zip(
        axes, ("F1, groove only", "F1, genre and densities", "training loss of hits, nats"), strict=True
    ):
        axis.set(title=title, xlabel="epoch")
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(out / "metrics.png", dpi=110)
    pyplot.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `groovelive train` and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="groovelive train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", metavar="ZIP", required=True, help="the Groove MIDI Dataset (`groovelive data fetch`)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("runs/groove"), help="default: runs/groove")
    parser.add_argument("--extra", metavar="NPZ", action="append", default=[], help="more pairs with drums; repeatable")
    parser.add_argument(
        "--epochs", metavar="X", type=float, default=1.0, help="factor on the recipe's epochs (default 1)"
    )
    parser.add_argument("--no-teachers", action="store_true", help="train the student on the data alone")
    parser.add_argument("--no-figures", action="store_true", help="write no measured figures into the manifest")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    if not 0 < arguments.epochs <= 100:
        raise GrooveError(f"--epochs must be above 0 and at most 100, not {arguments.epochs:g}")
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("gloo")
    with _bar() as progress:
        out: Path = arguments.out
        train_loops = data.read_dataset(arguments.data, "train", lambda part: progress("reading train", part))
        validation_loops = data.read_dataset(arguments.data, "validation")
        genres = tuple(sorted({str(g) for g in train_loops.genre}))
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GrooveError(f"{out} cannot be made: {error.strerror}") from None
        for path in arguments.extra:
            train_loops = train_loops + data.read_pairs(path)
        train = Batches.of(train_loops, genres)
        validation = Batches.of(validation_loops.where(validation_loops.beat), genres)
        taught, student = recipes(genres, arguments.epochs)
        student = replace(student, seed=arguments.seed, teaching=0 if arguments.no_teachers else student.teaching)
        teachers: list[GrooveNet] = []
        if not arguments.no_teachers:
            teach(taught, train, validation, out, progress)
            teachers = [read_checkpoint(out / f"{recipe.name}.pt") for recipe in taught]
        net = fit(student, train, validation, out, teachers, progress)
    if rank() == 0:
        sources = (data.ATTRIBUTION, *(f"pairs: {Path(p).name}" for p in arguments.extra))
        manifest = write_model(net, out / "model", train_loops, validation_loops, sources)
        if not arguments.no_figures:
            figures = headline(evaluate(load(out / "model"), arguments.data, "validation"))
            save(msgspec.structs.replace(manifest, figures=figures), out / "model")
        plot(out)
        (out / "model" / "card.md").write_text(card(out, student, taught if teachers else [], len(train_loops)))
        print(f"the model is in {out / 'model'}; hear it with `groovelive drum --model {out / 'model'}`")
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
    return 0


def card(out: Path, student: Recipe, taught: Sequence[Recipe], loops: int) -> str:
    """Return the model card of a run, from its recipe and its metrics."""
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    last = {line["name"]: line for line in lines}
    minutes = sum(line["seconds"] for line in lines) / 60
    rows = [
        f"| {r.name} | {r.config.width} x {r.config.drum_blocks} | {r.epochs} | {r.config.dropout} | "
        + " | ".join(
            f"{last[r.name][k]:.4f}" for k in ("groove_f1", "genre_f1", "full_f1", "velocity_mae", "offset_mae")
        )
        + " |"
        for r in (*taught, student)
    ]
    parameters = sum(p.numel() for p in GrooveNet(student.config).parameters())
    return (
        f"""# Model card: groove

A tap (a rhythm of one voice, 32 steps of a 16th in 4/4) in, nine voices of drums out, conditioned on genre, on
densities overall and per group, and on groups that must be absent. {parameters:,} parameters.

- **Data**: {data.ATTRIBUTION}. {loops:,} training loops of two bars; beats of the validation split below.
- **Training**: {len(taught)} teachers, then a student that learns from the data and, with weight {student.teaching},
  from the mean of the teachers' probabilities; AdamW, cosine rate, moving average of the weights. Augmentation: second
  bars from elsewhere in the same performance, velocities and offsets scaled, a group taken out.
  {minutes:.0f} minutes of one core in all. Command: `groovelive train --data groove-v1.0.0-midionly.zip`.
- **Decoding** (thresholds, rare voices, number of hits) was chosen on the validation split, too.
- **Meant for** drums in 4/4 that follow a rhythm in live performance. **Not for** other metres, or for recognising
  genres: the data are ten drummers on one electronic kit, and their notion of a genre is narrow.
- **Licence**: weights MIT; attribute the data (CC BY 4.0).

On {"validation"} beats, at one global threshold of .38 (`groovelive evaluate` has the whole table):

| network | width x blocks | epochs | dropout | F1 groove | F1 genre | F1 full | velocity MAE | offset MAE |
|---|---|---|---|---|---|---|---|---|
"""
        + "\n".join(rows)
        + "\n"
    )


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show progress in the terminal of the first process; elsewhere say nothing."""
    if rank() > 0:
        yield lambda text, part: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def tell(text: str, part: float) -> None:
            head = text.split(" epoch")[0]
            if head not in tasks:
                tasks[head] = bar.add_task(text, total=1.0)
            bar.update(tasks[head], completed=part, description=text)

        yield tell


if __name__ == "__main__":  # as torchrun starts it
    try:
        raise SystemExit(main())
    except GrooveError as error:
        print(f"groovelive train: {error}", file=sys.stderr)
        raise SystemExit(2) from None
