"""Values of controls between OSC, which has numbers and strings, and the score, which has more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...errors import GrooveError, closest
from ...grooves.grid import GROUPS, VOICES, voice_indices
from ...osc_messages.codec import Argument
from ...protocol.session import Draft
from ...score.controls import CONTROLS, SESSION_CONTROLS, Control
from ...score.edits import (
    Cycle,
    Home,
    Move,
    Moves,
    Outs,
    Point,
    Value,
    Weights,
    plain,
)
from ...score.targets import from_text, name_of

DEFAULT = "default"
_WEIGHT = re.compile(r"([\w-]+)\s*:\s*([0-9.eE+-]+)")
_WHENS = ("every", "last_of", "sometimes")


def drafts(drummer: str, path: str, argument: Argument) -> tuple[Draft, ...]:
    """Return the edits that set a control: one, or of a group one for each of its voices.

    Raises:
        GrooveError: it is no value of this control.

    >>> [draft.path for draft in drafts("d1", "mute.hats", 1)]
    ['mute.closed_hat', 'mute.open_hat']
    >>> drafts("d1", "genre", "funk:3,jazz:1")[0].value
    Weights(of={'funk': 3.0, 'jazz': 1.0})
    """
    name, _, part = path.partition(".")
    control = (CONTROLS if drummer else SESSION_CONTROLS).get(name)
    made = value(name, control, argument)
    if control is not None and control.per == "voice" and part in GROUPS:
        return tuple(Draft(f"{name}.{VOICES[k]}", made, drummer) for k in GROUPS[part])
    return (Draft(path, made, drummer),)


def muted_but(parts: Sequence[str]) -> dict[str, bool]:
    """Return which voices are muted where only some, or groups of them, shall sound; without a name none is.

    >>> [voice for voice, on in muted_but(["kick", "hats"]).items() if not on]
    ['kick', 'closed_hat', 'open_hat']
    """
    kept = {k for part in parts for k in voice_indices(part)} if parts else set(range(len(VOICES)))
    return {voice: k not in kept for k, voice in enumerate(VOICES)}


def value(name: str, control: Control | None, argument: Argument) -> Value:
    """Return an argument as the score takes it; what is still wrong with it, `score.validation` says."""
    if argument is None or (argument == DEFAULT and name != "scene"):
        return None
    if isinstance(argument, bytes):
        raise GrooveError(f"{name} takes a number or a string, not a blob")
    kind = control.kind if control is not None else "switch" if name == "playing" else ""
    if kind == "switch" and argument in (0, 1):
        return bool(argument)
    if kind == "source":
        raise GrooveError("what a drummer follows or plays is set by /gl/source, /gl/walk and /gl/listen")
    if isinstance(argument, str):
        text = argument.strip()
        if kind == "names":
            return tuple(re.findall(r"[\w-]+", text)) or None
        if kind == "genre" and ":" in text:
            return _weights(text)
        if kind == "outs":
            return Outs(from_text(text))
        if kind == "moves":
            return _moves(text)
        return text
    return argument


def _weights(text: str) -> Weights:
    parts = [part.strip() for part in text.split(",")]
    found = {}
    for part in parts:
        match = _WEIGHT.fullmatch(part)
        try:
            found[match[1]] = float(match[2])  # type: ignore[index]
        except (TypeError, ValueError):
            raise GrooveError(f"weights of genres are written as funk:0.7,jazz:0.3; not as {text!r}") from None
    return Weights(found)


def _moves(text: str) -> Moves:
    """Return moves as they are written: `every 4 fill, last_of 8 crash, sometimes 0.2 rotate 0.25`."""
    if text in ("", "none"):
        return Moves()
    found = []
    for part in text.split(","):
        when, *rest = part.split() or [""]
        if when not in _WHENS or len(rest) < 2:
            hint = closest(when, _WHENS)
            raise GrooveError(f"moves are written as 'every 4 fill, sometimes 0.2 rotate 0.25'; not as {part!r}{hint}")
        try:
            number, amount = float(rest[0]), tuple(float(each) for each in rest[2:])
        except ValueError:
            raise GrooveError(f"a move is: when, a number, what, and numbers; not {part.strip()!r}") from None
        found.append(Move(when, number, rest[1], amount))  # type: ignore[arg-type]
    return Moves(tuple(found))


def argument(value: Any) -> Argument:
    """Return what a control was set to as an argument, so that `value` would make the same of it where it can.

    >>> argument(Weights({"funk": 0.75, "jazz": 0.25})), argument(("hats", "toms")), argument(True)
    ('funk:0.75,jazz:0.25', 'hats,toms', True)
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, Weights):
        return ",".join(f"{name}:{weight:g}" for name, weight in value.of.items())
    if isinstance(value, Cycle):
        return value.text
    if isinstance(value, Outs):
        return " + ".join(map(name_of, value.targets)) or "none"
    if isinstance(value, Moves):
        return ", ".join(
            " ".join([m.when, f"{m.n:g}", m.what, *(f"{each:g}" for each in m.amount)]) for m in value.moves
        ) or "none"  # fmt: skip
    if isinstance(value, Point) and value.name:
        return value.name
    return "home" if isinstance(value, Home) else plain(value)
