"""How the shipped networks are trained: every figure of it, as data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .net import Config


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
