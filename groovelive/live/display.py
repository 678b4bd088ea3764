"""What a session and a drummer look like in a terminal and in a notebook: what will sound, and from which bar."""

from __future__ import annotations

from ..errors import GrooveError
from ..grooves.display import roll, svg_song
from ..grooves.grid import STEPS_PER_BAR, VOICES
from ..grooves.groove import Groove
from ..score.asked import plays_idea
from ..score.controls import CONTROLS, SESSION_CONTROLS
from ..score.edit_log import SESSION
from ..score.edits import (
    BEATS_PER_BAR,
    STEP,
    Edit,
    Exact,
    FromDrummer,
    Rhythm,
    bar_of,
    plain,
)
from ..score.events import events
from ..score.inputs import Hearing
from ..score.queries import tap_of
from ..score.rhythms import LOOP, notes_in
from ..score.score import Score
from ..score.sentences import place
from .as_grooves import groove_of
from .client import SessionClient

_TOLD = ("genre", "density", "follow", "swing", "humanise", "moves")
_ASKED = tuple(name for name, control in CONTROLS.items() if control.asks and name not in ("fill", "clear"))
_GLYPHS = "▁▂▃▄▅▆▇█"


def session(live: SessionClient) -> str:
    """Return one line that says where a session is.

    >>> import groovelive as gl
    >>> session(gl.open(realtime=False))
    'live · 120 bpm · bar 1 · simulated · engine ready · out none · seed 7'
    """
    try:
        state = live.status()
    except GrooveError as error:
        return f"live · {error}"
    parts = [f"{state.bpm:.4g} bpm", f"bar {bar_of(state.beat)}"]
    if state.leader:
        near = "away" if state.away else "" if state.phase is None else f"{state.phase:+.1f} ms"
        parts.append(f"led by {state.leader}" + (f" ({near})" if near else ""))
    if state.led:
        parts.append(f"leads {', '.join(state.led)}")
    if not state.playing:
        parts.append("stopped")
    if not live.realtime:
        parts.append("simulated")
    took = f" ({state.answer:.1f} ms)" if state.answer else ""
    parts.append(f"engine {state.engine}{took}")
    parts.append("out " + (" + ".join(out.name for out in state.outs) or "none"))
    if state.ins:
        parts.append("in " + " + ".join(one.name + ("" if one.there else " (not there)") for one in state.ins))
    if live.realtime:
        parts.append("clients " + ", ".join(f"{n} (you)" if n == live.by else n for n in state.clients))
    seed = live.score.number(SESSION, "seed", live.present, SESSION_CONTROLS["seed"].default)
    parts.append(f"seed {seed}")
    if live.realtime:
        lost = f", {state.dropped} dropped" if state.dropped else ""
        parts.append(f"{state.late} late{lost}")
    parts += [f"{out.name}: {out.fault}" for out in state.outs if out.fault]
    return "live · " + " · ".join(parts)


def drummer(live: SessionClient, name: str, colour: bool = False) -> str:
    """Return what a drummer will play: a line that says how, its rhythm, and its roll of two bars."""
    head, tap, groove = _shown(live, name)
    lines = [head]
    if tap is not None and groove is not None:
        width = max([len(VOICES[v]) for v in range(len(VOICES)) if groove.hits[:, v].any()] + [3])
        lines.append(f"{'tap':{width}}  {tap_row(tap)}")
    if groove is not None:
        lines.append(roll(groove, colour) if len(groove) else "silent")
    return "\n".join(lines)


def drummer_svg(live: SessionClient, name: str) -> str:
    """Return the same as a picture."""
    head, tap, groove = _shown(live, name)
    parts = [] if tap is None else [("what it follows", tap)]
    return svg_song([*parts, (head, groove if groove is not None else Groove.empty())])


