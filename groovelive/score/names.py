"""The names of performers: what they may be, and which are of what makes edits by itself."""

from __future__ import annotations

from ..errors import GrooveError
from .autopilot import BY as AUTOPILOT
from .edits import ENGINE, HANDS

LONGEST = 64  # characters of a name
NAMELESS = "osc"  # who sends OSC and does not say its name
MACHINES = (ENGINE, AUTOPILOT, NAMELESS, "ableton", "clock", "link", "midi clock", "session")


def check_name(name: str) -> str:
    """Return a name that a performer may have.

    Raises:
        GrooveError: it may not; the sentence says why.

    >>> check_name("engine")
    Traceback (most recent call last):
    groovelive.errors.GrooveError: 'engine' is no performer's name: what plays by itself is called so; choose another
    """
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST or not name.isprintable() or name != name.strip():
        raise GrooveError(f"a name has 1 to {LONGEST} letters on one line, and no blank at its ends; not {name!r}")
    if is_machine(name):
        raise GrooveError(f"{name!r} is no performer's name: what plays by itself is called so; choose another")
    return name


def is_machine(name: str) -> bool:
    """Return whether edits under a name are not a performer's, but those of a model, a clock or an instrument.

    >>> is_machine("midi:Keys"), is_machine("maria")
    (True, False)
    """
    return name in MACHINES or name.startswith(HANDS)
