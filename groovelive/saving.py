"""Music as files: MIDI, sound and a picture, of parts that are played one after the other; all are written, or none."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import ExitStack
from functools import reduce
from operator import add
from os import PathLike
from pathlib import Path
from typing import Final

from .errors import GrooveError
from .grooves.display import svg_song
from .grooves.groove import Groove
from .midi_files.reader import Tempo
from .midi_files.reader import write as write_midi
from .runtime.atomic import check_writable, replacing, same_file
from .runtime.hints import install
from .synthesis.kits import render

TEMPO: Final = 120.0
ENDINGS: Final = (".mid", ".midi", ".wav", ".svg")


def save(
    song: Sequence[tuple[str, Groove]],
    outputs: Sequence[Path],
    *,
    tempo: Tempo = TEMPO,
    kit: str = "gm",
    sound: str = "acoustic",
) -> None:
    """Write a song to every output, or to none.

    Args:
        song: its parts, each with a label for the picture.
        outputs: paths that end in .mid, .wav or .svg.
        tempo: beats per minute, or a tempo map.
        kit: the drum map of the MIDI file.
        sound: the kit that is heard in the audio, one of `groovelive.synthesis.kits.kits()`.
    """
    grooves = [groove for _, groove in song]
    with ExitStack() as stack:
        parts = [stack.enter_context(replacing(path)) for path in outputs]
        for part in parts:
            if part.suffix.lower() == ".wav":
                render(grooves, part, tempo=tempo, kit=sound)
            elif part.suffix.lower() == ".svg":
                part.write_text(svg_song(song), encoding="utf-8")
            else:
                write_midi(part, grooves, tempo=tempo, kit=kit, name="groovelive")


def joined(grooves: Sequence[Groove]) -> Groove:
    """Return the grooves one after the other as one.

    >>> joined([Groove.empty(bars=2), Groove.empty(bars=1)]).bars
    3
    """
    return reduce(add, grooves)


def check_outputs(
    outputs: Sequence[str | PathLike[str]],
    endings: Sequence[str] = ENDINGS,
    inputs: Sequence[str | PathLike[str]] = (),
) -> list[Path]:
    """Return the paths that files are to be written to, before any work is done.

    Args:
        outputs: one or more.
        endings: that their names may have.
        inputs: files that are read, which none of the outputs may be, by whatever path.

    Raises:
        GrooveError: one of them can't be made here, as far as one can tell without trying; or there is none.
    """
    if not outputs:
        raise GrooveError("name a file: save('good.mid')")
    paths = [Path(path) for path in outputs]
    for i, path in enumerate(paths):
        if any(same_file(path, other) for other in paths[:i]):
            raise GrooveError(f"cannot write {path}: it is named twice")
        if any(same_file(path, read) for read in inputs):
            raise GrooveError(f"cannot write {path}: it is the file that is read; give the output another name")
        if path.suffix.lower() not in endings:
            shown = [ending for ending in endings if ending != ".midi"]
            raise GrooveError(f"cannot write {path}: the name must end in {', '.join(shown[:-1])} or {shown[-1]}")
        if path.suffix.lower() == ".wav" and importlib.util.find_spec("nanosynth") is None:
            raise GrooveError(f"WAV needs the embedded synth: {install('synth')}")
        check_writable(path)
    return paths
