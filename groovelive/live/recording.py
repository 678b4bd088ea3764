"""Recording a set to files, and playing a take again."""

from __future__ import annotations

import math
from os import PathLike

import msgspec

from ..errors import GrooveError
from ..protocol.session import MAX_EDITS, Draft, When
from ..saving import check_outputs
from ..score.asked import plays_idea, taken_idea
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, ENGINE, STEP, Edit, Moves
from ..score.inputs import Hearing
from ..score.names import NAMELESS, is_machine
from ..score.score import Score
from .client import SessionClient
from .clip import ENDINGS, Clip
from .take import read


class Recording:
    """What is played from its beginning to its end, in files; see `groovelive.record`."""

    def __init__(self, live: SessionClient, paths: tuple[str | PathLike[str], ...]) -> None:
        self._live = live
        self._paths = check_outputs(paths, ENDINGS)
        self.begin = math.ceil(live.beat / STEP) * STEP
        self.clip: Clip | None = None

    def stop(self) -> Clip:
        """End it and write the files.

        Raises:
            GrooveError: one cannot be written; the others are there.
        """
        if self.clip is None:
            end = math.floor(self._live.beat / STEP) * STEP
            if end <= self.begin:
                raise GrooveError("nothing was played while this was recorded")
            self.clip = Clip(self._live.snapshot(), self.begin, end, self._live.model)
            self.clip.save(*self._paths)
        return self.clip

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.stop()
        except GrooveError:
            if kind is None:
                raise

    def __repr__(self) -> str:
        names = ", ".join(str(path) for path in self._paths)
        return f"recorded {self.clip!r}: {names}" if self.clip else f"recording {names} from beat {self.begin:g}"


def replay(path: str | PathLike[str], live: SessionClient | None) -> Clip:
    """Return the span of a take, and play it in a session from the next bar on, where one is given."""
    _, take = read(path)
    clip = Clip(take.score, take.begin, take.end, take.model)
    if live is not None:
        play(clip, live)
    return clip


def play(clip: Clip, live: SessionClient) -> None:
    """Let a session play a clip from a bar to come: all its edits are made again, at its beats, as one's own."""
    start = math.ceil((live.beat + 1) / BEATS_PER_BAR) * float(BEATS_PER_BAR)
    drafts = [Draft(path, None, name, beat=start) for name, path in _set(live.score, start)]
    score, moved = clip.score, start - clip.begin
    origin = round((start - clip.begin) / BEATS_PER_BAR) + score.origin(clip.begin)
    drafts.append(Draft("origin", origin, beat=start))
    drafts += [_draft(edit, start, 0.0, clip.begin) for edit in _before(score, clip.begin)]
    inside = [edit for edit in score.edits if clip.begin < edit.beat < clip.end and _counts(score, edit)]
    drafts += [_draft(one, edit.beat + moved, one.over, clip.begin) for edit in inside for one in _said(score, edit)]
    end = start + clip.end - clip.begin
    drafts += [Draft("source", None, name, beat=end) for name in score.drummers]
    drafts.append(Draft("origin", None, beat=end))
    for at in range(0, len(drafts), MAX_EDITS):
        live.send(drafts[at : at + MAX_EDITS], When("beat"))


def _set(score: Score, beat: float) -> list[tuple[str, str]]:
    """Return what is set in a session at a beat, and is to be as if it were not."""
    kept = (
        "pattern", "own", "out", "scene", "playing", "origin", "undo", "redo", "each_bar", "played", "clear"
    )  # fmt: skip
    names = (SESSION, *score.drummers)
    paths = [(n, p) for n in names for p in score.paths(n) if p not in kept and not p.startswith("knob.")]
    return [(n, p) for n, p in paths if score.value(n, p, beat) is not None]


def _before(score: Score, beat: float) -> list[Edit]:
    """Return what holds when a take begins."""
    found = []
    for name in (SESSION, *score.drummers):
        for path in score.paths(name):
            edit = score.edit(name, path, beat) if path not in ("played", "clear", "fill", "drop") else None
            if edit is None or edit.value is None or not _is_music(edit) or path == "idea":
                continue
            if isinstance(edit.value, Moves):  # with those that it was added to
                edit = msgspec.structs.replace(edit, value=score.value(name, path, beat))
            found.append(edit)
        idea = taken_idea(score, name, beat)
        if idea is not None and plays_idea(score, name, beat):  # begun before, and not for a whole loop again
            found.append(msgspec.structs.replace(idea, path="pattern", by=ENGINE))
    return found


def _is_music(edit: Edit) -> bool:
    if edit.path.startswith("knob.") or edit.path == "autopilot":  # what they changed is in the take by itself
        return False
    return edit.path not in ("out", "scene", "playing", "origin", "undo", "redo", "quantum", "each_bar")


def _counts(score: Score, edit: Edit) -> bool:
    return _is_music(edit) and score.counts(edit)


def _said(score: Score, edit: Edit) -> list[Edit]:
    """Return what an edit was to the take alone: silence ends nothing else of the session that it is played in."""
    if edit.path not in ("hush", "cancel") or (edit.drummer and edit.path == "hush"):
        return [edit]
    replace = msgspec.structs.replace
    found = [replace(edit, drummer=name) for name in score.drummers] if edit.path == "hush" else []
    tempo = score.edit(SESSION, "bpm", edit.beat)
    if tempo is not None and score.ended(tempo, math.inf) == edit.beat:
        found.append(replace(edit, drummer=SESSION, path="bpm", value=score.number(SESSION, "bpm", edit.beat)))
    return found


def _draft(edit: Edit, beat: float, over: float, begun: float) -> Draft:
    """Return an edit to be made again at a beat; `begun` is where the take begins."""
    value = edit.value
    if isinstance(value, Hearing):  # nobody is asked what has been answered, and no port is needed
        value = Hearing(ears=value.ears, taken=True)
    own = not is_machine(edit.by) or edit.by == NAMELESS  # another's edits of then are who plays them's to undo now
    bars = max(edit.end - max(edit.beat, begun), STEP) / BEATS_PER_BAR if edit.bars else 0.0
    return Draft(edit.path, value, edit.drummer, beat=beat, over=over, bars=bars, by="" if own else edit.by)
