"""Ears as a performer types them, joined by `+`; and what follows a player: densities and knobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import GrooveError, closest
from ..protocol.session import Draft, When
from ..score.controls import CONTROLS
from ..score.inputs import Adaptive, Ear, Hearing, Knob, Role

if TYPE_CHECKING:
    from .session import Live

VIRTUAL = "groovelive"  # the port that is made unless another is named
_NOW = When("now")


class Ears(Hearing, frozen=True, tag="hearing"):
    """One input, or several joined by `+`; `follow` is what a drummer that hears them is set to as well."""

    follow: Any = None

    def __add__(self, other: Ears) -> Ears:
        if not isinstance(other, Ears):
            return NotImplemented
        return Ears((*self.ears, *other.ears), follow=self.follow if other.follow is None else other.follow)

    def plain(self) -> Hearing:
        """Return them as they are in the log."""
        return Hearing(ears=self.ears)

    def __repr__(self) -> str:
        from ..score.edits import plain

        return str(plain(self.plain()))


def midi_in(
    port: str = VIRTUAL,
    *,
    channel: int | None = None,
    notes: int | str | Iterable[int] | None = None,
    velocity: str | float = "velocity",
    weight: float = 1.0,
    role: Role = "rhythm",
    virtual: bool | None = None,
    follow: Any = None,
) -> Ears:
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
    return Ears((_ear(port, made, channel, notes, velocity, weight, role),), follow=follow)


def hands(
    *,
    velocity: str | float = "velocity",
    notes: int | Iterable[int] | None = None,
    weight: float = 1.0,
    role: Role = "rhythm",
    follow: Any = None,
) -> Ears:
    """What is played by `live.hit()`, by anybody in the session; needs no MIDI. The rest is as of `midi_in`.

    >>> hands(role="accent")
    hands(role='accent')
    """
    return Ears((_ear("", False, None, notes, velocity, weight, role),), follow=follow)


def _ear(port: str, virtual: bool, channel: int | None, notes: Any, velocity: Any, weight: float, role: str) -> Ear:
    if isinstance(velocity, str) and velocity not in ("velocity", "pitch"):
        hint = closest(velocity, ("velocity", "pitch"))
        raise GrooveError(f"velocity is 'velocity', 'pitch' or a number from 0 to 1, not {velocity!r}{hint}")
    if role not in ("rhythm", "accent", "density"):
        hint = closest(str(role), ("rhythm", "accent", "density"))
        raise GrooveError(f"role is 'rhythm', 'accent' or 'density', not {role!r}{hint}")
    _within("channel", 1 if channel is None else channel, 1, 16, whole=True)
    if not isinstance(velocity, str):
        _within("velocity", velocity, 0, 1)
    _within("weight", weight, 0, 2)
    return Ear(
        port=port, virtual=virtual, channel=channel or 0, keys=_keys(notes), weight=float(weight),
        velocity=velocity if isinstance(velocity, str) else float(velocity), role=role,  # type: ignore[arg-type]
    )  # fmt: skip


def _keys(notes: Any) -> tuple[int, ...]:
    if notes is None:
        return ()
    if isinstance(notes, int) and not isinstance(notes, bool):
        notes = (notes,)
    if isinstance(notes, str) or not isinstance(notes, Iterable):
        raise GrooveError(f"notes are keys from 0 to 127: one, several, or range(36, 60); not {notes!r}")
    keys = sorted(set(notes))
    for key in keys:
        _within("a key", key, 0, 127, whole=True)
    if not keys:
        raise GrooveError("notes must name a key, or nothing is heard")
    return tuple(keys)


def _within(name: str, value: Any, low: float, high: float, whole: bool = False) -> None:
    kind = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        number = "whole number" if whole else "number"
        raise GrooveError(f"{name} is a {number} from {low:g} to {high:g}, not {value!r}")


def adaptive(low: float = 0.0, high: float = 0.8) -> Adaptive:
    """Return a value for a control that follows how densely is played: `d1.follow = adaptive(.2, .9)`.

    Args:
        low: what it is when nothing was played for a bar.
        high: what it is when 14 or more of the 16ths of the last bar were hit.

    >>> adaptive(6, 0)
    Adaptive(low=6.0, high=0.0)
    """
    for name, value in (("low", low), ("high", high)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise GrooveError(f"{name} of adaptive is a number, not {value!r}")
    return Adaptive(low=float(low), high=float(high))


class Reading(float):
    """A number that was read off a control: a float that knows where it is from."""

    _from: tuple[Live, str, str]

    def resume(self) -> None:
        """Let what led the control before a hand was on it lead it again, at once."""
        from ..score.inputs import Resume

        live, drummer, path = self._from
        live.write([Draft(path, Resume(), drummer)], _NOW)

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)


_last: tuple[tuple[Live, str, str], Any] | None = None  # the control that was read last, and what it was


def read(live: Live, drummer: str, path: str, value: Any) -> Any:
    """Return what was read off a control, and remember which it was: `learn(d1.genre)` is given only its value."""
    global _last
    place = live, drummer, path
    if isinstance(value, Reading):
        value._from = place
    _last = place, value
    return value


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
        control: as it is read, `d1.follow`, `d1.genre`; or whose it is, with its name: `learn(live, "bpm")`.
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
    live, drummer, path = _control(control, name)
    if cc is not None:
        _within("cc", cc, 0, 127, whole=True)
    if channel is not None:
        _within("channel", channel, 1, 16, whole=True)
    value = Knob(
        port=port, virtual=port == VIRTUAL, channel=channel or 0, number=-1 if cc is None else cc,
        low=None if low is None else float(low), high=None if high is None else float(high),
    )  # fmt: skip
    live.write([Draft(f"knob.{path}", value, drummer)], _NOW)


def unlearn(control: Any, name: str | None = None) -> None:
    """Let no knob turn a control any more: `unlearn(d1.follow)`, `unlearn(d1, "home")`."""
    live, drummer, path = _control(control, name)
    live.write([Draft(f"knob.{path}", None, drummer)], _NOW)


def _control(control: Any, name: str | None) -> tuple[Live, str, str]:
    from .drummer import Drummer, Part
    from .session import Live

    if name is None:
        if isinstance(control, Reading):
            return control._from
        if isinstance(owner := getattr(control, "__self__", None), Drummer):  # d1.home
            control, name = owner, control.__name__
        elif _last is not None and control is _last[1]:
            return _last[0]

    if isinstance(name, str):
        if isinstance(control, Live):
            return control, "", name
        if isinstance(control, Drummer | Part):
            return control._live, control._drummer, control._path(name)
    raise GrooveError("say which control: learn(d1.follow), learn(d1.home), learn(live, 'bpm')")


def as_typed(name: str, value: Any) -> Any:
    """Return what a control was set to as the log has it: memory for ever is a number there."""
    return CONTROLS[name].high if name == "memory" and value == float("inf") else value
