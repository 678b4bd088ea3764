"""`groovelive demo`: a tapped rhythm, drums to it in three genres, and a walk, as MIDI, sound and picture."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..drumming import answer, check_outputs, joined, listen, save
from ..errors import GrooveError
from ..hvo import Groove
from ..show import roll

if TYPE_CHECKING:
    from ..model import Model

PERFORMANCE: Final = Path(__file__).with_name("performance.mid")  # made by performance.py
GENRES: Final = ("funk", "latin", "jazz")
BARS: Final = 4  # of each genre
WALK: Final = ("jazz", "rock", 8)  # from, to, and in how many bars

NEXT: Final = """\
What to try next:
  {command} drum "x..x..x." --genre funk -o beat.wav
  {command} drum YOUR.mid -o drums.mid
  {command} drum --help
"""


def run(folder: Path, console: Console | None = None) -> int:
    """Make demo.mid, demo.wav and demo.svg in `folder`, and show what is in them; return the exit code.

    Args:
        folder: where the files go; made if missing.
        console: where the roll and the progress are shown; by default the terminal.

    Raises:
        GrooveError: the files can't be written there.
    """
    console = console or Console(highlight=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GrooveError(f"cannot write to {folder}: {error.strerror or error}") from None
    sound = importlib.util.find_spec("nanosynth") is not None
    files = [folder / name for name in ("demo.mid", "demo.wav", "demo.svg") if sound or name != "demo.wav"]
    check_outputs(files)

    rhythm = listen(str(PERFORMANCE))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("waking the drummer", total=len(GENRES) + 3)

        def step(what: str) -> None:
            progress.update(task, advance=1, description=what)

        from ..model import load

        model = load()
        song = [("the tap", rhythm.groove)]
        _show(progress.console, "Four bars tapped with two fingers", rhythm.groove)
        for genre in GENRES:
            step(f"drumming {genre}")
            (_, groove) = part = (genre, joined(answer(model, rhythm.groove, bars=BARS, genre=genre)))
            _show(progress.console, f"The drummer's answer: {genre}", groove)
            song.append(part)
        step("walking")
        song.append((f"from {WALK[0]} to {WALK[1]}", _walk(model)))
        _show(progress.console, f"A walk through the latent space, from {WALK[0]} to {WALK[1]}", song[-1][1])
        step("rendering sound" if sound else "writing")
        save(song, files, tempo=rhythm.tempo)
        step("done")

    for path in files:
        console.print(f"wrote [bold]{path}[/] ({path.stat().st_size / 1000:,.0f} kB)")
    if not sound:
        console.print("no demo.wav: that needs the embedded synth, pip install 'groovelive\\[synth]'")
    console.print()
    console.print(NEXT.format(command=_command()), end="", markup=False)
    return 0


def _walk(model: Model) -> Groove:
    """Return a walk between two genres: of each step one bar, in turn the first and the second."""
    start, end, bars = WALK
    return joined([step[bar % 2] for bar, step in enumerate(model.walk(start, end, steps=bars))])


def _show(console: Console, title: str, groove: Groove) -> None:
    console.print(f"\n[bold]{title}[/]")
    console.print(Text.from_ansi(roll(groove, colour=True)), soft_wrap=True)


def _command() -> str:
    """Return what the reader types to run groovelive again."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py" or shutil.which("groovelive"):
        return "groovelive" if shutil.which("groovelive") else "python -m groovelive"
    return os.path.relpath(called) if called.is_absolute() else str(called)
