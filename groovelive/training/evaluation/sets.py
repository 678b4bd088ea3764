"""The sets of taps that a drummer is judged on, each with what drummers really played.

A        loops flattened: the task that the mirror was trained on
B_*      the same loops, of which the tap has only a part (kick; kick and snare; accents; half of the hits) or which are
         evened out, as if typed
C        typed rhythms, no genre told; C_genre: five genres told
D_*      what a bass, a guitar, a piano played in songs of a data set with programmed drums
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .features import Array
from .takes import INSTRUMENTS, DrumLoops, InstrumentPairs
from .taps import RHYTHMS, accents, evened, flattened, typed
from .voices import KICK, SNARE

TOLD_GENRES = ("rock", "funk", "jazz", "hiphop", "latin")
PROGRAMMED = "programmed"
SET_NAMES = (
    "A", "B_kick", "B_ks", "B_accent", "B_half", "B_even", "B_ks_even", "C", "C_genre",
    *(f"D_{instrument}" for instrument in INSTRUMENTS),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class InputSet:
    """Taps, what is told beside them, and the real loops that the answers are judged against.

    Args:
        name: as in `SET_NAMES`.
        taps: (n, 32, 3).
        genre: (n,) the genre of each tap, "" where there is none.
        instrument: (n,) who plays it: drums, typed, bass, guitar, piano.
        groups: (n,) answers of one group (take, rhythm, song) are never in both parts of a fold.
        seeds: (n,) of the answers.
        truth: (n, 32, 27) the drums that were really played to the taps; None for typed rhythms.
        real: (m, 32, 27) real loops to be told from.
        real_groups: (m,) their takes or songs.
        genre_told: whether the genre is told even where genres are not.
    """

    name: str
    taps: NDArray[np.float32]
    genre: Array
    instrument: Array
    groups: Array
    seeds: Array
    truth: NDArray[np.float32] | None
    real: NDArray[np.float32]
    real_groups: Array
    genre_told: bool = False

    def __len__(self) -> int:
        return len(self.taps)

    def told(self, genres: bool) -> InputSet:
        """Return the set as it is asked: without its genres, unless they are told."""
        return self if genres or self.genre_told else replace(self, genre=np.full(len(self), ""))


def input_sets(
    loops: DrumLoops, pairs: InstrumentPairs | None = None, *, stride: int = 3, names: Collection[str] | None = None
) -> Iterator[InputSet]:
    """Make the sets, in the order of `SET_NAMES`.

    Args:
        loops: of the split that is judged.
        pairs: of held-out songs; without them the sets D are left out.
        stride: every how-many-th loop is taken. Figures are only comparable at one stride.
        names: which sets; None is all.
    """
    made = _whole_and_partial(loops.at(slice(None, None, stride)))
    made.append(_typed(loops.at(slice(None, None, stride)), stride))
    if any((loops.genre == genre).any() for genre in TOLD_GENRES):
        made.append(_typed_with_genre(loops, stride))
    if pairs is not None:
        made += [
            _of_instrument(pairs, instrument, stride) for instrument in INSTRUMENTS if instrument in pairs.instrument
        ]
    return (one for one in made if names is None or one.name in names)


def spread_rows(groups: Array, most: int, seed: int = 0) -> NDArray[np.int_]:
    """Return at most `most` row numbers, as evenly over the groups as can be, which rows of a group is random."""
    rng = np.random.default_rng(seed)
    by_group: dict[object, list[int]] = {}
    for row in rng.permutation(len(groups)):
        by_group.setdefault(groups[row], []).append(int(row))
    chosen: list[int] = []
    turn = 0
    while len(chosen) < min(most, len(groups)):
        chosen += [rows[turn] for rows in by_group.values() if turn < len(rows)]
        turn += 1
    return np.sort(np.array(chosen[:most], int))


def _whole_and_partial(loops: DrumLoops) -> list[InputSet]:
    """Return the sets A and B; taps with fewer than two hits are left out."""
    rng = np.random.default_rng(1)
    whole = flattened(loops.hvo)
    half = whole * (rng.random((len(loops), 32, 1)) < 0.5)
    kick_and_snare = flattened(loops.hvo, [KICK, SNARE])
    taps = {
        "A": whole,
        "B_kick": flattened(loops.hvo, [KICK]),
        "B_ks": kick_and_snare,
        "B_accent": whole * accents(whole)[..., None],
        "B_half": half,
        "B_even": evened(whole),
        "B_ks_even": evened(kick_and_snare),
    }
    made = []
    for name, tap in taps.items():
        some = loops.at(enough := tap[..., 0].sum(1) >= 2)
        n = len(some)
        made.append(
            InputSet(
                name,
                tap[enough],
                some.genre,
                np.full(n, "drums"),
                some.take,
                np.arange(n),
                some.hvo,
                some.hvo,
                some.take,
            )
        )
    return made


def _typed(loops: DrumLoops, stride: int) -> InputSet:
    """Return the set C: each typed rhythm with several seeds, against loops spread evenly over the takes."""
    seeds = max(2, 24 // stride)
    rhythm = np.repeat(np.arange(len(RHYTHMS)), seeds)
    n = len(rhythm)
    real = loops.at(spread_rows(loops.take, n))
    return InputSet(
        "C", np.stack([typed(text) for text in RHYTHMS])[rhythm], np.full(n, ""), np.full(n, "typed"), rhythm,
        np.tile(np.arange(seeds), len(RHYTHMS)), None, real.hvo, real.take,
    )  # fmt: skip


def _typed_with_genre(loops: DrumLoops, stride: int) -> InputSet:
    """Return the set C_genre: typed rhythms in each of five genres, against loops of these genres."""
    rows = []
    for genre in TOLD_GENRES:
        of_genre = np.flatnonzero(loops.genre == genre)
        rows.append(of_genre[spread_rows(loops.take[of_genre], max(40, 360 // stride))])
    real = loops.at(np.concatenate(rows))
    seeds = max(1, 6 // stride)
    rhythm = np.tile(np.repeat(np.arange(len(RHYTHMS)), seeds), len(TOLD_GENRES))
    n = len(rhythm)
    return InputSet(
        "C_genre", np.stack([typed(text) for text in RHYTHMS])[rhythm], np.repeat(TOLD_GENRES, len(RHYTHMS) * seeds),
        np.full(n, "typed"), rhythm, np.arange(n), None, real.hvo, real.take, genre_told=True,
    )  # fmt: skip


def _of_instrument(pairs: InstrumentPairs, instrument: str, stride: int) -> InputSet:
    """Return a set D; its drums are programmed, which is told as their genre."""
    rows = np.flatnonzero(pairs.instrument == instrument)[:: max(1, stride // 3)]
    n, drums, song = len(rows), pairs.drums[rows], pairs.song[rows]
    return InputSet(
        f"D_{instrument}", pairs.taps[rows], np.full(n, PROGRAMMED), pairs.instrument[rows], song, np.arange(n),
        drums, drums, song, genre_told=True,
    )  # fmt: skip
