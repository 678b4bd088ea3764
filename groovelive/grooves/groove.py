"""The Groove: an immutable drum pattern of nine voices, held as hits, velocities and offsets (HVO)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any, NoReturn, Self, final

import numpy as np
from numpy.typing import ArrayLike

from ..checks import whole
from ..errors import GrooveError
from .converters import converter
from .display import summary, svg
from .features import Features, features
from .grid import (
    DEFAULT_VELOCITY,
    GM_NOTES,
    GROUPS,
    MAX_BARS,
    SHORT,
    STEPS_PER_BAR,
    STEPS_PER_BEAT,
    VOICES,
    Note,
    check_steps,
    voice_indices,
)
from .hvo import Array, checked_array, checked_range, hvo_of, notes, one_voice
from .transforms import Transforms

__all__ = [
    "DEFAULT_VELOCITY", "GM_NOTES", "GROUPS", "MAX_BARS", "SHORT", "STEPS_PER_BAR", "STEPS_PER_BEAT",
    "VOICES", "Groove", "Note", "voice_indices",
]  # fmt: skip


@final
class Groove(Transforms):
    """An immutable drum pattern: which of nine voices hits at which 16th step, how hard, how early or late.

    Args:
        hits: (steps, 9), 0 or 1; `steps` is a positive multiple of 16 (whole bars of 4/4).
        velocities: (steps, 9), 0..1; by default .8 at every hit.
        offsets: (steps, 9), -0.5..0.5 of a step, negative is early; by default 0.

    Velocities and offsets are zeroed where there is no hit.

    Raises:
        GrooveError: a shape, a range or a NaN is wrong.

    >>> hits = np.zeros((16, 9))
    >>> hits[[0, 8], 0] = hits[[4, 12], 1] = hits[::2, 2] = 1
    >>> groove = Groove(hits)
    >>> groove
    Groove of 1 bar, 12 notes
                1···2···3···4···
    closed_hat  ▇·▇·▇·▇·▇·▇·▇·▇·
    snare       ····▇·······▇···
    kick        ▇·······▇·······
    >>> groove["hats"] | groove["kick"].rotate(2) == groove
    False
    """

    __slots__ = ("_hash", "_hits", "_offsets", "_velocities")

    _hits: Array
    _velocities: Array
    _offsets: Array
    _hash: int | None

    def __init__(self, hits: ArrayLike, velocities: ArrayLike | None = None, offsets: ArrayLike | None = None) -> None:
        h = checked_array(hits, "hits")
        if h.ndim != 2 or h.shape[1] != len(VOICES):
            raise GrooveError(f"hits must have the shape (steps, {len(VOICES)}), not {h.shape}")
        check_steps(len(h))
        on = h == 1
        if not (on | (h == 0)).all():
            raise GrooveError("hits must be 0 or 1; choose a threshold for probabilities")
        v = np.where(on, np.float32(DEFAULT_VELOCITY), np.float32(0))
        if velocities is not None:
            v = checked_range(velocities, "velocities", on, 0.0, 1.0)
        o = np.zeros_like(h) if offsets is None else checked_range(offsets, "offsets", on, -0.5, 0.5)
        self._set(on.astype(np.float32), v, o)

    def _set(self, hits: Array, velocities: Array, offsets: Array) -> None:
        for name, array in (("_hits", hits), ("_velocities", velocities), ("_offsets", offsets)):
            if array.base is not None:
                array = array.copy()  # who holds the base could still write to it
            array.setflags(write=False)
            # A view of a locked array cannot be unlocked again; its owner could.
            object.__setattr__(self, name, array.view())
        object.__setattr__(self, "_hash", None)

    @classmethod
    def _trusted(cls, hits: Array, velocities: Array, offsets: Array) -> Self:
        """Wrap three valid float32 arrays (steps, 9) without a check or a copy, and lock them.

        For the hot path: the caller gives the arrays away, and has zeroed velocities and offsets where
        there is no hit.
        """
        self = object.__new__(cls)
        self._set(hits, velocities, offsets)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Groove is immutable; its transforms return a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Groove is immutable; its transforms return a new one")

    def __reduce__(self) -> tuple[type[Groove], tuple[Array, Array, Array]]:
        return Groove, (self._hits, self._velocities, self._offsets)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    # What it holds

    @property
    def hits(self) -> Array:
        """(steps, 9) float32, read-only: 1 where a voice hits, else 0."""
        return self._hits

    @property
    def velocities(self) -> Array:
        """(steps, 9) float32, read-only: 0..1, 0 where there is no hit."""
        return self._velocities

    @property
    def offsets(self) -> Array:
        """(steps, 9) float32, read-only: -0.5..0.5 of a step, negative is early, 0 where there is no hit."""
        return self._offsets

    @property
    def steps(self) -> int:
        """How many 16th steps the groove lasts."""
        return len(self._hits)

    @property
    def bars(self) -> int:
        """How many bars of 4/4 the groove lasts."""
        return len(self._hits) // STEPS_PER_BAR

    @property
    def hvo(self) -> Array:
        """A new (steps, 27) float32 array: nine hits, nine velocities, nine offsets side by side."""
        return np.concatenate([self._hits, self._velocities, self._offsets], axis=1)

    def tap(self) -> Array:
        """Flatten the groove to its tap: at each step the loudest hit's velocity and offset.

        Of equally loud hits the first voice in the order of `VOICES` counts.

        Returns:
            (steps, 3) float32, read-only: hit, velocity, offset.

        >>> groove = Groove.from_notes([(0, "kick", 0.6, 0.1), (0, "ride", 0.9, -0.2)], steps=16)
        >>> groove.tap()[0].round(2).tolist()
        [1.0, 0.8999999761581421, -0.20000000298023224]
        """
        loudest = (self._velocities + self._hits).argmax(axis=1)  # + hits: a hit of velocity 0 is still a hit
        row = np.arange(len(loudest))
        tap = np.stack([a[row, loudest] for a in (self._hits, self._velocities, self._offsets)], axis=1)
        tap.setflags(write=False)
        return tap.view()

    def features(self) -> Features:
        """Measure the groove: density, syncopation, swing, feel, symmetry, counts; see `features.Features`.

        >>> Groove.empty().features().density
        0.0
        """
        return features(self)

    def __repr__(self) -> str:
        return summary(self)

    def _repr_svg_(self) -> str:
        return svg(self)

    # Ways in

    @classmethod
    def empty(cls, bars: int = 2) -> Self:
        """Return `bars` bars of silence.

        >>> len(Groove.empty(bars=4)), Groove.empty(bars=4).steps
        (0, 64)
        """
        steps = check_steps(whole("bars", bars) * STEPS_PER_BAR)
        return cls._trusted(*(np.zeros((steps, len(VOICES)), np.float32) for _ in range(3)))

    @classmethod
    def from_notes(cls, notes: Iterable[Note | tuple[Any, ...]], steps: int = 32) -> Self:
        """Return the groove of `notes`: Notes, or tuples (step, voice[, velocity[, offset]]).

        A voice is an index 0..8 or a name. Where two notes meet in one step and voice, the louder stays.

        Raises:
            GrooveError: a note lies outside `steps`, or has no such voice, velocity or offset.

        >>> groove = Groove.from_notes([(0, "kick"), (4, "snare", 0.9, 0.1), Note(4, 2, 0.5, 0.0)], steps=16)
        >>> [(note.step, note.name) for note in groove]
        [(0, 'kick'), (4, 'closed_hat'), (4, 'snare')]
        """
        check_steps(whole("steps", steps))
        return cls(*hvo_of(list(notes), steps))

    @classmethod
    def from_hvo(cls, array: ArrayLike) -> Self:
        """Return the groove of one (steps, 27) array: nine hits, nine velocities, nine offsets."""
        hvo = checked_array(array, "the array")
        if hvo.ndim != 2 or hvo.shape[1] != 3 * len(VOICES):
            raise GrooveError(f"an HVO array must have the shape (steps, {3 * len(VOICES)}), not {hvo.shape}")
        return cls(*np.split(hvo, 3, axis=1))

    @classmethod
    def from_tap(cls, array: ArrayLike, voice: str = "closed_hat") -> Self:
        """Return the groove that plays a tap, (steps, 3) of hit, velocity, offset, on one voice.

        >>> tap = Groove.from_notes([(3, "kick", 0.5, 0.25)], steps=16).tap()
        >>> list(Groove.from_tap(tap, voice="snare"))
        [Note(step=3, voice=1, velocity=0.5, offset=0.25)]
        """
        tap = checked_array(array, "the tap")
        if tap.ndim != 2 or tap.shape[1] != 3:
            raise GrooveError(f"a tap must have the shape (steps, 3), not {tap.shape}")
        hvo = np.zeros((3, len(tap), len(VOICES)), np.float32)
        hvo[:, :, one_voice(voice, "a tap is played by one voice")] = tap.T
        return cls(*hvo)

    @classmethod
    def parse(cls, text: str, bars: int = 2) -> Groove:
        """Return the groove of a text.

        Args:
            text: mini-notation or a step string; see docs/notation.md.
            bars: length of the groove, 1..256.

        Raises:
            NotationError: the text cannot be read; it shows where.

        >>> Groove.parse("bd sn", bars=1)
        Groove of 1 bar, 2 notes
               1···2···3···4···
        snare  ········▇·······
        kick   ▇···············
        """
        groove: Groove = converter("parse")(text, bars=bars)
        return groove

    @classmethod
    def from_midi(cls, path: str | PathLike[str], **options: Any) -> Groove:
        """Return the drums of a MIDI file as one groove.

        Args:
            path: where the file is.
            options: those of `midi_files.reader.read_groove`.

        Raises:
            GrooveError: it cannot be read, or has no drums.
        """
        groove: Groove = converter("from_midi")(path, **options)
        return groove

    @classmethod
    def of(cls, source: Groove | str | PathLike[str] | Iterable[Note] | ArrayLike) -> Groove:
        """Return the groove that `source` stands for.

        Args:
            source: a Groove; a path (a string that ends in .mid or .midi counts as one); a text in
                mini-notation; an array (steps, 27), (steps, 3) or (steps, 9); or Notes, in as many bars as
                they need.

        Raises:
            GrooveError: it is none of these, or cannot be read.

        >>> Groove.of([Note(17, 0, 0.5, 0.0)]).bars
        2
        """
        groove: Groove = converter("of")(source)
        return groove

    # As a sequence and as a value

    def __len__(self) -> int:
        return int(np.count_nonzero(self._hits))

    def __getitem__(self, key: int | slice | str | tuple[str, ...]) -> Self:
        """Return bars, by number or slice, or voices, by name: `g[0]`, `g[-1]`, `g[1:3]`, `g["snare"]`.

        Raises:
            GrooveError: there is no such bar or voice, or no bar is left.

        >>> groove = Groove.from_notes([(0, "kick"), (16, "snare")], steps=32)
        >>> [note.name for note in groove[1]], groove["kick"].bars
        (['snare'], 2)
        """
        if isinstance(key, str | tuple):
            return self.only(*([key] if isinstance(key, str) else key))
        if isinstance(key, slice):
            bars = np.arange(self.bars)[key]
        else:
            number = whole("a bar", key)
            if not -self.bars <= number < self.bars:
                raise GrooveError(f"there is no bar {number}: this groove has bars 0 to {self.bars - 1}")
            bars = np.array([number])
        if not len(bars):
            raise GrooveError(f"the slice leaves none of the {self.bars} bars; a groove lasts at least one")
        shape = (-1, STEPS_PER_BAR, len(VOICES))
        parts = (a.reshape(shape)[bars] for a in (self._hits, self._velocities, self._offsets))
        return self._trusted(*(part.reshape(-1, len(VOICES)) for part in parts))

    def __bool__(self) -> bool:
        return True  # `groove or default` must not lose an empty groove: silence is a pattern too

    def __iter__(self) -> Iterator[Note]:
        """Yield the notes in the order of time; at one moment in the order of `VOICES`."""
        return notes(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Groove):
            return NotImplemented
        return self is other or (
            np.array_equal(self._hits, other._hits)
            and np.array_equal(self._velocities, other._velocities)
            and np.array_equal(self._offsets, other._offsets)
        )

    def __hash__(self) -> int:
        if self._hash is None:
            # + 0: -0.0 equals 0.0, so it has to hash alike
            parts = ((a + np.float32(0)).tobytes() for a in (self._hits, self._velocities, self._offsets))
            object.__setattr__(self, "_hash", hash(tuple(parts)))
        assert self._hash is not None
        return self._hash
