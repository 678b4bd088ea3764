"""The controls of a drummer and of a session: what each takes, its range, its default, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "number", "whole", "genre", "names", "choice", "point", "switch", "source", "moves", "outs", "mark", "knob"
]
Per = Literal["", "voice", "group or voice"]

DEFAULT_BPM = 120.0


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Args:
        kind: what it takes. A "number" may also be a pattern in time or a ramp; a "genre" a name, weights over names,
            or a pattern of names in time; a "switch" is on or off.
        about: what it does.
        low, high: its range.
        default: what counts where it is not set; None leaves it to the model.
        per: what else than the whole drummer it can be set for.
        asks: whether the engine is asked anew when it changes; else it only shapes what is played.
        choices: of a "choice".
        only: the numbers within the range that a "whole" takes; none: all.
        unit: of a number.
    """

    kind: Kind
    about: str
    low: float = 0.0
    high: float = 1.0
    default: Any = None
    per: Per = ""
    asks: bool = False
    choices: tuple[str, ...] = ()
    only: tuple[int, ...] = ()
    unit: str = ""


CONTROLS: dict[str, Control] = {
    # What
    "source": Control("source", "what is followed or played", asks=True),
    # How the model answers
    "follow": Control("number", "1 follows the rhythm, 0 plays the preset", default=1.0, asks=True),
    "mirror": Control(
        "switch",
        "whether only the rhythm's own steps are played, as a mirror; else a drummer plays to it",
        default=False,
        asks=True,
    ),
    "instrument": Control(
        "choice",
        "who plays the rhythm; left out, it is told by its source, or by how the rhythm is played",
        choices=("drums", "typed", "bass", "guitar", "piano", "any"),
        asks=True,
    ),
    "adherence": Control("number", "how much of the rhythm the drums answer", asks=True),
    "variation": Control(
        "number",
        "how far a loop strays from the one before; 0 plays it again, 1 is a drummer's",
        high=2,
        default=1.0,
        asks=True,
    ),
    "complexity": Control("number", "from the bare beat to much between the beats", default=0.5, asks=True),
    "intensity": Control("number", "from soft with few cymbals to hard with many", default=0.5, asks=True),
    "fills": Control("number", "how often it fills: 0 never, 1 as drummers do", high=10, default=1.0, asks=True),
    "phrase": Control(
        "whole",
        "after how many bars a phrase ends, where most fills are",
        low=1,
        high=64,
        default=8,
        asks=True,
        unit="bars",
    ),
    "fill": Control(
        "whole",
        "fills so many bars, of which the one in which it is set is the first",
        low=1,
        high=16,
        asks=True,
        unit="bars",
    ),
    "section": Control("mark", "the part of a song that is played; one that comes back is remembered", asks=True),
    "a": Control("point", "the preset, a point of the latent space: a name, a latent, or a rhythm", asks=True),
    "b": Control("point", "the other preset, towards which blend goes", asks=True),
    "blend": Control("number", "0 is preset a, 1 is preset b", default=0.0, asks=True),
    "genre": Control("genre", "style of the answer", asks=True),
    "density": Control(
        "number",
        "how much is played: of two hits a step; of a group or voice, hits a step",
        per="group or voice",
        asks=True,
    ),
    "redirect": Control("names", "groups that are absent, so that their energy moves to the others", asks=True),
    "guidance": Control("number", "how strongly a genre is pressed, of a mirror alone", high=8, asks=True),
    "temperature": Control("number", "below 1 safer, above 1 wilder, where drawn", low=0.01, high=10, asks=True),
    "sampling": Control(
        "choice",
        "whether the likely hits are played, or drawn anew in every loop",
        choices=("threshold", "bernoulli"),
        asks=True,
    ),
    "threshold": Control("number", "probability from which a hit is played", per="voice", asks=True),
    "max_hits": Control("number", "most hits of a voice in a loop", high=32, per="voice", asks=True),
    "drift": Control(
        "number",
        "how far the drummer strays in the latent space, in deviations of the prior",
        high=4,
        default=0.0,
        asks=True,
    ),
    "response": Control(
        "choice",
        "when what is changed without a time is heard: at once, from the next bar, or the next loop of two",
        default="bar",
        choices=("now", "bar", "loop"),
    ),
    "seed": Control("whole", "another seed, other chances", high=2**31 - 1, default=0, asks=True),
    # How the rhythm is heard
    "tap_low": Control("number", "velocity that the softest hit of the rhythm is heard with", default=0.0, asks=True),
    "tap_high": Control("number", "velocity that the loudest hit of the rhythm is heard with", default=1.0, asks=True),
    "tap_bias": Control("number", "added to the velocities of the rhythm", low=-1, default=0.0, asks=True),
    "tap_invert": Control("switch", "whether soft hits of the rhythm are heard as loud", default=False, asks=True),
    "tap_spread": Control("number", "factor of the rhythm's offsets", high=2, default=1.0, asks=True),
    "tap_lean": Control(
        "number",
        "added to the rhythm's offsets",
        low=-0.5,
        high=0.5,
        default=0.0,
        asks=True,
        unit="steps",
    ),
    "tap_mirror": Control("switch", "whether early hits of the rhythm are heard as late", default=False, asks=True),
    "tap_quantise": Control("number", "how far the rhythm is drawn to the grid", default=0.0, asks=True),
    # What is remembered of what is played to it
    "memory": Control(
        "number",
        "for how long it remembers what is played to it; 1000 is for ever",
        high=1000,
        default=1.0,
        asks=True,
        unit="loops",
    ),
    "recording": Control(
        "choice",
        "whether new notes join the old, take their place as the loop goes round, or are not taken in",
        default="overdub",
        choices=("overdub", "record", "off"),
        asks=True,
    ),
    "clear": Control("switch", "forgets what was played to it", asks=True),
    # How it is played
    "velocity": Control("number", "factor of the velocities", high=2, default=1.0, per="voice"),
    "quantise": Control("number", "how far hits are drawn to the grid", default=0.0),
    "swing": Control("number", "how late every other 16th, or 8th, is; 1/3 is a triplet's", high=0.5, default=0.0),
    "swing_of": Control("whole", "which notes swing: 16ths or 8ths", low=8, high=16, default=16, only=(8, 16)),
    "humanise": Control("number", "scatter of timing and velocity; 1 is a drummer's", high=2, default=0.0),
    "nudge": Control("number", "plays later, or earlier", low=-0.1, high=0.1, default=0.0, per="voice", unit="s"),
    "feel": Control(
        "choice",
        "where the back beat is: on 2 and 4, on 3 alone, or on every off-beat 8th; the tempo stays",
        default="normal",
        choices=("normal", "half", "double"),
    ),
    "build": Control(
        "whole", "builds up over so many bars, from the one in which it is set, to a drop", low=1, high=64, unit="bars"
    ),
    "drop": Control("switch", "whether a build-up ends, with a crash and a kick where it is set", default=False),
    "moves": Control("moves", "what is done to some bars: every, sometimes, last_of"),
    "lock": Control("switch", "whether a voice or a step stays as it is", default=False, per="voice"),
    "mute": Control("switch", "whether it is silent", default=False, per="voice"),
    "solo": Control(
        "switch", "whether only drummers, or voices of one, with solo are heard", default=False, per="voice"
    ),
    "out": Control("outs", "where the notes go"),
    "autopilot": Control("switch", "whether it changes by itself, slowly, as nobody touches it", default=False),
    "each_bar": Control("switch", "whether the performer's own code is asked for each bar", default=False),
    "knob": Control("knob", "the controller on a MIDI port that a control follows"),
}

SESSION_CONTROLS: dict[str, Control] = {
    "bpm": Control("number", "tempo", low=20, high=400, default=DEFAULT_BPM, unit="beats a minute"),
    "seed": Control("whole", "another seed, other chances", high=2**31 - 1, default=7),
    "quantum": Control("number", "bars after which an edit is due unless it says otherwise", high=64, default=1.0),
    "out": Control("outs", "where the notes of drummers go that have no target of their own"),
    "scene": Control("mark", "a name for what holds now"),
    "origin": Control("whole", "bars before the first", low=-1e6, high=1e6, default=0),
    "knob": Control("knob", "the controller on a MIDI port that a control follows"),
}
