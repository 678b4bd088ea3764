"""`groovelive demo`: a set of 32 bars, heard through the embedded synth, or else as sound, MIDI and a picture."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live as Screen
from rich.text import Text

from ..errors import GrooveError
from ..grooves.display import roll
from ..grooves.grid import STEPS_PER_BAR
from ..live import api as words
from ..live.as_grooves import groove_of
from ..live.clip import ENDINGS, Clip
from ..live.session import Session
from ..outputs import no_sound
from ..runtime import endpoints as connection
from ..runtime.hints import groovelive, install, quoted, typed
from ..runtime.shipped import shipped
from ..saving import check_outputs
from ..score.edits import BEATS_PER_BAR, STEP
from ..score.events import events
from . import services
from .arguments import Parser

SHOWN: Final = ((1, "funk, to a tapped rhythm"), (7, "a fill into what comes next"), (9, "rock, harder"),
                (17, "a break: afrobeat, softly"), (23, "the build-up, and its fill"), (25, "all of it"),
                (29, "home"))  # fmt: skip
FRAMES: Final = 12  # a second


def main(argv: Sequence[str]) -> int:
    """Run `groovelive demo` and return its exit code.

    Raises:
        GrooveError: an argument is wrong, or the files can't be written there.
    """
    parser = Parser(
        prog="groovelive demo",
        description="Play a set of 32 bars through the embedded synth, where there is a sound device, and make MIDI, "
        "WAV and a picture of it.",
    )
    parser.add_argument("--out", metavar="DIR", default=".", type=Path, help="where to put the files (default: here)")
    return run(parser.parse_args(list(argv)).out)


def run(folder: Path, console: Console | None = None, sound: bool | None = None) -> int:
    """Play the set, aloud where there is a sound device, and make demo.mid, demo.svg and demo.wav of it.

    Args:
        folder: where the files go; made if missing.
        console: where the roll is shown; by default the terminal.
        sound: whether to play it aloud; by default, if it can be and no session runs here that it would disturb.

    Returns:
        The exit code.

    Raises:
        GrooveError: the files can't be written there.
    """
    console = console or Console(highlight=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GrooveError(f"cannot write to {folder}: {error.strerror or error}") from None
    synth = importlib.util.find_spec("nanosynth") is not None
    files = [folder / name for name in ("demo.mid", "demo.svg", "demo.wav") if synth or name != "demo.wav"]
    check_outputs(files, ENDINGS)
    if sound is None:
        busy = connection.holder("conductor") is not None
        if busy:
            console.print("a session runs on this machine, which is left alone: the set is made into files")
        why = "" if busy or not synth else no_sound()
        if why:
            console.print(f"{why}: the set is made into files", markup=False, soft_wrap=True)
        sound = synth and not busy and not why
    clip = _aloud(console) if sound else _silently(console)
    if not sound:
        _show(console, clip)
    console.print("rendering" if synth else "writing", end=" … ")
    clip.save(*files)
    console.print("done")
    for path in files:
        console.print(f"wrote [bold]{path}[/] ({path.stat().st_size / 1000:,.0f} kB)")
    if not synth:
        console.print(f"no demo.wav: that needs the embedded synth, {install('synth')}", markup=False, soft_wrap=True)
    console.print()
    ipython = importlib.util.find_spec("IPython") is not None
    told = next_steps(groovelive(), quoted(typed(Path(sys.executable))), ipython=ipython, synth=synth)
    console.print(told, end="", markup=False, soft_wrap=True)
    return 0


def next_steps(command: str, python: str, *, ipython: bool, synth: bool) -> str:
    """Return what a reader can type next, a line each.

    Args:
        command: starts `groovelive` here.
        python: starts the Python that has it.
        ipython: whether IPython is there.
        synth: whether the embedded synth is there.

    >>> print(next_steps(".venv/bin/groovelive", ".venv/bin/python", ipython=True, synth=True), end="")
    What to try next: type
      .venv/bin/groovelive
          and in IPython: d1 >> groove("x..x..x.")
      .venv/bin/groovelive drum "x..x..x." --genre funk -o beat.wav
      .venv/bin/groovelive --help
    """
    play = command if ipython else f"{python} -m groovelive"
    file = "wav" if synth else "mid"
    return f"""\
