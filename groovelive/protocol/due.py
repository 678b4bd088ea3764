"""When an edit is due, as performers write it: "next", "now", "+8", "+2 beats", or the number of a bar."""

from __future__ import annotations

import re
from typing import Any

from ..checks import is_number
from ..errors import GrooveError
from .session import When

_AFTER = re.compile(r"\+\s*(\d+(?:\.\d+)?)\s*(bars?|beats?)?")
_BAR = re.compile(r"\d+")


class Now:
    """The moment: as soon as a note can still be changed."""

    def __repr__(self) -> str:
        return "now"


now = Now()


def when_of(time: Any) -> When:
    """Return what a performer means by a time; every client writes times like this.

    Args:
        time: "next", the next line of the session's quantum; `now` or "now"; "+8" or "+8 bars", counted from the bar
            that plays; "+2 beats"; a bar's number from 1, as a number or a text; or a `When`, returned as it is.

    Raises:
        GrooveError: it is none of these.

    >>> when_of("+8"), when_of("+2 beats").at, when_of(33).number, when_of("33").number
    (When(at='bars', number=8.0), 'beats', 33.0, 33.0)
    >>> when_of(0)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: bars are numbered from 1; there is no bar 0
    """
    if isinstance(time, When):
        return time
    text = "now" if isinstance(time, Now) else time.strip() if isinstance(time, str) else None
    if text == "next":
        return When()
    if text == "now":
        return When("now")
    if text is not None and (found := _AFTER.fullmatch(text)):
        return When("beats" if (found[2] or "").startswith("beat") else "bars", float(found[1]))
    number = float(text) if text is not None and _BAR.fullmatch(text) else time
    if not is_number(number):
        raise GrooveError(f"a time is written as '+8' (bars), '+2 beats', a bar's number, or now; not as {time!r}")
    if number < 1 or not float(number).is_integer():
        raise GrooveError(f"bars are numbered from 1; there is no bar {float(number):g}")
    return When("bar", float(number))
