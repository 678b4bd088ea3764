"""Other clocks as a performer types them: to be followed, or led."""

from __future__ import annotations

from typing import Any

import msgspec

from ..checks import flag
from ..errors import GrooveError
from ..score.clocks import AbletonTransport, AnyClock, Link, MidiClock
from .addressed import bare


def link(*, transport: bool = False) -> Link:
    """The Ableton Link session of this network (extra `link`): `live.follow(link())`, or `live.lead(link())`.

    Args:
        transport: whether start and stop are shared with those who share them.

    >>> link()
    Link(transport=False)
    """
    return Link(transport=flag("transport of link", transport))


def midi_clock(
    port: str = "groovelive clock", *, virtual: bool | None = None, transport: bool = True, shift: float = 0.0
) -> MidiClock:
    """MIDI clock from a port, `live.follow(midi_clock("TR-8"))`, or to one, `live.lead(...)` (extra `midi`).

    Args:
        port: its name, or a part of it.
        virtual: whether to make a port of that name, for others to connect to (Linux, macOS); by default only for the
            name "groovelive clock".
        transport: whether start, continue and stop are heeded; those to others are always sent.
        shift: seconds, -1..1, by which beats are later (earlier) than the ticks that come, or ticks than the beats.

    >>> midi_clock("TR-8", shift=-0.004).shift
    -0.004
    """
    made = port == "groovelive clock" if virtual is None else virtual
    try:
        fields = {"port": port, "virtual": made, "transport": transport, "shift": bare(shift)}
        return msgspec.convert({"to": "midi_clock", **fields}, MidiClock)
    except msgspec.ValidationError as error:
        told = str(error).replace("`", "").replace(" - at $.", " in ")
        raise GrooveError(f"midi_clock(...): {told[:1].lower()}{told[1:]}") from None


def clock_of(value: Any) -> AnyClock:
    """Return what a performer named as a clock."""
    value = value.as_clock() if hasattr(value, "as_clock") else value
    if not isinstance(value, Link | MidiClock | AbletonTransport):
        raise GrooveError(f"a clock is link(), midi_clock('port') or live.ableton, not {value!r}")
    return value
