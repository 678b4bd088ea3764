"""What a drummer has heard, as it is told to hear it, and what it plays to that: three grooves side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..grooves.display import roll, svg_song
from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..score import rhythms
from ..score.edits import BEATS_PER_BAR, STEP, FromDrummer, Rhythm, pack
from ..score.events import bar_notes
from ..score.inputs import Hearing
from ..score.queries import shaped, tap_of
from .as_grooves import groove_of_notes
from .client import SessionClient
from .display import as_of, tap_row


@dataclass(frozen=True, slots=True)
class HeardAndPlayed:
    r"""What a drummer hears and plays.

    Args:
        drummer: its name.
        heard: two bars of one voice, the closed hat.
        adjusted: the same, shaped.
        now: two bars of what it plays.
        playhead: the step 0..31 that plays.
        bar: in which that was.
        clock: tells the bar that plays when it is looked at.

    >>> import groovelive as gl
    >>> live = gl.open(realtime=False)
    >>> _ = live.d1 >> gl.hands()
    >>> live.d1.tap_quantise = 1
    >>> live.feed("x..x..x.", bars=2)
    >>> print("\n".join(str(live.d1.hearing).splitlines()[:3]))
                ▼
    heard       ▇··▇··▇·▇··▇··▇·│▇··▇··▇·▇··▇··▇·
    adjusted    ▇··▇··▇·▇··▇··▇·│▇··▇··▇·▇··▇··▇·
    """

    drummer: str
    heard: Groove
    adjusted: Groove
    now: Groove
    playhead: int
    bar: int = 0
    clock: Callable[[], int] = lambda: 0

    def __repr__(self) -> str:
        used = max((len(VOICES[v]) for v in range(len(VOICES)) if self.now.hits[:, v].any()), default=0)
        width = max(used, len("adjusted"))
        head = " " * (width + 2)
        lines = [
            f"{head}{' ' * (self.playhead + self.playhead // STEPS_PER_BAR)}▼",
            f"{'heard':{width}}  {tap_row(self.heard)}",
            f"{'adjusted':{width}}  {tap_row(self.adjusted)}",
        ]
        below = roll(self.now).splitlines() if len(self.now) else ["silent"]
        drawn = [*lines, *(" " * (width - used) * bool(used) + line for line in below)]
        return "\n".join([*drawn, *filter(None, [as_of(self.bar, self.clock())])])

    def _repr_svg_(self) -> str:
        when = as_of(self.bar, self.clock()) or f"bar {self.bar}"
        return svg_song([
            ("what it heard", self.heard), ("as it hears it", self.adjusted),
            (f"what {self.drummer} plays · {when}", self.now),
        ])  # fmt: skip


def look(live: SessionClient, drummer: str) -> HeardAndPlayed:
    """Return what a drummer hears and plays now.

    Raises:
        GrooveError: it follows nothing, and has not done so lately.
    """
    beat, score = live.beat, live.score
    followed = (edit.value for edit in score.sources(drummer, beat))
    source = next((value for value in followed if isinstance(value, Rhythm | Hearing | FromDrummer)), None)
    if source is None:
        raise GrooveError(f"{drummer} hears nothing: {drummer} >> midi_in('port') lets it hear what is played there")
    bar = int(beat // BEATS_PER_BAR)
    tap = tap_of(score, drummer, source, bar, beat)
    first = bar - max(bar - score.origin(beat), 0) % rhythms.LOOP
    return HeardAndPlayed(
        drummer=drummer,
        heard=_groove(tap),
        adjusted=_groove(shaped(score, drummer, tap, beat)),
        now=playing(live, drummer),
        playhead=int((beat - first * BEATS_PER_BAR) / STEP),
        bar=bar + 1,
        clock=lambda: live.bar,
    )


def playing(live: SessionClient, drummer: str) -> Groove:
    """Return the two bars that a drummer plays now, as the model wrote them: locks and moves included."""
    beat, score = live.beat, live.score
    bar = int(beat // BEATS_PER_BAR)
    first = bar - max(bar - score.origin(beat), 0) % rhythms.LOOP
    notes = [
        note._replace(step=note.step + k * STEPS_PER_BAR)
        for k in range(rhythms.LOOP)
        for note in bar_notes(score, drummer, first + k, beat)
    ]
    return groove_of_notes(pack(notes), rhythms.LOOP)


def _groove(tap: NDArray[np.float32]) -> Groove:
    return Groove.from_tap(tap)
