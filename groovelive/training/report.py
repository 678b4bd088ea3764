"""What a training run tells: its progress, a picture of its metrics, and the card of the model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from . import data
from .net import GrooveNet
from .recipes import Recipe

Progress = Callable[[str, float], None]


def plot(out: Path) -> None:
    """Draw OUT/metrics.png from OUT/metrics.jsonl."""
    import matplotlib  # optional, and slow to import

    matplotlib.use("Agg")
    from matplotlib import pyplot  # after the line above, else it looks for a screen

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
def progress_bar(shown: bool = True) -> Iterator[Progress]:
    """Show progress in a terminal, and say nothing elsewhere, or where it is not to be `shown`.

    Yields:
        What is told of it: a text, and how much is done, 0..1.
    """
    if not shown:
        yield lambda text, part: None
        return
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
