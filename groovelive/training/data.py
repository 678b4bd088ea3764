"""Training data: loops of two bars out of the Groove MIDI Dataset, with what is known of each."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..checks import name
from ..errors import GrooveError
from ..midi_files import reader

ATTRIBUTION = (
    "Groove MIDI Dataset v1.0.0, CC BY 4.0, Google LLC (Gillick, Roberts, Engel, Eck, Bamman 2019, "
    "'Learning to Groove with Inverse Sequence Transformations')"
)
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Loops:
    """Loops of two bars of 4/4.

    Args:
        hvo: (n, 32, 27) float32: hits, velocities, offsets of the nine voices.
        genre: (n,) names of genres; "" where none is known.
        performance: (n,) int64: loops with one number come from one recording, in its order.
        beat: (n,) bool: True for a beat, False for a fill.
    """

    hvo: NDArray[np.float32]
    genre: NDArray[np.str_]
    performance: NDArray[np.int64]
    beat: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.hvo)

    def __add__(self, other: Loops) -> Loops:
        """Return the loops of both, no performance of one joined to one of the other."""
        beyond = int(self.performance.max(initial=-1)) + 1
        return Loops(
            np.concatenate([self.hvo, other.hvo]),
            np.concatenate([self.genre, other.genre]),
            np.concatenate([self.performance, other.performance + beyond]),
            np.concatenate([self.beat, other.beat]),
        )

    def where(self, mask: NDArray[np.bool_]) -> Loops:
        """Return the loops where `mask` is True."""
        return Loops(self.hvo[mask], self.genre[mask], self.performance[mask], self.beat[mask])


def read_dataset(
    archive: str | PathLike[str], split: str, progress: Callable[[float], None] = lambda part: None
) -> Loops:
    """Read one split of the Groove MIDI Dataset: every loop of two bars in 4/4, one bar from loop to loop.

    The whole recording is laid on the grid before it is cut, so a note just ahead of a downbeat belongs to it.

    Args:
        archive: the official `groove-v1.0.0-midionly.zip`, or one of the same layout.
        split: "train", "validation" or "test", as its info.csv has them.
        progress: called with the part done, 0..1.

    Raises:
        GrooveError: the archive is not there, is not such an archive, or has no loop in that split.
    """
    name("split", split, SPLITS)
    path = Path(archive)
    try:
        with zipfile.ZipFile(path) as file:
            return _read(file, path, split, progress)
    except FileNotFoundError:
        raise GrooveError(f"there is no file {str(path)!r}; `groovelive data fetch` downloads the data set") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise GrooveError(f"{path.name} is not a readable zip file: {error}") from None


def _read(file: zipfile.ZipFile, path: Path, split: str, progress: Callable[[float], None]) -> Loops:
    tables = [name for name in file.namelist() if name.rsplit("/", 1)[-1] == "info.csv"]
    if not tables:
        raise GrooveError(f"{path.name} has no info.csv; it is not the Groove MIDI Dataset's midionly zip")
    folder = tables[0][: -len("info.csv")]
    with io.TextIOWrapper(file.open(tables[0]), "utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    wanted = {"style", "midi_filename", "beat_type", "time_signature", "split"}
    if not rows or not wanted <= rows[0].keys():
        raise GrooveError(f"the info.csv of {path.name} lacks columns: {', '.join(sorted(wanted))} are needed")
    hvo, genre, performance, beat = [], [], [], []
    rows = [row for row in rows if row["split"] == split and row["time_signature"] == "4-4"]
    for number, row in enumerate(rows):
        try:
            source = file.read(folder + row["midi_filename"])
        except KeyError:
            raise GrooveError(f"{path.name} lacks {row['midi_filename']}, which its info.csv names") from None
        for loop in reader.read(source, kit="roland", part="drums").loops():
            hvo.append(loop.hvo)
            genre.append(row["style"].split("/")[0])
            performance.append(number)
            beat.append(row["beat_type"] == "beat")
        progress((number + 1) / len(rows))
    if not hvo:
        raise GrooveError(f"{path.name} has no 4/4 recordings in its {split} split")
    return Loops(np.stack(hvo), np.array(genre), np.array(performance), np.array(beat))


def read_pairs(path: str | PathLike[str]) -> Loops:
    """Read the train split of an .npz of pairs that has full drums (n, 32, 27) under the key `drums`.

    Their genre is unknown to the model (""), their songs take the place of performances.
    """
    try:
        with np.load(path, allow_pickle=False) as pairs:
            train = pairs["split"] == "train"
            hvo = pairs["drums"][train].astype(np.float32)
            _, song = np.unique(pairs["song"][train], return_inverse=True)
    except (OSError, KeyError, ValueError) as error:
        raise GrooveError(f"{path} is not an .npz with the arrays drums, song and split: {error}") from None
    if hvo.ndim != 3 or hvo.shape[1:] != (32, 27):
        raise GrooveError(f"the drums of {path} must have the shape (n, 32, 27), not {hvo.shape}")
    n = len(hvo)
    return Loops(hvo, np.full(n, ""), song.astype(np.int64), np.ones(n, bool))
