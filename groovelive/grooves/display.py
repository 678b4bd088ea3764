"""Grooves for the eye: a piano roll in text, and one in SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from ..errors import GrooveError
from .grid import GROUPS, STEPS_PER_BAR, STEPS_PER_BEAT, VOICES, Note
from .hvo import HVO, bar_count, cut, notes

BARS_PER_LINE = 4  # 4 bars and the names of the voices are 79 columns
LIKELY = 0.25  # from this probability on a cell without a hit is marked in the text roll

_LEVELS = "▁▂▃▄▅▆▇█"
_GROUP_OF = {voice: group for group, voices in GROUPS.items() for voice in voices}
# Of the 256 colours of a terminal, these alone have a contrast of 4.5 (WCAG 2) to black as to white.
_GREY = 243
_ANSI = {"kick": 131, "snare": 163, "hats": 29, "toms": 98, "cymbals": 63}
_HEX = {"kick": "#b31d1d", "snare": "#934506", "hats": "#0c6852", "toms": "#763db6", "cymbals": "#205e97"}
_SOFTEST = 0.84  # opacity of the softest note, which still has that contrast


def summary(groove: HVO) -> str:
    """Return the `repr` of a groove: its roll; of more than 4 bars, the beginning and the counts.

    >>> from groovelive.grooves.groove import Groove
    >>> print(summary(Groove.from_notes([(0, "kick"), (4, "snare", 1.0), (6, "hh", 0.3)], steps=96)))
    Groove of 6 bars, 3 notes
                1···2···3···4···│1···2···3···4···│…
    closed_hat  ······▃·········│················│…  1 note
    snare       ····█···········│················│…  1 note
    kick        ▇···············│················│…  1 note
    """
    length = _count(bar_count(groove), "bar")
    played = int(np.count_nonzero(groove.hits))
    if not played:
        return f"Groove of {length}, silent"
    head = f"Groove of {length}, {_count(played, 'note')}"
    if bar_count(groove) <= BARS_PER_LINE:
        return f"{head}\n{roll(groove)}"
    voices = _sounding(groove.hits)
    lines = _roll_lines(cut(groove, 0, 2), voices, False, None)
    tails = ["│…"] + [f"│…  {_count(int(groove.hits[:, voice].sum()), 'note')}" for voice in voices]
    return "\n".join([head, *(line + tail for line, tail in zip(lines, tails, strict=True))])


def roll(groove: HVO, colour: bool = False, probabilities: ArrayLike | None = None) -> str:
    """Return a piano roll in text: a line per voice that plays, a column per step, four bars to a line.

    The height of a block is the velocity; a dot is a rest; the ruler counts the beats.

    Args:
        groove: what to draw.
        colour: paint the groups with ANSI escape codes, for a terminal.
        probabilities: (steps, 9), 0..1, as a model gives them: marks with a ring what does not hit and yet
            had a probability of .25 or more.

    Raises:
        GrooveError: the probabilities do not have the shape of the groove.

    >>> from groovelive.grooves.groove import Groove
    >>> print(roll(Groove.from_notes([(0, "bd"), (4, "sn", 1.0), (10, "bd", 0.3), (12, "sn")], steps=16)))
           1···2···3···4···
    snare  ····█·······▇···
    kick   ▇·········▃·····
    """
    likely = None
    if probabilities is not None:
        likely = np.asarray(probabilities, np.float64) >= LIKELY
        if likely.shape != groove.hits.shape:
            raise GrooveError(f"probabilities must have the shape of the groove, {groove.hits.shape}")
    voices = _sounding(groove.hits if likely is None else (groove.hits == 1) | likely)
    systems = []
    for start in range(0, bar_count(groove), BARS_PER_LINE):
        stop = start + BARS_PER_LINE
        rings = None if likely is None else likely[start * STEPS_PER_BAR : stop * STEPS_PER_BAR]
        systems.append(_roll_lines(cut(groove, start, stop), voices, colour, rings))
    return "\n\n".join("\n".join(lines) for lines in systems)


def _roll_lines(groove: HVO, voices: Sequence[int], colour: bool, likely: np.ndarray | None) -> list[str]:
    width = max((len(VOICES[voice]) for voice in voices), default=0) + 2
    beats = "".join(f"{beat}···" for beat in range(1, STEPS_PER_BAR // STEPS_PER_BEAT + 1))
    lines = [" " * width + _paint("│".join([beats] * bar_count(groove)), _GREY, colour)]
    for voice in voices:
        shade = _ANSI[_GROUP_OF[voice]]
        cells: list[tuple[str, int]] = []
        for step in range(len(groove.hits)):
            if step and step % STEPS_PER_BAR == 0:
                cells.append(("│", _GREY))
            if groove.hits[step, voice]:
                level = int(np.ceil(groove.velocities[step, voice] * len(_LEVELS))) - 1
                cells.append((_LEVELS[max(level, 0)], shade))
            else:
                ring = likely is not None and bool(likely[step, voice])
                cells.append(("∘", shade) if ring else ("·", _GREY))
        runs = groupby(cells, key=lambda cell: cell[1])
        row = [_paint("".join(glyph for glyph, _ in run), ink, colour) for ink, run in runs]
        lines.append(_paint(VOICES[voice].ljust(width), shade, colour) + "".join(row))
    return lines


def svg(groove: HVO, title: str = "") -> str:
    """Return an SVG piano roll of one groove; see `svg_song`.

    >>> from groovelive.grooves.groove import Groove
    >>> svg(Groove.empty(bars=1))[:4]
    '<svg'
    """
    return svg_song([(title, groove)])


MAX_SVG_BARS = 256  # a browser draws so many without effort; what is beyond is said, not drawn

_ROW, _RULER, _LABEL, _LEFT, _GAP, _MARGIN = 17, 18, 16, 84, 22, 14
_NARROW, _WIDE = 10.5, 18  # of a cell, in lines of four bars and of two
_LETTER = 8.0  # the width of a letter of a label, at most on the average
_RULES = {  # painted in this order
    "row": 'stroke="#ece9e2"',
    "step": 'stroke="#f0eee9" stroke-width=".8"',
    "beat": 'stroke="#cfd2d6"',
    "bar": 'stroke="#9aa0a8" stroke-width="1.4"',
}
_INK, _FAINT, _PAPER, _PLATE = "#2b2f36", "#6b7078", "#fbfaf7", "#ffffff"


def svg_song(sections: Iterable[tuple[str, HVO]]) -> str:
    """Return one self-contained SVG of several labelled grooves, four bars to a line.

    A note begins where it sounds: its offset moves it against the lines of the grid. Its height and opacity
    are its velocity; pointing at it tells the numbers. Voices that never play are left out, and bars beyond
    the 256th are counted but not drawn. A label that is longer than its groove has the line, and the width, it needs.

    Args:
        sections: pairs of a label (may be empty) and a groove.

    Raises:
        GrooveError: there is no section.

    >>> from groovelive.grooves.groove import Groove
    >>> text = svg_song([("funk", Groove.empty(bars=2)), ("jazz", Groove.empty(bars=2))])
    >>> text.startswith("<svg") and "funk" in text and "jazz" in text
    True
    """
    sections = list(sections)
    if not sections:
        raise GrooveError("an SVG needs at least one groove to draw")
    voices = _sounding(np.stack([groove.hits.any(axis=0) for _, groove in sections])) or [0]
    lines, beyond = _lines(sections)
    widest = max(sum(bar_count(groove) for _, groove, _ in line) for line in lines)
    cell = _WIDE if widest <= BARS_PER_LINE // 2 else _NARROW
    gaps = max(len(line) for line in lines) - 1
    left = _MARGIN + _LEFT
    width = left + widest * STEPS_PER_BAR * cell + gaps * _GAP + _MARGIN
    for line in lines:
        x = left + sum(len(groove.hits) * cell + _GAP for _, groove, _ in line[:-1])
        width = max(width, x + len(line[-1][0]) * _LETTER + _MARGIN)
    top = _RULER + (_LABEL if any(label for label, _ in sections) else 0)
    pitch = top + len(voices) * _ROW + 10
    height = 2 * _MARGIN + pitch * len(lines) - 10 + (20 if beyond else 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="system-ui, Helvetica, Arial, sans-serif">',
        f'<rect width="100%" height="100%" rx="8" fill="{_PAPER}"/>',
    ]
    for i, line in enumerate(lines):
        y = _MARGIN + i * pitch + top
        for row, voice in enumerate(voices):
            name, ink = VOICES[voice].replace("_", " "), _HEX[_GROUP_OF[voice]]
            parts.append(_text(left - 12, y + (row + 0.5) * _ROW + 4, name, 11, ink, "end"))
        x = float(left)
        for label, groove, first_bar in line:
            parts += _svg_grid(groove, label, first_bar, x, y, cell, len(voices))
            parts += [_svg_note(note, first_bar, x, y, cell, voices.index(note.voice)) for note in notes(groove)]
            x += len(groove.hits) * cell + _GAP
    if beyond:
        parts.append(_text(left, height - _MARGIN, f"… and {_count(beyond, 'more bar')}", 12, _FAINT))
    return "\n".join([*parts, "</svg>"])


def _lines(sections: Iterable[tuple[str, HVO]]) -> tuple[list[list[tuple[str, HVO, int]]], int]:
    """Return lines of pieces (label, groove, its first bar) and how many bars are left out."""
    lines: list[list[tuple[str, HVO, int]]] = []
    room, drawn, beyond = 0, 0, 0
    for label, groove in sections:
        shown = min(bar_count(groove), MAX_SVG_BARS - drawn)
        beyond += bar_count(groove) - shown
        drawn += shown
        for start in range(0, shown, BARS_PER_LINE):
            piece = cut(groove, start, min(start + BARS_PER_LINE, shown))
            if bar_count(piece) > room:
                lines.append([])
                room = BARS_PER_LINE
            lines[-1].append((label if start == 0 else "", piece, start))
            room -= bar_count(piece)
            if start == 0 and len(label) * _LETTER > len(piece.hits) * _NARROW + _GAP:
                room = 0  # else it would run into the next
    return lines, beyond


def _svg_grid(groove: HVO, label: str, first_bar: int, x: float, y: float, cell: float, rows: int) -> list[str]:
    steps = len(groove.hits)
    width, height = steps * cell, rows * _ROW
    lines: dict[str, list[str]] = {kind: [] for kind in _RULES}
    lines["row"] = [f"M{x:g} {y + row * _ROW:g}h{width:g}" for row in range(rows + 1)]
    parts = []
    for step in range(steps + 1):
        kind = "bar" if step % STEPS_PER_BAR == 0 else "beat" if step % STEPS_PER_BEAT == 0 else "step"
        left = x + step * cell
        lines[kind].append(f"M{left:g} {y:g}v{height:g}")
        if kind == "bar" and step < steps:
            parts.append(_text(left, y - 5, str(first_bar + step // STEPS_PER_BAR + 1), 10, _INK))
        elif kind == "beat":
            parts.append(_text(left, y - 5, f"·{step % STEPS_PER_BAR // STEPS_PER_BEAT + 1}", 8, _FAINT))
    plate = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{_PLATE}"/>'
    rules = [f'<path d="{"".join(lines[kind])}" {style}/>' for kind, style in _RULES.items()]
    parts = [plate, *rules, *parts]
    if label:
        parts.append(_text(x, y - 19, label, 13, _INK, weight=600))
    return parts


def _svg_note(note: Note, first_bar: int, x: float, y: float, cell: float, row: int) -> str:
    tall = 3 + note.velocity * (_ROW - 5)
    bar, step = divmod(note.step, STEPS_PER_BAR)
    beat = f"{step // STEPS_PER_BEAT + 1}" + ("", "e", "&amp;", "a")[step % STEPS_PER_BEAT]
    left, top = x + note.position * cell, y + (row + 1) * _ROW - 1 - tall
    return (
        f'<rect x="{left:.2f}" y="{top:.2f}" width="{cell * 0.62:.2f}" height="{tall:.2f}" rx="1.5" '
        f'fill="{_HEX[_GROUP_OF[note.voice]]}" fill-opacity="{_SOFTEST + (1 - _SOFTEST) * note.velocity:.2f}">'
        f"<title>{note.name}, bar {first_bar + bar + 1}, beat {beat}, velocity {note.velocity:.2f}, "
        f"offset {note.offset:+.2f}</title></rect>"
    )


def _text(x: float, y: float, text: str, size: int, ink: str, anchor: str = "start", weight: int = 400) -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{ink}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text, quote=False)}</text>'


def _sounding(cells: ArrayLike) -> list[int]:
    """Return the voices with a cell that is not 0, from ride down to kick, as drum parts are written."""
    return [int(voice) for voice in np.flatnonzero(np.asarray(cells).any(axis=0))[::-1]]


def _paint(text: str, shade: int, colour: bool) -> str:
    return f"\x1b[38;5;{shade}m{text}\x1b[0m" if colour else text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
