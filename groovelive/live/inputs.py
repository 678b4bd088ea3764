"""Inputs as a performer types them, joined by `+`; and what follows a player: densities and knobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from ..checks import is_whole, number, whole
from ..checks import name as one_of
from ..errors import GrooveError, closest
from ..score.edits import plain
from ..score.inputs import Adaptive, Ear, Hearing, Knob, Player, Role
from .addressed import address_of

VIRTUAL = "groovelive"  # the port that is made unless another is named


class JoinedInputs(Hearing, frozen=True, tag="hearing"):
    """One input, or several joined by `+`; `follow` is what a drummer that hears them is set to as well."""

    follow: Any = None

    def __add__(self, other: JoinedInputs) -> JoinedInputs:
        if not isinstance(other, JoinedInputs):
            return NotImplemented
        return JoinedInputs((*self.ears, *other.ears), follow=self.follow if other.follow is None else other.follow)

    def plain(self) -> Hearing:
        """Return them as they are in the log."""
        return Hearing(ears=self.ears)

    def __repr__(self) -> str:
        return str(plain(self.plain()))


def midi_in(
    port: str = VIRTUAL,
    *,
    channel: int | None = None,
    notes: int | str | Iterable[int] | None = None,
    velocity: str | float = "velocity",
    weight: float = 1.0,
    role: Role = "rhythm",
    instrument: Player = "",
    virtual: bool | None = None,
    follow: Any = None,
) -> JoinedInputs:
    """What is played to a MIDI port (extra `midi`): `d1 >> midi_in("Keys", follow=.8)`.

    Args:
        port: its name, or a part of it.
        channel: 1..16; by default all, but for those that the drummer plays on itself.
        notes: the keys that are heard, 0..127: one, several, or a `range`; by default all.
        velocity: what makes a note loud: its "velocity"; its "pitch", over `notes` or the keys 36..96; or a number
            0..1, the same for all.
        weight: 0..2, factor of the velocities; where two inputs meet, the louder is heard.
        role: "rhythm" is followed; "accent" only makes the hits of others louder; "density" is not followed, but
            counts for what is `adaptive`.
        instrument: who plays there: "drums", "bass", "guitar", "piano", or "any"; a bass is accompanied, not doubled.
            By default drums, or hands on anything.
        virtual: whether to make a port of that name, for others to connect to (Linux, macOS); by default only for
            the name "groovelive".
        follow: what the drummer's `follow` becomes.

    Raises:
        GrooveError: a number is out of range. Whether there is such a port is seen when a drummer is to hear it.

    >>> midi_in("Bass", weight=0.5) + midi_in("Voice", channel=2)
    midi_in('Bass', weight=0.5) + midi_in('Voice', channel=2)
    """
    if not isinstance(port, str) or not 0 < len(port) <= 128:
        raise GrooveError(f"a MIDI port has a name, or a part of one, as midi_in('Keys'); not {port!r}")
    made = port == VIRTUAL if virtual is None else bool(virtual)
    ear = _ear(port, made, channel, notes, velocity, weight, role, instrument)
    return JoinedInputs((ear,), follow=follow)


def hands(
    *,
    velocity: str | float = "velocity",
    notes: int | Iterable[int] | None = None,
    weight: float = 1.0,
    role: Role = "rhythm",
    instrument: Player = "",
    follow: Any = None,
) -> JoinedInputs:
    """What is played by `live.hit()`, by anybody in the session; needs no MIDI. The rest is as of `midi_in`.

    >>> hands(role="accent")
    hands(role='accent')
    """
    return JoinedInputs((_ear("", False, None, notes, velocity, weight, role, instrument),), follow=follow)


def _ear(
    port: str,
    virtual: bool,
    channel: int | None,
    notes: Any,
    velocity: Any,
    weight: float,
    role: str,
    instrument: str,
) -> Ear:
    if isinstance(velocity, str) and velocity not in ("velocity", "pitch"):
        hint = closest(velocity, ("velocity", "pitch"))
        raise GrooveError(f"velocity is 'velocity', 'pitch' or a number from 0 to 1, not {velocity!r}{hint}")
    return Ear(
        port=port,
        virtual=virtual,
        channel=0 if channel is None else whole("channel", channel, 1, 16),
        keys=_keys(notes),
        velocity=velocity if isinstance(velocity, str) else number("velocity", velocity, 0, 1),  # type: ignore[arg-type]
        weight=number("weight", weight, 0, 2),
        role=one_of("role", role, get_args(Role)),  # type: ignore[arg-type]
        instrument=player_of(instrument),
    )


def player_of(instrument: str) -> Player:
    """Return who plays a rhythm; "" where it is not told.

    Raises:
        GrooveError: there is no such instrument.
    """
    known: tuple[Player, ...] = get_args(Player)
    return instrument if not instrument else one_of("instrument", instrument, known[1:])  # type: ignore[return-value]


def _keys(notes: Any) -> tuple[int, ...]:
    if notes is None:
        return ()
    if is_whole(notes):
        notes = (notes,)
    if isinstance(notes, str) or not isinstance(notes, Iterable):
        raise GrooveError(f"notes are keys from 0 to 127: one, several, or range(36, 60); not {notes!r}")
    keys = sorted({whole("a key", key, 0, 127) for key in notes})
    if not keys:
        raise GrooveError("notes must name a key, or nothing is heard")
    return tuple(keys)


def adaptive(low: float = 0.0, high: float = 0.8) -> Adaptive:
    """Return a value for a control that follows how densely is played: `d1.follow = adaptive(.2, .9)`.

    Args:
        low: what it is when nothing was played for a bar.
        high: what it is when 14 or more of the 16ths of the last bar were hit.

    >>> adaptive(6, 0)
    Adaptive(low=6.0, high=0.0)
    """
    return Adaptive(low=number("low of adaptive", low), high=number("high of adaptive", high))


def learn(
    control: Any,
    name: str | None = None,
    *,
    cc: int | None = None,
    port: str = "",
    channel: int | None = None,
    low: float | None = None,
    high: float | None = None,
) -> None:
    """Let a knob turn a control: `learn(d1.follow)`, and the next controller that is moved is its knob.

    The knob counts once it has passed the value that the control has.

    Args:
        control: as it is read, `d1.follow`, `live.bpm`: what is read knows where it is from. Or whose it is, with its
            name: `learn(d1, "density")`; so one is named that is not set, since None does not know whose it is.
            `d1.home` is for a pedal: home when it goes down, and back when it goes up.
        name: of a number, or "genre", or "home".
        cc: 0..127, the controller; by default the one that is moved next.
        port: where it is; by default any that is heard.
        channel: 1..16; by default that of the next that is moved, or any.
        low, high: what its ends stand for; by default the range of the control.

    Raises:
        GrooveError: no knob can turn that, a number is out of range, or there is no port to learn from.

    >>> import groovelive as gl
    >>> live = gl.open(realtime=False)
    >>> learn(live.d1.follow, cc=21)
    >>> live.knob(21, 0), live.knob(21, 127), live.knob(21, 64)
    (None, None, None)
    >>> round(live.d1.follow, 2)
    0.5
    """
    address = address_of(control, name)
    value = Knob(
        port=port,
        virtual=port == VIRTUAL,
        channel=0 if channel is None else whole("channel", channel, 1, 16),
        number=-1 if cc is None else whole("cc", cc, 0, 127),
        low=None if low is None else number("low", low),
        high=None if high is None else number("high", high),
    )
    address.write(value, knob=True)


def unlearn(control: Any, name: str | None = None) -> None:
    """Let no knob turn a control any more: `unlearn(d1.follow)`, `unlearn(d1, "home")`."""
    address_of(control, name).write(None, knob=True)
