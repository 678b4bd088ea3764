"""The training loop: teachers side by side, then the shipped student, which learns from data and teachers.

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
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from ..checks import number
from ..errors import GrooveError
from ..model import load
from . import data, metrics
from .batches import Batches
from .checkpoint import read_checkpoint
from .evaluate import evaluate, headline
from .export import save, write_model
from .losses import Losses
from .net import GrooveNet, densities, flatten
from .recipes import Recipe, recipes
from .report import Progress, card, plot, progress_bar


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
    number("--epochs", arguments.epochs, 0, 100, above=True)
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("gloo")
    with progress_bar(rank() == 0) as progress:
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


if __name__ == "__main__":  # as torchrun starts it
    try:
        raise SystemExit(main())
    except GrooveError as error:
        print(f"groovelive train: {error}", file=sys.stderr)
        raise SystemExit(2) from None
