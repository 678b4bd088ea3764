"""Does it sound like a drummer, to what players really feed it?

`evaluate_realism` asks a drummer with taps of twelve sets (`sets`), and judges its answers beside what drummers
played: by judges that learn to tell them apart (`judge`), by distances of distributions (`measures`), and by how the
answers lie on the taps. No figure alone suffices: a random human loop that ignores the tap wins some of them, a copy
of the tap others; `auc_pair` and `phi` can be won by neither.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from os import PathLike
from typing import Any

import numpy as np

from .answers import judge_answers, truth_f1
from .features import Floats
from .goals import FigureGoal, check_goals, for_json, goal_lines, look_up
from .measures import variety
from .sets import InputSet, input_sets, spread_rows
from .systems import LoopingSystem, TapSystem, seeded_loops
from .takes import DrumLoops, read_instruments, read_takes
from .taps import answer_features

Say = Callable[[str], None]

VARIETY_SETS = ("A", "C", "D_bass")
LIKELIEST_SETS = ("A", "B_kick", "B_half", "D_bass")
LOOPS_IN_A_ROW = 8


def _in(name: str, *path: str | int) -> tuple[str | int, ...]:
    return ("sets", name, *path)


REALISM_GOALS = (
    FigureGoal("typed rhythms: judge on hits", _in("C", "auc_hits"), most=0.72),
    FigureGoal("typed rhythms: judge on velocities", _in("C", "auc_velocity"), most=0.78),
    FigureGoal("typed rhythms: judge on timing", _in("C", "auc_timing"), most=0.66),
    FigureGoal("typed rhythms: overlap of features", _in("C", "overlap"), least=0.85),
    FigureGoal("half of a drummer's hits: judge on hits and fit", _in("B_half", "auc_pair"), most=0.80),
    FigureGoal("bass: judge on hits and fit", _in("D_bass", "auc_pair"), most=0.75),
    FigureGoal("guitar: judge on hits and fit", _in("D_guitar", "auc_pair"), most=0.70),
    FigureGoal("piano: judge on hits and fit", _in("D_piano", "auc_pair"), most=0.78),
    *(
        FigureGoal(
            f"bass: phi with the {voice}",
            _in("D_bass", "cover", f"phi_{voice}", 0),
            within=0.07,
            real=_in("D_bass", "cover", f"phi_{voice}", 1),
        )
        for voice in ("kick", "snare")
    ),
    FigureGoal("kick only: F1 of the likeliest hits", ("likeliest", "B_kick", "f1"), least=0.52),
    FigureGoal("half of the hits: F1 of the likeliest hits", ("likeliest", "B_half", "f1"), least=0.52),
    FigureGoal("bass: F1 of the likeliest hits", ("likeliest", "D_bass", "f1"), least=0.48),
    FigureGoal("bass: F1 of the likeliest hits, four groups", ("likeliest", "D_bass", "f4"), least=0.63),
    FigureGoal("whole drum rhythm: F1 of the likeliest hits", ("likeliest", "A", "f1"), least=0.66),
    FigureGoal("typed rhythms: share of steps with a time-keeper", _in("C", "mean", "time_steps", 0), 0.45, 0.60),
    FigureGoal("typed rhythms: regularity of the time-keeper", _in("C", "mean", "time_regular", 0), least=0.78),
    FigureGoal("typed rhythms: kick on 1", _in("C", "mean", "kick_on_1", 0), 0.80, 0.95),
    FigureGoal("typed rhythms: snare on 2 and 4", _in("C", "mean", "backbeat", 0), 0.60, 0.85),
    FigureGoal("typed rhythms: distance of eight loops in a row", _in("C", "loops_apart"), 0.20, 0.40),
    FigureGoal("typed rhythms: loops equal to the first", _in("C", "loops_equal"), most=0.15),
    FigureGoal("typed rhythms: hits off the rhythm's steps", _in("C", "cover", "off_tap", 0), 0.35, 0.60),
    FigureGoal("typed rhythms: accents answered", _in("C", "cover", "accent_strong", 0), least=0.80),
    FigureGoal("typed rhythms: accents answered at adherence 1", ("adherent", "C", "accent_strong"), least=0.95),
    FigureGoal("whole drum rhythm: judge on hits", _in("A", "auc_hits"), most=0.66),
    FigureGoal("whole drum rhythm: judge on timing", _in("A", "auc_timing"), most=0.66),
    *(
        FigureGoal(f"{taps}: steps of a loop with {what}", _in(name, "hands", figure, 0), most=0.0)
        for taps, name in (("whole drum rhythm", "A"), ("typed rhythms", "C"))
        for what, figure in (
            ("three struck", "three_hands"),
            ("three hands, hat by foot", "three_hands_and_foot"),
            ("both hats", "both_hats"),
        )
    ),
)  # fmt: skip


def evaluate_realism(
    system: TapSystem | None,
    archive: str | PathLike[str],
    pairs: Sequence[str | PathLike[str]] = (),
    *,
    split: str = "validation",
    stride: int = 3,
    names: Collection[str] | None = None,
    genres_told: bool = False,
    likeliest: TapSystem | None = None,
    adherent: TapSystem | None = None,
    model: str = "",
    cache: str | PathLike[str] | None = None,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Measure a drummer on held-out taps.

    Args:
        system: the drummer as it plays by default. None measures the drums that were really played, the best possible.
        archive: the Groove MIDI Dataset's zip.
        pairs: .npz files of instruments and their drums; without any the sets D are left out.
        split: of the archive: "validation" or "test". Of the pairs it is always the validation split.
        stride: every how-many-th loop is judged; compare within one stride only.
        names: of the sets to measure; None is all.
        genres_told: whether the genre is told in the sets A and B too.
        likeliest: the drummer when it plays each cell that is likelier than not, for the F1 of the sets that have a
            truth.
        adherent: the drummer at adherence 1, for the share of accents that it answers.
        model: what is measured, as the result shall name it.
        cache: a folder to keep the archive's takes in once they are read.
        say: told what is being done.

    Returns:
        The figures as `groovelive evaluate realism --json` prints them: split, loops, model, stride, genres_told,
        drummers (how much eight loops in a row of real drummers vary), sets (the figures of `judge_answers` for
        each), likeliest, adherent, goals. Of pairs of figures the first is the system's, the second the drummers'.

    Raises:
        GrooveError: the data cannot be read.
    """
    say(f"reading {split}")
    loops = DrumLoops.of(read_takes(archive, split, cache=cache))
    instruments = read_instruments(pairs) if pairs else None
    sets = [one.told(genres_told) for one in input_sets(loops, instruments, stride=stride, names=names)]
    result: dict[str, Any] = {
        "split": split, "loops": len(loops), "model": model, "stride": stride, "genres_told": genres_told,
        "drummers": human_variety(loops), "sets": {}, "likeliest": {}, "adherent": {},
    }  # fmt: skip
    for one in sets:
        say(f"judging {one.name}")
        if system is None and one.truth is None:
            continue
        answers = one.truth if system is None else ask(system, one)
        assert answers is not None
        result["sets"][one.name] = judge_answers(one, answers)
        if system is not None and one.name in VARIETY_SETS:
            result["sets"][one.name] |= variety_of(system, one)
        if likeliest is not None and one.name in LIKELIEST_SETS and one.truth is not None:
            result["likeliest"][one.name] = truth_f1(one, ask(likeliest, one))
        if adherent is not None and one.name == "C":
            table = answer_features(one.taps, ask(adherent, one))
            result["adherent"]["C"] = {"accent_strong": float(np.nanmean(table["c_accent_strong"]))}
    result["goals"] = check_goals(result, REALISM_GOALS)
    plain: dict[str, Any] = for_json(result)
    return plain


