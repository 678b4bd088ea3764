"""Which pad of a Drum Rack plays which voice, by the names of the pads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..grooves.grid import GM_NOTES, VOICES


class Pad(NamedTuple):
    """A pad in use: the note that plays it, and its name."""

    note: int
    name: str


class PadMap(NamedTuple):
    """The pads of a track for the nine voices.

    Args:
        notes: one for each voice, in the order of `VOICES`; None where no pad is for it.
        pads: all that the track has; without any it is no Drum Rack, and the notes are those of General MIDI.
        saved: whether the set keeps this map, or it was guessed from the names.
    """

    notes: tuple[int | None, ...]
    pads: tuple[Pad, ...]
    saved: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """The voices that no pad plays."""
        return tuple(voice for voice, note in zip(VOICES, self.notes, strict=True) if note is None)


# In this order: what an earlier one has taken is no longer there for a later one.
_NAMES: tuple[tuple[str, str], ...] = (
    ("open_hat", r"\b(open|op)\b.*\b(hi-?hats?|hats?|hh)|\b(hi-?hats?|hats?|hh)\b.*\bop(en)?\b|\b(oh|ohh|hho)\b"),
    ("closed_hat", r"\b(hi-?hats?|hats?|hh|ch|chh|hhc|hihat)\b"),
    ("kick", r"\b(kick|bd|bass ?drum|bassdrum|kik)"),
    ("snare", r"\b(snare|sn|sd|snr)\b"),
    ("ride", r"\b(ride|rd)\b"),
    ("crash", r"\b(crash|cr|cymbal|cym|china|splash)\b"),
    ("low_tom", r"\b(low|lo|floor|l)\b.*\btom|\btom\b.*\b(low|lo|floor|l)\b|\blt\b"),
    ("high_tom", r"\b(high|hi|h)\b.*\btom|\btom\b.*\b(high|hi|h)\b|\bht\b"),
    ("mid_tom", r"\b(mid|middle|m)\b.*\btom|\btom\b.*\b(mid|middle|m)\b|\bmt\b"),
)
_INSTEAD = (("snare", r"\b(clap|rim|rimshot|side ?stick|cp|rs)\b"), ("closed_hat", r"\b(shaker|tamb)"))


def guess(pads: Iterable[Pad]) -> tuple[int | None, ...]:
    """Return the note of the pad for each voice, None where none fits.

    Names decide; a voice that no name fits takes the pad on its General MIDI note, where nothing else is named for it.
    Toms without a size are shared out by their notes. Without any pads the notes are those of General MIDI.

    >>> guess([Pad(36, "Kick 909"), Pad(37, "Rim"), Pad(38, "Snare"), Pad(42, "Hat Closed"), Pad(46, "Hat Open")])
    (36, 38, 42, 46, None, None, None, None, None)
    >>> guess([Pad(36, "Kick"), Pad(39, "Clap"), Pad(41, "Tom 1"), Pad(45, "Tom 2")])[:6]
    (36, 39, None, None, 41, 45)
    >>> guess([]) == GM_NOTES
    True
    """
    left = {pad.note: re.sub(r"[_\W]+", " ", _spaced(pad.name)).lower() for pad in sorted(pads)}
    if not left:
        return GM_NOTES
    found: dict[str, int] = {}
    for names in (_NAMES, _INSTEAD):
        for voice, pattern in names:
            note = next((note for note, name in left.items() if re.search(pattern, name)), None)
            if voice not in found and note is not None:
                found[voice] = note
                del left[note]
        if names is _NAMES:
            toms = [note for note, name in left.items() if re.search(r"\btoms?\b", name)]
            for voice in ("low_tom", "mid_tom", "high_tom"):
                if voice not in found and toms:
                    found[voice] = toms.pop(0)
                    del left[found[voice]]
    for voice, note in zip(VOICES, GM_NOTES, strict=True):
        if voice not in found and note in left and not re.search(r"[a-z]{3}", left[note]):
            found[voice] = note
    return tuple(found.get(voice) for voice in VOICES)


def _spaced(name: str) -> str:
    """KickDrum1 as Kick Drum 1."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])", " ", name)
