"""What the doctor looks at of other programs: SuperCollider with the Quark, and Ableton Live with the script in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..ableton_live import doctor as ableton_doctor
from ..ableton_live.user_library import NAME, Computer, Script
from ..errors import GrooveError
from ..runtime.hints import system_package
from ..supercollider import doctor as sc_doctor
from ..supercollider.install import look
from .findings import Finding, State

_COMMAND = re.compile(r": (groovelive [a-z][\w -]*)$")


def supercollider(asked: bool) -> Iterator[Finding]:
    """Tell what `groovelive supercollider doctor` finds of the installation.

    Args:
        asked: whether it was asked for: then sclang is made to compile its class library, which takes a while.
    """
    try:
        found = look(None)
        quark = found.version is not None or bool(found.elsewhere)
    except GrooveError:
        quark = True  # something is there that can't be read
    there = sc_doctor.sclang() is not None
    for fine, line in sc_doctor.installation(None, compiling=asked):
        what, mend = parted(line)
        if fine:
            yield Finding("supercollider", "ok", what)
        elif "sclang is on PATH" in line or "scsynth on" in line or "tell its version" in line:
            yield Finding(
                "supercollider", "missing", what, system_package("supercollider"), "SuperCollider is not there"
            )
        else:
            state: State = "broken" if quark and there else "missing"
            yield Finding("supercollider", state, what, mend, "The Quark is not well")
    if quark and there and not asked:
        yield Finding(
            "supercollider", "ok", "groovelive doctor supercollider also compiles the class library, in up to a minute"
        )


def ableton(computer: Computer | None = None) -> Iterator[Finding]:
    """Tell what `groovelive ableton doctor` finds.

    Args:
        computer: whose Live it is; by default this one.
    """
    computer = computer or Computer()
    try:
        script = Script(computer.library(None) / "Remote Scripts" / NAME)
    except GrooveError as error:
        yield Finding("ableton", "missing", str(error), "", "Ableton Live does not answer")
        return
    for state, sentence in ableton_doctor.examine(computer):
        what, mend = parted(sentence)
        if state != "wrong":
            yield Finding("ableton", "ok", what)
        elif not script.there or what.startswith("nothing answers"):
            yield Finding("ableton", "missing", what, mend, "Ableton Live does not answer")
        else:
            yield Finding("ableton", "broken", what, mend, "Ableton Live does not answer")


def parted(line: str) -> tuple[str, str]:
    """Return a line of another doctor as what is the matter, and the command that mends it.

    >>> parted("sclang does not know Pgroove: groovelive supercollider install")
    ('sclang does not know Pgroove', 'groovelive supercollider install')
    """
    found = _COMMAND.search(line)
    return (line[: found.start()], found[1]) if found else (line, "")
