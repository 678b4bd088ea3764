"""The player behind the engine: a request for bars, checked field by field, and played bar by bar."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import GrooveError
from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..model import Model
from ..model.drumming import THRESHOLD, at_most, likeliest, most_of, names_of, thresholds_of
from ..model.player.request import Locks, PlayRequest
from ..model.playing import Playing
from ..protocol.base import Array, EngineError, Reply
from ..protocol.engine import Grooves, Play
from . import validation

_V = len(VOICES)
_PLAIN = {"adherence": None, "temperature": 1.0, "variation": 1.0, "complexity": 0.5, "intensity": 0.5, "tempo": None}
_LOOPS_A_BAR = 6  # of the mirror's, as long as a bar of the player takes
_PREFILL = 8  # likewise, of the context
# Of a rhythm that is a pattern to be played: nearly all that is in it, and little else.
_ADHERENT = {"answered": 1.0, "accented": 1.0, "kept": 0.85}


def cost(request: Play) -> int:
    """Return about how many loops of the mirror a request takes as long as."""
    draws = 17 if request.sampling == "threshold" or request.threshold is not None else 1
    return (_PREFILL + _LOOPS_A_BAR * request.bars) * draws


def play(request: Play, model: Model) -> Generator[Any, Any, Reply]:
    """Play what is asked, and give way after each bar; returns the reply.

    Raises:
        EngineError: the model has no player, or a field is out of range, of another length, or unknown.
    """
    if model.player is None:
        raise EngineError("UNSUPPORTED", f"the model {model.manifest.name} has no player", "type")
    playing = _playing(request, model)
    asked = _asked(request, playing)
    yield None
    thresholds = validation.guarded(lambda: thresholds_of(request.threshold), "threshold")
    most = validation.guarded(lambda: most_of(request.max_hits), "max_hits")
    probabilities = None
    if request.sampling == "threshold":
        rows = likeliest(model.player, asked, THRESHOLD if thresholds is None else thresholds)
    else:
        played = yield from model.player.steps(asked)
        rows, probabilities = playing.shaped(played, asked.locks), played.probabilities
        if thresholds is not None:
            yield None
            rows = rows * np.tile(model.player.probabilities(asked)[0] >= thresholds, 3)
    if request.probabilities and probabilities is None:
        yield None
        probabilities = model.player.probabilities(asked)[0]
    if most is not None:
        rows = at_most(rows, most)
    return Grooves(
        grooves=Array.of(rows[None].astype(np.float32)),
        probabilities=None
        if probabilities is None or not request.probabilities
        else Array.of(probabilities[None].astype(np.float32)),
    )


def _playing(request: Play, model: Model) -> Playing:
    given: dict[str, Any] = {
        name: usual if (value := getattr(request, name)) is None else value for name, usual in _PLAIN.items()
    }
    if request.phrase is not None:
        given["phrase"] = request.phrase
    if request.guidance is not None:
        raise EngineError("UNSUPPORTED", "guidance is the mirror's; the player obeys a genre as it is told", "guidance")
    try:
        return Playing(
            instrument=request.instrument, genre=model.known_genre(request.genre), density=request.density,
            redirect=names_of(request.redirect), hands=request.hands, seed=request.seed, drummer=request.drummer,
            **given,
        )  # fmt: skip
    except GrooveError as error:
        name = next((n for n in ("instrument", "genre", "density", "redirect", *given) if n in str(error)), "")
        code = "UNKNOWN_NAME" if name in ("instrument", "genre", "redirect") else "OUT_OF_RANGE"
        raise EngineError(code, str(error), name) from None  # type: ignore[arg-type]


def _asked(request: Play, playing: Playing) -> PlayRequest:
    steps = request.bars * STEPS_PER_BAR
    rhythm = None
    if isinstance(request.tap, str):
        text = request.tap
        rhythm = validation.guarded(lambda: Groove.parse(text).tap(), "tap")
    elif request.tap is not None:
        rhythm = _rows(request.tap, "tap", 3)
    context = None if request.context is None else _rows(request.context, "context", 3 * _V)
    locks = None
    if (request.known is None) != (request.held is None):
        raise EngineError("BAD_REQUEST", "known and held go together: which cells are locked, and to what", "known")
    if request.known is not None and request.held is not None:
        known, held = _rows(request.known, "known", _V), _rows(request.held, "held", 3 * _V)
        if len(known) != steps or len(held) != steps:
            raise validation.shape(request.known, "known", f"({steps}, {_V}), and held ({steps}, {3 * _V})")
        locks = Locks(known, held)
    if request.fill and len(request.fill) not in (request.bars, request.bars + 1):
        raise EngineError("BAD_REQUEST", f"fill says yes or no for {request.bars} bars, or one more", "fill")
    asked = validation.guarded(
        lambda: playing.request(
            request.bars,
            rhythm if rhythm is not None and rhythm[:, 0].any() else None,
            context=context,
            bar=request.bar,
            fill=request.fill or None,
            locks=locks,
            fresh=request.fresh,
            genre_before=request.genre_before,
        ),
        "context",
    )
    if request.adherent and request.adherence is None:
        asked = replace(asked, adherence=_ADHERENT)
    return replace(asked, variant=request.variant, probabilities=request.probabilities)


def _rows(array: Array, field: str, width: int) -> Any:
    rows = array.numpy(field)
    if rows.ndim != 2 or rows.shape[1] != width or len(rows) % STEPS_PER_BAR:
        raise validation.shape(array, field, f"(steps, {width}), of whole bars")
    if len(rows) > 16 * STEPS_PER_BAR:
        raise EngineError("TOO_LARGE", f"{field} lasts at most 16 bars, not {len(rows) // STEPS_PER_BAR}", field)
    return rows
