"""What the player learns from: whole takes of the Groove MIDI Dataset, and loops that were played to an instrument."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import GrooveError
from ...midi_files import reader as midifile
from ...model.player.conditions import GENRES, INSTRUMENTS, N_VOICES, PROGRAMMED, STEPS, Floats

PAIRED = ("bass", "guitar", "piano")  # by the number that an .npz of pairs gives them
MAX_ROWS = 16  # of one song and instrument: a long song weighs no more than that
LOOP = 2 * STEPS
NEAREST = 8  # lines of an instrument that are kept as fitting a drummer's two bars


@dataclass(slots=True, eq=False)
class RecordedTake:
    """Drums from beginning to end.

    Args:
        played: (steps, 27) float32: hits, velocities, offsets of the nine voices.
        genre: a name of `GENRES`.
        tempo: beats per minute; None where it is not known.
        fill: (bars,) bool: which bars are fills.
        whole: True for a take that has phrases; False for a fill by itself or a loop.
        name: where it is from; takes of one song share it.
        rhythm: (steps, 3) what an instrument played with it; None where nothing is known.
        instrument: who played `rhythm`.
        weight: how often it is drawn beside its like.
        fitting: by instrument, (loops, NEAREST) numbers of pairs that would fit its loops of two bars.
    """

    played: Floats
    genre: str
    tempo: float | None
    fill: NDArray[np.bool_]
    whole: bool
    name: str
    rhythm: Floats | None = None
    instrument: str | None = None
    weight: float = 1.0
    fitting: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def bars(self) -> int:
        """How many bars it lasts."""
        return len(self.played) // STEPS


def read_takes(archive: str | PathLike[str], split: str) -> list[RecordedTake]:
    """Read the takes in 4/4 of one split of the Groove MIDI Dataset.

    Args:
        archive: the official `groove-v1.0.0-midionly.zip`, or one of the same layout.
        split: "train", "validation" or "test", as its info.csv has them.

    Raises:
        GrooveError: the archive is not there, is not such an archive, or has nothing in that split.
    """
    path = Path(archive)
    try:
        with zipfile.ZipFile(path) as file:
            takes = list(_takes(file, split))
    except FileNotFoundError:
        raise GrooveError(f"there is no file {str(path)!r}; `groovelive data fetch` downloads the data set") from None
    except KeyError as error:
        raise GrooveError(f"{path.name} is not the Groove MIDI Dataset's midionly zip: {error.args[0]}") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise GrooveError(f"{path.name} is not a readable zip file: {error}") from None
    if not takes:
        raise GrooveError(f"{path.name} has no 4/4 recordings in its split {split!r}; it must be train or validation")
    return takes


def _takes(file: zipfile.ZipFile, split: str) -> Iterable[RecordedTake]:
    table = next((name for name in file.namelist() if name.rsplit("/", 1)[-1] == "info.csv"), None)
    if table is None:
        raise KeyError("it has no info.csv")
    folder = table[: -len("info.csv")]
    with io.TextIOWrapper(file.open(table), "utf-8", newline="") as text:
        rows = [row for row in csv.DictReader(text) if row["split"] == split and row["time_signature"] == "4-4"]
    for row in rows:
        read = midifile.read(file.read(folder + row["midi_filename"]), kit="roland", part="drums")
        is_fill = row["beat_type"] == "fill"
        for first, bars in read.sections:
            played = read.groove[first : first + bars].hvo
            fill = np.ones(bars, bool) if is_fill else fills(played[:, :N_VOICES])
            genre = row["style"].split("/")[0]
            yield RecordedTake(played, genre, float(row["bpm"]), fill, not is_fill, row["id"])


def fills(hits: Floats, around: int = 4) -> NDArray[np.bool_]:
    """Find the bars that break the pattern round them with toms or snares, (bars,).

    A fill has at least two tom hits more, or in its second half at least three snare and tom hits more, than the
    median of the bars up to `around` bars away, and is less like them (Jaccard similarity of the cells, median) than
    they are to one another, by .05.

    Args:
        hits: (steps, 9), 0 or 1.
        around: bars on either side.
    """
    bars = hits.reshape(-1, STEPS, N_VOICES)
    count = len(bars)
    found = np.zeros(count, bool)
    if count < around:
        return found
    cells = bars.reshape(count, -1)
    common = cells @ cells.T
    either = cells.sum(1)[:, None] + cells.sum(1) - common
    alike = np.where(either > 0, common / np.maximum(either, 1), 1)
    toms = bars[:, :, 4:7].sum((1, 2))
    late = bars[:, STEPS // 2 :, [1, 4, 5, 6]].sum((1, 2))
    for bar in range(count):
        near = [b for b in range(max(0, bar - around), min(count, bar + around + 1)) if b != bar]
        among = alike[np.ix_(near, near)][np.triu_indices(len(near), 1)]
        usual = float(np.median(among)) if len(among) else 1.0
        busy = toms[bar] - np.median(toms[near]) >= 2 or late[bar] - np.median(late[near]) >= 3
        found[bar] = busy and float(np.median(alike[bar, near])) < usual - 0.05
    return found


def read_accompanied(paths: Sequence[str | PathLike[str]], split: str) -> list[RecordedTake]:
    """Read loops of programmed drums with the instrument that they accompany, weighted by song.

    Args:
        paths: .npz files with the arrays drums (n, 32, 27), groove (n, 32, 3), instrument, song, split.
        split: "train" or "validation".

    Raises:
        GrooveError: a file is not there, or lacks one of these arrays.
    """
    takes: list[RecordedTake] = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as file:
                chosen = file["split"] == split
                drums, rhythm = (file[key][chosen].astype(np.float32) for key in ("drums", "groove"))
                instrument, song = file["instrument"][chosen], file["song"][chosen]
        except (OSError, KeyError, ValueError) as error:
            raise GrooveError(
                f"{path} must be an .npz with the arrays drums, groove, instrument, song and split: {error}"
            ) from None
        drums[..., N_VOICES : 2 * N_VOICES] *= drums[..., :N_VOICES]
        drums[..., 2 * N_VOICES :] *= drums[..., :N_VOICES]
        rhythm[..., 1:] *= rhythm[..., :1]
        key = np.char.add(song, np.char.mod(":%d", instrument))
        names, which, counts = np.unique(key, return_inverse=True, return_counts=True)
        for x, r, i, k in zip(drums, rhythm, instrument, which, strict=True):
            weight = min(int(counts[k]), MAX_ROWS) / int(counts[k])
            name = f"{Path(path).stem}:{names[k]}"
            if x[:, :N_VOICES].any():
                takes.append(
                    RecordedTake(x, PROGRAMMED, None, np.zeros(2, bool), False, name, r, PAIRED[int(i)], weight)
                )
    return takes


def fit_instruments(takes: Sequence[RecordedTake], pairs: Sequence[RecordedTake]) -> None:
    """Give each take the instruments' lines that would fit it: those whose own drums are most like its drums.

    Kick counts most, then snare, then the rest. A drummer of the Groove data played alone; with these lines the
    player learns how human drums lie on a bass, a guitar or a piano.
    """
    worth = np.array([1, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1], np.float32)
    for instrument in PAIRED:
        numbers = np.array([n for n, pair in enumerate(pairs) if pair.instrument == instrument])
        if not len(numbers):
            continue
        theirs = np.stack([pairs[n].played[:, :N_VOICES] for n in numbers])
        theirs = np.sqrt(worth) * theirs
        flat = theirs.reshape(len(numbers), -1)
        size = (flat * flat).sum(1)
        for take in takes:
            loops = take.bars // 2
            if not loops:
                continue
            own = (np.sqrt(worth) * take.played[: loops * LOOP, :N_VOICES]).reshape(loops, -1)
            apart = size[None] - 2 * own @ flat.T
            take.fitting[instrument] = numbers[np.argsort(apart, 1, kind="stable")[:, :NEAREST]]


def check_names(takes: Iterable[RecordedTake]) -> None:
    """Refuse a genre or an instrument that the player has no place for."""
    for take in takes:
        if take.genre not in GENRES or (take.instrument or "any") not in INSTRUMENTS:
            raise GrooveError(
                f"{take.name} has the genre {take.genre!r} and the instrument {take.instrument!r}; "
                f"genres are {', '.join(GENRES)}, instruments {', '.join(INSTRUMENTS)}"
            )