def ask(system: TapSystem, one: InputSet) -> Floats:
    """Return the answers (n, 32, 27) of a drummer to all taps of a set."""
    return np.asarray(system(one.taps, one.genre, one.instrument, one.seeds), np.float32)


def variety_of(system: TapSystem, one: InputSet, loops: int = LOOPS_IN_A_ROW, most: int = 40) -> dict[str, float]:
    """Return how much a drummer's loops in a row vary, see `variety`, over at most so many taps of a set."""
    rows = spread_rows(one.groups, most)
    taps, genres, instruments, seeds = one.taps[rows], one.genre[rows], one.instrument[rows], np.arange(len(rows)) * 100
    if isinstance(system, LoopingSystem):
        return variety(np.asarray(system.song(taps, genres, instruments, loops, seeds), np.float32))
    return variety(np.asarray(seeded_loops(system, taps, genres, instruments, loops, seeds), np.float32))


def human_variety(loops: DrumLoops, count: int = LOOPS_IN_A_ROW) -> dict[str, float] | None:
    """Return how much real loops in a row vary, see `variety`; None where no take is that long.

    From each take come up to two series, which begin within its first 32 bars.
    """
    series = []
    for take in np.unique(loops.take):
        rows = np.flatnonzero(loops.take == take)
        row_of_bar = dict(zip(loops.bar[rows].tolist(), rows.tolist(), strict=True))
        for start in range(0, 32, 2 * count):
            bars = [start + 2 * k for k in range(count)]
            if not all(bar in row_of_bar for bar in bars):
                break
            series.append(loops.hvo[[row_of_bar[bar] for bar in bars]])
    return variety(np.stack(series)) if series else None


_COLUMNS: tuple[tuple[str, tuple[str | int, ...]], ...] = (
    ("hits", ("auc_hits",)), ("vel", ("auc_velocity",)), ("time", ("auc_timing",)), ("all", ("auc_all",)),
    ("pair", ("auc_pair",)), ("FD", ("frechet",)), ("overlap", ("overlap",)), ("F1", ("f1",)), ("F4", ("f4",)),
    ("accents", ("cover", "accent_strong", 0)), ("off tap", ("cover", "off_tap", 0)),
    ("phi K", ("cover", "phi_kick", 0)), ("phi S", ("cover", "phi_snare", 0)), ("kick 1", ("mean", "kick_on_1", 0)),
    ("snare24", ("mean", "backbeat", 0)), ("time", ("mean", "time_steps", 0)), ("regular", ("mean", "time_regular", 0)),
    ("apart", ("loops_apart",)), ("equal", ("loops_equal",)),
)  # fmt: skip


def realism_table(result: dict[str, Any]) -> str:
    """Return the figures, and the goals beside them, as a text table."""
    name, stride = result["model"] or "drums", result["stride"]
    lines = [f"{name}: one in {stride} of {result['loops']} loops of {result['split']}", ""]
    lines.append(f"{'set':<10}" + "".join(f"{head:>8}" for head, _ in _COLUMNS))
    for name, figures in result["sets"].items():
        lines.append(f"{name:<10}" + "".join(_cells(figures)))
    lines += ["", *goal_lines(result["goals"])]
    return "\n".join(lines)


def _cells(figures: dict[str, Any]) -> Iterable[str]:
    for _, path in _COLUMNS:
        value = look_up(figures, path)
        yield f"{'–':>8}" if value is None else f"{value:>8.2f}"