What to try next: type
  {play}
      and {"in IPython" if ipython else "in the line REPL"}: d1 >> groove("x..x..x.")
  {command} drum "x..x..x." --genre funk -o beat.{file}
  {command} --help
"""


def the_set() -> ModuleType:
    """Return the set that is played: `examples/performance.py`."""
    path = shipped("examples/performance.py")
    spec = importlib.util.spec_from_file_location("groovelive_performance", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _silently(console: Console) -> Clip:
    """Play the set on a simulated clock."""
    with words.open(realtime=False, by="demo") as live:
        the_set().play(live)
        return Clip(live.snapshot(), 0.0, live.beat, live.model)


def _aloud(console: Console) -> Clip:
    """Play the set through the synth, with a roll that moves."""
    live = words.open(by="demo")
    begin = (live.bar) * float(BEATS_PER_BAR)
    over = threading.Event()

    def show() -> None:
        with Screen(console=console, refresh_per_second=FRAMES, transient=True) as screen:
            while not over.wait(1 / FRAMES):
                screen.update(frame(live))

    thread = threading.Thread(target=show, name="roll", daemon=True)
    thread.start()
    try:
        the_set().play(live)
        live.wait(beats=2)  # what rings, rings out
        return Clip(live.snapshot(), begin, float(live.bar * BEATS_PER_BAR), live.model)
    finally:
        over.set()
        thread.join(2)
        with contextlib.suppress(GrooveError):
            words.hush()
        live.close()
        services.main("stop", [])


def frame(live: Session) -> Any:
    """Return what plays now as a picture for the terminal: two bars of each drummer, the playing step lit.

    >>> live = words.open(realtime=False)
    >>> _ = live.d1 >> words.play("bd sn")
    >>> live.run(bars=1)
    >>> print("snare" in frame(live).renderables[1].plain)
    True
    """
    beat = live.beat
    bar = int(beat // BEATS_PER_BAR)
    first = bar // 2 * 2
    score = live.score
    parts: list[Any] = [Text(f"bar {bar + 1} · {live.bpm:.4g} bpm", style="bold")]
    for name in score.drummers:
        found = events(score, first * BEATS_PER_BAR, (first + 2) * BEATS_PER_BAR, (name,))
        text = Text.from_ansi(f"{name}\n{roll(groove_of(found, first * STEPS_PER_BAR, 2), colour=True)}")
        _light(text, int((beat - first * BEATS_PER_BAR) / STEP))
        parts.append(text)
    return Group(*parts)


def _light(text: Text, step: int) -> None:
    """Light a step in all rows of a roll: its column stands after the names, one on after the bar line."""
    lines = text.plain.split("\n")
    if len(lines) < 2 or "1" not in lines[1]:
        return
    column = lines[1].index("1") + step + step // STEPS_PER_BAR
    at = len(lines[0]) + 1
    for line in lines[1:]:
        if column < len(line):
            text.stylize("reverse", at + column, at + column + 1)
        at += len(line) + 1


def _show(console: Console, clip: Clip) -> None:
    """Print the roll of some bars of the set."""
    for bar, what in SHOWN:
        first = (bar - 1) * BEATS_PER_BAR
        if first + 2 * BEATS_PER_BAR <= clip.end:
            console.print(f"\n[bold]bars {bar} and {bar + 1}[/]: {what}")
            part = Clip(clip.score, float(first), float(first + 2 * BEATS_PER_BAR))
            console.print(Text.from_ansi(roll(part.groove(), colour=True)), soft_wrap=True)
    console.print()
