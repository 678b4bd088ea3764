"""Converters: anything to a Groove. `Groove.of`, `Groove.parse` and `Groove.from_midi` are these functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .errors import GrooveError, closest
from .grooves.grid import STEPS_PER_BAR, VOICES, Note
from .grooves.groove import Groove
from .grooves.hvo import checked_array
from .notation import parser
from .notation.drums import DRUMS

# What no rhythm has: a slash before a letter or at the beginning, or a backslash.
_SLASHES = re.compile(r"\\|^\s*~?\.{0,2}/|[\w.)]/(?:[A-Za-z_]|\.\.?/)")
_ENDING = re.compile(r"[^\n;|*<>\[\]{}\"'`]*[\w)]\.([A-Za-z]\w{1,4})\s*")
_STEPS = frozenset("xXoOvVu")

MIDI_ENDINGS = (".mid", ".midi", ".rmi", ".kar", ".smf")


def parse(text: str, bars: int = 2) -> Groove:
    """Return the groove of a text.

    Args:
        text: mini-notation or a step string.
        bars: length of the groove, 1..256.

    Raises:
        NotationError: the text cannot be read; it shows where.
        GrooveError: `bars` is out of range.

    >>> parse("bd [~ sn]", bars=1) == Groove.parse("bd [~ sn]", bars=1)
    True
    """
    return parser.parse(text, bars=bars)


def from_midi(path: str | PathLike[str], **options: Any) -> Groove:
    """Return the drums of a MIDI file as one groove.

    Args:
        path: where the file is.
        options: those of `midi_files.reader.read_groove`.

    Raises:
        GrooveError: it cannot be read, or has no drums.
    """
    from .midi_files.reader import read_groove  # start-up: mido takes longer to load than a rhythm to be read

    return read_groove(path, **options)


def of(source: Groove | str | PathLike[str] | Iterable[Note] | ArrayLike) -> Groove:
    """Return the groove that a source stands for.

    Args:
        source: a Groove; a path (a string with an ending such as .mid, or with slashes, counts as one); a text in
            notation; an array (steps, 27), (steps, 3) or (steps, 9); or Notes, in as many bars as they need.

    Raises:
        GrooveError: it is none of these, or cannot be read.

    >>> of("x..x..x.").bars, of([Note(17, 0, 0.5, 0.0)]).bars, of(np.zeros((64, 3))).bars
    (2, 2, 4)
    """
    if isinstance(source, Groove):
        return source
    if isinstance(source, str) and not is_path(source):
        return parse(source)
    if isinstance(source, str | PathLike):
        return from_midi(existing(source))
    values: Any = source
    if isinstance(values, Iterable) and not isinstance(values, np.ndarray):
        values = list(values)
        notes = [value for value in values if isinstance(value, Note)]
        if notes and len(notes) == len(values):
            last = max(note.step for note in notes)
            return Groove.from_notes(notes, steps=(last // STEPS_PER_BAR + 1) * STEPS_PER_BAR)
    array = checked_array(values, "the array")
    width = array.shape[1] if array.ndim == 2 else 0
    if width == 3:
        return Groove.from_tap(array)
    if width == len(VOICES):
        return Groove(array)
    if width == 3 * len(VOICES):
        return Groove.from_hvo(array)
    raise GrooveError(f"the shape must be (steps, 27), (steps, 9) or (steps, 3), not {array.shape}")


def is_midi_path(source: Any) -> bool:
    """Return whether a source is a path, or a string that ends as the name of a MIDI file does.

    >>> is_midi_path("beat.MID"), is_midi_path(Path("beat")), is_midi_path("bd sn")
    (True, True, False)
    """
    if isinstance(source, str):
        return Path(source).suffix.lower() in MIDI_ENDINGS
    return isinstance(source, PathLike)


def is_path(text: str) -> bool:
    r"""Return whether a text is meant as the path of a file, and not as a rhythm: by its ending or its slashes.

    >>> [is_path(text) for text in ("beat.mid", "My Song (2).MIDI", "sogn.mdi", "./loop", "loops/funk", "C:\\loop")]
    [True, True, True, True, True, True]
    >>> [is_path(text) for text in ("bd sn/2", "x..x..x.", "bd . sn", "hh*8?.3", "bd/<1 2>", "V..o.xx", "bd.sn")]
    [False, False, False, False, False, False, False]
    """
    if is_midi_path(text) or _SLASHES.search(text):
        return True
    ending = _ENDING.fullmatch(text)
    return ending is not None and not _STEPS.issuperset(ending[1]) and ending[1].lower() not in DRUMS


def existing(path: str | PathLike[str]) -> Path:
    """Return the path of a file that is there.

    Raises:
        GrooveError: there is none; the sentence offers the file nearby whose name is nearest.

    >>> existing("no/such/beat.mid")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: cannot read no/such/beat.mid: no such file; there is no folder no/such
    """
    found = Path(path).expanduser()
    try:
        if found.exists():
            return found
        folder = found.parent
        if not folder.is_dir():
            raise GrooveError(f"cannot read {path}: no such file; there is no folder {folder}")
        near = {child.name.lower(): child.name for child in folder.iterdir()}
    except (OSError, ValueError) as error:
        if isinstance(error, GrooveError):
            raise
        raise GrooveError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    hint = closest(found.name, [name for name in near if name.endswith(MIDI_ENDINGS)] or near)
    for low, name in near.items():
        hint = hint.replace(repr(low), repr(name))
    raise GrooveError(f"cannot read {path}: no such file{hint}")
