"""Does it play on like a drummer? Solos of 32 and of 256 bars, fills, and the return to a section.

Solos are asked for in the genres and tempos of the judged split's long takes, with fills at drummers' places
(`fills.CHANCES`), as a conductor draws them. Everything is measured on real takes too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np

from ...errors import GrooveError
from .bars import mean_figures, windows
from .baselines import HumanSolo
from .features import Array, Bools
from .fills import by_place, crash_after, find_fills, obedience
from .goals import FigureGoal, check_goals, for_json, goal_lines
from .long_run import BLOCK, SECTION_A, brief, long_figures, section_recall
from .memorisation import evaluate_memorisation
from .solo_judge import SOLO_BARS, SoloJudge, mean_of_draws
from .systems import SoloSystem
from .takes import DrumTake, read_takes
from .voices import CRASH

Say = Callable[[str], None]

LONGFORM_GOALS = (
    FigureGoal("32-bar solos: judge on hits, mean of the draws", ("judge", "hits", "mean"), most=0.62),
    FigureGoal("32-bar solos: judge on timing", ("judge", "timing", "mean"), most=0.60),
    FigureGoal("32-bar solos: judge on velocities", ("judge", "velocity", "mean"), most=0.68),
    FigureGoal("32-bar solos: judge on all", ("judge", "all", "mean"), most=0.70),
    *(
        FigureGoal(
            f"similarity of bars at lag {lag}",
            ("solos", f"similarity_{lag}"),
            within=0.08,
            real=("drummers", f"similarity_{lag}"),
        )
        for lag in (1, 4, 16)
    ),
    FigureGoal("bars that repeat an earlier one exactly", ("solos", "exact_repeats"), 0.06, 0.20),
    FigureGoal("distinct bars", ("solos", "distinct"), 0.80, 0.95),
    FigureGoal("fills where asked for", ("fills", "asked"), least=0.80),
    FigureGoal("fills where not asked for", ("fills", "unasked"), most=0.05),
    FigureGoal("long solos: silent bars", ("long", "silent_bars"), most=0),
    FigureGoal("long solos: hits of a block against the first", ("long", "drift"), most=0.15),
    FigureGoal("long solos: similarity of neighbours at the end", ("long", "similarity_at_end"), most=0.60),
    FigureGoal("returning to a section: similarity gained by memory", ("sections", "gain"), least=0.12),
)


def evaluate_longform(
    system: SoloSystem,
    archive: str | PathLike[str],
    *,
    split: str = "validation",
    solos: int = 32,
    draws: int = 5,
    long_solos: int = 8,
    long_bars: int = 256,
    sections: int = 16,
    model: str = "",
    cache: str | PathLike[str] | None = None,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Measure a drummer that plays on.

    Args:
        system: the drummer.
        archive: the Groove MIDI Dataset's zip.
        split: what is judged against: "validation" or "test". Memorisation is looked for in "train".
        solos: 32-bar solos of a draw.
        draws: of them; the judge's figures are means over the draws.
        long_solos: solos of `long_bars` bars; 0 leaves them out.
        long_bars: a multiple of 32.
        sections: songs in which a section returns; 0 leaves them out.
        model: what is measured, as the result shall name it.
        cache: a folder to keep the archive's takes in once they are read.
        say: told what is being done.

    Returns:
        The figures as `groovelive evaluate longform --json` prints them: drummers and solos (`bars.mean_figures`);
        judge, and ceiling (train takes before the same judge); fills; long; sections; memorisation; goals.

    Raises:
        GrooveError: the data cannot be read, or has no take of 32 bars.
    """
    say(f"reading {split} and train")
    real = _long(read_takes(archive, split, cache=cache), split)
    train = read_takes(archive, "train", kinds=("beat", "fill"), cache=cache)
    judge = SoloJudge(real)
    result: dict[str, Any] = {"split": split, "takes": len(real), "model": model, "n_solos": solos, "n_draws": draws}
    stretches = [stretch for take in real for stretch in windows(take.hvo)]
    result["drummers"] = mean_figures(stretches)
    plan = [[brief(real, k, SOLO_BARS, draw * 1000 + k) for k in range(solos)] for draw in range(draws)]
    made, scores, ceiling = [], [], []
    human = HumanSolo([take for take in train if take.kind == "beat"])
    for number, briefs in enumerate(plan):
        say(f"judging draw {number + 1} of {draws}")
        played = [one.play(system) for one in briefs]
        made += played
        scores.append(judge.draw(played))
        ceiling.append(judge.draw([one.play(human) for one in briefs]))
    result |= {"solos": mean_figures(made), "judge": mean_of_draws(scores), "ceiling": mean_of_draws(ceiling)}
    result["fills"] = fill_figures([one.fills for briefs in plan for one in briefs], made, stretches)
    if long_solos:
        say(f"playing {long_solos} solos of {long_bars} bars")
        result["long"] = long_figures([brief(real, k, long_bars, 90_000 + k).play(system) for k in range(long_solos)])
    if sections:
        say("returning to sections")
        result["sections"] = section_recall(system, [brief(real, k, SECTION_A, 80_000 + k) for k in range(sections)])
    result["memorisation"] = evaluate_memorisation(made, [take.hvo for take in real], [take.hvo for take in train])
    result["goals"] = check_goals(result, LONGFORM_GOALS)
    plain: dict[str, Any] = for_json(result)
    return plain