def _shown(live: SessionClient, name: str) -> tuple[str, Groove | None, Groove | None]:
    if live.closed:
        return f"{name} · this session is closed; gl.open() opens another", None, None
    beat = live.beat
    due = _next_line(live, name, beat)
    live.peek(name, due)
    score = live.score
    source = score.edit(name, "source", due)
    if source is None or source.value is None:
        later = [e for e in score.pending(beat) if (e.drummer, e.path) == (name, "source") and e.value is not None]
        if later:
            return f"{name} · from bar {bar_of(later[0].beat)} · {plain(later[0].value)}", None, None
        return f"{name} · silent; {name} >> groove('x..x..x.') gives it a rhythm to follow", None, None
    settings = [_said(score.edit(name, path, due), path) for path in _TOLD]
    muted = ["muted"] if score.number(name, "mute", due) else []
    bar = bar_of(due)
    head = " · ".join([name, f"from bar {bar}", plain(source.value), *filter(None, settings), *muted])
    later = [e for e in score.pending(due) if e.drummer == name]
    if later:
        head += f" · then {len(later)} more from bar {bar_of(later[0].beat)}"
    old = _old_since(score, name, due)
    if old:
        head += f" · {old}"
    first = (bar - 1) * STEPS_PER_BAR
    found = events(score, first * STEP, (first + LOOP * STEPS_PER_BAR) * STEP, (name,))
    tap = None
    if isinstance(source.value, Rhythm) and not isinstance(source.value, Exact):
        notes = notes_in(source.value, max(bar - 1 - score.origin(due), 0), score.seed(name, due))
        tap = Groove.from_notes([(n.step, "closed_hat", n.velocity, 0.0) for n in notes])
    elif isinstance(source.value, Hearing | FromDrummer):
        tap = Groove.from_tap(tap_of(score, name, source.value, int(due // BEATS_PER_BAR), due))
    return head, tap, groove_of(found, first, LOOP)


def _old_since(score: Score, name: str, beat: float) -> str:
    """Return what tells that a picture is old: what a drummer plays is no answer yet to what it is asked at a beat."""
    source, given = score.edit(name, "source", beat), score.edit(name, "pattern", beat)
    if source is None or source.value is None or isinstance(source.value, Exact) or plays_idea(score, name, beat):
        return ""
    if given is None or given.beat < source.beat:
        before = next((one for one in score.sources(name, beat) if one is not source and one.value is not None), None)
        return "old, the answer is not there yet" if given is not None and before is not None else "no answer yet"
    paths = [path for path in score.paths(name) if path.partition(".")[0] in _ASKED]
    turned = max((edit.beat for path in paths if (edit := score.edit(name, path, beat))), default=0.0)
    return f"old, as of {place(given.beat)}: the answer is not there yet" if given.beat < turned else ""


def _next_line(live: SessionClient, name: str, beat: float) -> float:
    """Return the beat from which on it is as shown: that of the last edit that is due by the next line, or now."""
    near = (beat // BEATS_PER_BAR + 1) * BEATS_PER_BAR
    due = [e.beat for e in live.score.pending(beat) if e.drummer in ("", name) and e.beat <= near + STEP]
    return max(due, default=beat)


def _said(edit: Edit | None, path: str) -> str:
    if edit is None or edit.value is None:
        return ""
    over = f" over {edit.over:g} bars" if edit.over else ""
    return f"{path} {plain(edit.value)}{over}"


def tap_row(tap: Groove) -> str:
    """Return a rhythm as a line of text: the louder, the higher."""
    loudest = tap.velocities.max(axis=1)
    cells = [_GLYPHS[min(int(v * len(_GLYPHS)), len(_GLYPHS) - 1)] if v else "·" for v in loudest]
    bars = ["".join(cells[at : at + STEPS_PER_BAR]) for at in range(0, len(cells), STEPS_PER_BAR)]
    return "│".join(bars)


def as_of(drawn: int, now: int) -> str:
    """Return what marks a picture of a bar that has passed, or "".

    >>> as_of(3, 12), as_of(3, 3)
    ('old: this was bar 3, now it is bar 12', '')
    """
    return f"old: this was bar {drawn}, now it is bar {now}" if now > drawn else ""
