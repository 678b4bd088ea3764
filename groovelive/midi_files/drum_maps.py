"""Drum maps: which MIDI pitch is which of the nine voices, and which note plays a voice; the maps are data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ..checks import is_whole
from ..errors import GrooveError, closest
from ..grooves.grid import SHORT, VOICES

__all__ = ["DrumMap", "DrumMapLike", "load", "names"]


@dataclass(frozen=True, slots=True)
class DrumMap:
    """A drum map between MIDI pitches and the nine voices; `load` makes one.

    Args:
        name: what the kit is called.
        source: where the map comes from.
        pitches: for each of the nine voices the pitches (0..127) that are read as it; the first of them is
            the note that plays it. A voice without pitches is neither read nor played.

    >>> kit = load("gm")
    >>> kit.voice_of(35), kit.voice_of(81)
    (0, None)
    >>> kit.notes
    (36, 38, 42, 46, 43, 47, 50, 49, 51)
    """

    name: str
    source: str
    pitches: tuple[tuple[int, ...], ...]
    _voices: Mapping[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_voices", {p: v for v, pitches in enumerate(self.pitches) for p in pitches})

    def voice_of(self, pitch: int) -> int | None:
        """Return the index (0..8) of the voice that a MIDI pitch stands for, or None if the kit lacks it."""
        return self._voices.get(pitch)

    @property
    def notes(self) -> tuple[int | None, ...]:
        """The MIDI note that plays each voice, nine of them; None where the kit has no such voice."""
        return tuple(pitches[0] if pitches else None for pitches in self.pitches)


DrumMapLike = DrumMap | str | PathLike[str] | Mapping[str, Any]


def names() -> tuple[str, ...]:
    """Return the names of the kits that come with groovelive.

    >>> names()
    ('common', 'roland', 'gm', 'addictive', 'ezdrummer', 'ableton')
    """
    return tuple(_shipped())


def load(kit: DrumMapLike) -> DrumMap:
    """Return a kit by its name, from a JSON file of one's own, or from a mapping.

    Args:
        kit: one of `names()`; the path of a JSON file (a `Path`, or a string that ends in .json); a mapping
            of voices to pitches; or a DrumMap, which is returned as it is. In a file as in a mapping a key is a
            voice ("kick" or "bd"), its value a pitch 0..127 or a list of them, the one to play first;
            "source" may say where the map comes from.

    Raises:
        GrooveError: no such kit or file, or the map has an unknown voice, a pitch out of range, or one
            pitch for two voices.

    >>> load("ableton").voice_of(41)
    4
    >>> load({"kick": 60, "sn": [61, 62]}).notes[:3]
    (60, 61, None)
    >>> load("rolland")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: unknown kit 'rolland' (did you mean 'roland'?); kits are ...
    """
    if isinstance(kit, DrumMap):
        return kit
    if isinstance(kit, Mapping):
        return _kit("the kit", kit)
    if isinstance(kit, PathLike) or (isinstance(kit, str) and kit.lower().endswith(".json")):
        return _read(Path(fspath(kit)))
    if not isinstance(kit, str) or kit.lower() not in _shipped():
        hint = closest(str(kit), names())
        raise GrooveError(f"unknown kit {kit!r}{hint}; kits are {', '.join(names())}, or a .json file")
    return _shipped()[kit.lower()]


@cache
def _shipped() -> dict[str, DrumMap]:
    text = resources.files(__package__).joinpath("kits.json").read_text(encoding="utf-8")
    return {name: _kit(name, spec) for name, spec in json.loads(text).items()}


def _read(path: Path) -> DrumMap:
    try:
        spec = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GrooveError(f"cannot read the kit {path}: {error.strerror or error}") from None
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError both are ValueErrors
        raise GrooveError(f"the kit {path} is not JSON: {error}") from None
    if not isinstance(spec, dict):
        raise GrooveError(f'the kit {path} must be a JSON object such as {{"kick": 36, "snare": [38, 40]}}')
    return _kit(str(path), spec)


def _kit(name: str, spec: Mapping[str, Any]) -> DrumMap:
    pitches: list[tuple[int, ...]] = [()] * len(VOICES)
    voice_of: dict[int, str] = {}
    for key, value in spec.items():
        if key == "source":
            continue
        voice = VOICES[SHORT.index(key)] if key in SHORT else key
        if voice not in VOICES:
            hint = closest(str(key), VOICES)
            raise GrooveError(f"{name} has an unknown voice {key!r}{hint}; voices are {', '.join(VOICES)}")
        listed = value if isinstance(value, list | tuple) else [value]
        for pitch in listed:
            if not (is_whole(pitch) and 0 <= pitch <= 127):
                raise GrooveError(f"{name} gives {voice} the pitch {pitch!r}, not one from 0 to 127")
            if voice_of.setdefault(pitch, voice) != voice:
                raise GrooveError(f"{name} gives the pitch {pitch} to both {voice_of[pitch]} and {voice}")
        pitches[VOICES.index(voice)] += tuple(listed)
    if not voice_of:
        raise GrooveError(f"{name} maps no voice; voices are {', '.join(VOICES)}")
    return DrumMap(name, str(spec.get("source", "")), tuple(pitches))
