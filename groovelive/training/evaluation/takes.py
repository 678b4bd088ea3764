"""The real drummers of the evaluation: takes of the Groove MIDI Dataset, their loops, and instruments with drums."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

import mido
import numpy as np
from numpy.typing import NDArray

from ...errors import GrooveError
from .features import Array

# The pitches of the data set's kit (Roland TD-11) for the nine voices.
_PITCHES = ([36], [38, 37, 40], [42, 22, 44], [46, 26], [43, 58], [47, 45], [50, 48], [49, 52, 55, 57], [51, 53, 59])
_VOICE_OF_PITCH = {pitch: voice for voice, pitches in enumerate(_PITCHES) for pitch in pitches}
INSTRUMENTS = ("bass", "guitar", "piano")


@dataclass(frozen=True, slots=True, eq=False)
class DrumTake:
    """One recording in 4/4, on the grid of 16ths.

    Args:
        hvo: (bars * 16, 27) float32.
        genre: its main style.
        tempo: in beats a minute.
        number: of its row in the data set's table.
        kind: "beat" or "fill".
    """

    hvo: NDArray[np.float32]
    genre: str
    tempo: float
    number: int
    kind: str = "beat"

    @property
    def bars(self) -> int:
        """Its length in bars."""
        return len(self.hvo) // 16


@dataclass(frozen=True, slots=True, eq=False)
class DrumLoops:
    """Loops of two bars out of takes, one bar from loop to loop.

    Args:
        hvo: (n, 32, 27) float32.
        genre: (n,) names.
        take: (n,) the number of the take that a loop is out of.
        bar: (n,) the bar of the take that a loop begins with.
    """

    hvo: NDArray[np.float32]
    genre: Array
    take: Array
    bar: Array

    def __len__(self) -> int:
        return len(self.hvo)

    def at(self, rows: Array | slice) -> DrumLoops:
        """Return the loops of these rows, in their order."""
        return DrumLoops(self.hvo[rows], self.genre[rows], self.take[rows], self.bar[rows])

    @classmethod
    def of(cls, takes: Iterable[DrumTake]) -> Self:
        """Cut takes into all their loops but silent ones."""
        cuts = [
            (take.hvo[bar * 16 : bar * 16 + 32], take.genre, take.number, bar)
            for take in takes
            for bar in range(take.bars - 1)
        ]
        sounding = [cut for cut in cuts if cut[0][:, :9].any()]
        if not sounding:
            raise GrooveError("there is no take of two bars or more to cut loops from")
        hvo, genre, number, bar = zip(*sounding, strict=True)
        return cls(np.stack(hvo), np.array(genre), np.array(number), np.array(bar))


@dataclass(frozen=True, slots=True, eq=False)
class InstrumentPairs:
    """What instruments played, and the drums that were played to it.

    Args:
        taps: (n, 32, 3) the instrument, flattened.
        drums: (n, 32, 27).
        instrument: (n,) "bass", "guitar" or "piano".
        song: (n,) the song that a pair is out of.
    """

    taps: NDArray[np.float32]
    drums: NDArray[np.float32]
    instrument: Array
    song: Array

    def __len__(self) -> int:
        return len(self.taps)


def read_takes(
    archive: str | PathLike[str],
    split: str,
    *,
    kinds: Sequence[str] = ("beat",),
    cache: str | PathLike[str] | None = None,
) -> list[DrumTake]:
    """Read the takes in 4/4 of one split of the Groove MIDI Dataset.

    A note goes to the nearest 16th and keeps its distance from it; of notes of one voice in one step the loudest
    stays. A last bar that holds nothing but a final downbeat is dropped.

    Args:
        archive: the data set's zip, as `groovelive data fetch` downloads it.
        split: "train", "validation" or "test".
        kinds: "beat", "fill" or both.
        cache: a folder to keep what was read in, for the next time.

    Raises:
        GrooveError: there is no such zip, or it has no such takes.
    """
    path = Path(archive)
    try:
        stamp = f"{path.stem}-{path.stat().st_size}"
        kept = None if cache is None else Path(cache) / f"takes-{stamp}-{split}.npz"
        takes = _load(kept) if kept is not None and kept.exists() else _parse(path, split)
    except FileNotFoundError:
        raise GrooveError(f"there is no file {str(path)!r}; `groovelive data fetch` downloads the data set") from None
    except (zipfile.BadZipFile, KeyError) as error:
        raise GrooveError(f"{path.name} is not the Groove MIDI Dataset's midionly zip: {error}") from None
    if kept is not None and not kept.exists():
        _save(kept, takes)
    takes = [take for take in takes if take.kind in kinds]
    if not takes:
        raise GrooveError(f"{path.name} has no take in 4/4 of the split {split!r}")
    return takes


def _parse(path: Path, split: str) -> list[DrumTake]:
    takes = []
    with zipfile.ZipFile(path) as archive:
        with io.TextIOWrapper(archive.open("groove/info.csv"), "utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        for number, row in enumerate(rows):
            if row["split"] != split or row["time_signature"] != "4-4":
                continue
            hvo = _on_grid(archive.read(f"groove/{row['midi_filename']}"))
            if hvo is not None:
                genre = row["style"].split("/")[0]
                takes.append(DrumTake(hvo, genre, float(row["bpm"]), number, row["beat_type"]))
    return takes


def _on_grid(midi: bytes) -> NDArray[np.float32] | None:
    """Return (bars * 16, 27) of a MIDI file, None where it has no drums."""
    file = mido.MidiFile(file=io.BytesIO(midi))
    ticks_per_step = file.ticks_per_beat / 4
    notes: list[tuple[float, int, float]] = []
    for track in file.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity and message.note in _VOICE_OF_PITCH:
                notes.append((ticks / ticks_per_step, _VOICE_OF_PITCH[message.note], message.velocity / 127))
    if not notes:
        return None
    last = int(np.floor(max(place for place, _, _ in notes) + 0.5))
    bars = last // 16 + 1
    hvo = np.zeros((bars * 16, 27), np.float32)
    for place, voice, velocity in notes:
        step = int(np.floor(place + 0.5))
        if not (hvo[step, voice] and hvo[step, 9 + voice] >= velocity):
            hvo[step, voice], hvo[step, 9 + voice], hvo[step, 18 + voice] = 1, velocity, min(place - step, 0.4999)
    only_downbeat = bars > 1 and not hvo[(bars - 1) * 16 + 1 :, :9].any()
    return hvo[: (bars - 1) * 16] if only_downbeat else hvo


def _save(path: Path, takes: Sequence[DrumTake]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        hvo=np.concatenate([take.hvo for take in takes]) if takes else np.zeros((0, 27), np.float32),
        length=np.array([len(take.hvo) for take in takes], int),
        genre=np.array([take.genre for take in takes], str),
        tempo=np.array([take.tempo for take in takes], float),
        number=np.array([take.number for take in takes], int),
        kind=np.array([take.kind for take in takes], str),
    )


def _load(path: Path) -> list[DrumTake]:
    with np.load(path, allow_pickle=False) as kept:
        parts = np.split(kept["hvo"], np.cumsum(kept["length"])[:-1])
        columns = (kept["genre"], kept["tempo"], kept["number"], kept["kind"])
        return [
            DrumTake(hvo, str(genre), float(tempo), int(number), str(kind))
            for hvo, genre, tempo, number, kind in zip(parts, *columns, strict=False)
        ]


def read_instruments(
    paths: Sequence[str | PathLike[str]], split: str = "validation", *, most: int = 16, seed: int = 0
) -> InstrumentPairs:
    """Read pairs of instruments and full drums.

    Args:
        paths: of .npz files with the arrays groove, drums, instrument, song and split; their order counts.
        split: "train" or "validation".
        most: pairs of one song and instrument; which ones is drawn.
        seed: of that draw.

    Raises:
        GrooveError: a file is not there or is no such file, or there is no pair of that split.
    """
    parts = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as pairs:
                rows = pairs["split"] == split
                source = Path(path).stem.removeprefix("pairs-")
                song = np.char.add(f"{source}:", pairs["song"][rows])
                taps, drums = (pairs[key][rows].astype(np.float32) for key in ("groove", "drums"))
                parts.append((taps, drums, pairs["instrument"][rows], song))
        except (OSError, KeyError, ValueError) as error:
            message = f"{path} is not an .npz with the arrays groove, drums, instrument, song and split: {error}"
            raise GrooveError(message) from None
    if not sum(len(part[0]) for part in parts):
        raise GrooveError(f"there are no pairs of instruments and drums of the split {split!r}")
    taps, drums, instrument, song = (np.concatenate(column) for column in zip(*parts, strict=True))
    taps[..., 1:] *= taps[..., :1]
    taps[..., 1], taps[..., 2] = taps[..., 1].clip(0, 1), taps[..., 2].clip(-0.5, 0.4999)
    drums[..., 9:18] *= drums[..., :9]
    drums[..., 18:] *= drums[..., :9]
    kept = _some_of_each(song, instrument, most, seed)
    kept &= (taps[..., 0].sum(1) > 0) & (drums[..., :9].sum((1, 2)) > 2)
    return InstrumentPairs(taps[kept], drums[kept], np.array(INSTRUMENTS)[instrument[kept]], song[kept])


def _some_of_each(song: Array, instrument: Array, most: int, seed: int) -> NDArray[np.bool_]:
    """Choose at most `most` rows of each song and instrument, gone through in the order of their names."""
    rng = np.random.default_rng(seed)
    kept = np.zeros(len(song), bool)
    for name, number in sorted(set(zip(song.tolist(), instrument.tolist(), strict=True))):
        rows = np.flatnonzero((song == name) & (instrument == number))
        kept[rng.permutation(rows)[:most]] = True
    return kept