def fill_figures(asked: Sequence[Bools], solos: Sequence[Array], real: Sequence[Array]) -> dict[str, Any]:
    """Measure fills.

    Returns:
        asked, unasked: the share of bars with a fill, where one was asked for and where none was; rate, by_place (in a
        phrase of eight), crash: of all bars; drummers: rate, by_place and crash of real takes.
    """

    def rates(grooves: Sequence[Array], found: Sequence[Bools]) -> dict[str, Any]:
        hits = [groove[:, :9] for groove in grooves]
        rate = float(np.concatenate(found).mean())
        return {"rate": rate, "by_place": by_place(found), "crash": crash_after(hits, found, CRASH)}

    found, found_in_real = ([find_fills(groove[:, :9]) for groove in grooves] for grooves in (solos, real))
    return obedience(asked, found) | rates(solos, found) | {"drummers": rates(real, found_in_real)}


def _long(takes: Sequence[DrumTake], split: str) -> list[DrumTake]:
    found = [take for take in takes if take.bars >= SOLO_BARS]
    if not found:
        raise GrooveError(f"the split {split!r} has no take of {SOLO_BARS} bars or more")
    return found


def longform_table(result: dict[str, Any]) -> str:
    """Return the figures, and the goals beside them, as a text table."""
    made, real, fills = result["solos"], result["drummers"], result["fills"]
    count = f"{result['n_draws']} draws of {result['n_solos']} solos of {SOLO_BARS} bars"
    lines = [f"{result['model'] or 'solos'}: {count}, beside {result['takes']} takes of {result['split']}", ""]
    lines.append(f"{'':<24}{'solos':>10}{'drummers':>10}")
    lines += [f"{name:<24}" + _row([made.get(name), real[name]], 3, 10) for name in real]
    lines += ["", f"{'judge':<24}{'mean':>10}{'least':>10}{'most':>10}{'real takes':>12}"]
    for kind, row in result["judge"].items():
        draws = _row([row["mean"], row["least"], row["most"]], 3, 10)
        lines.append(f"{kind:<24}{draws}  {_row([result['ceiling'][kind]['mean']], 3, 10)}")
    places, real_places = _row(fills["by_place"]), _row(fills["drummers"]["by_place"])
    lines += ["", f"fills by place in eight bars:{places}; drummers:{real_places}"]
    if "long" in result:
        long = result["long"]
        hits, alike = _row(long["hits"], 1), _row(long["similarity"])
        lines.append(f"{long['bars']} bars, by {BLOCK}: hits{hits}; neighbours alike{alike}")
    if "sections" in result:
        lines.append("a section again: " + ", ".join(f"{k}{_row([v])}" for k, v in result["sections"].items()))
    learnt = result["memorisation"]
    share, real_share = _row([learnt["made"]], 3), _row([learnt["real"]], 3)
    lines.append(f"bars that stand in the training data:{share}; drummers:{real_share}")
    lines += ["", *goal_lines(result["goals"])]
    return "\n".join(lines)


def _row(values: Sequence[float | None], digits: int = 2, width: int = 0) -> str:
    """Return numbers in one line, each at least a space from what is before it."""
    texts = ("–" if value is None else f"{value:.{digits}f}" for value in values)
    return "".join(f"{text:>{width}}" if width else f" {text}" for text in texts)
