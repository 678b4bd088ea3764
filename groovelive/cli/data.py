"""`groovelive data`: the training data."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..training import download
from .arguments import Parser


def main(argv: Sequence[str]) -> int:
    """Run `groovelive data` and return its exit code.

    Raises:
        GrooveError: an argument is wrong, or the data cannot be fetched or written.
    """
    parser = Parser(prog="groovelive data", description="The training data.")
    parser.set_defaults(run=lambda _: parser.print_help())
    fetch = parser.add_subparsers(title="commands", metavar="COMMAND").add_parser(
        "fetch",
        help="download and check the Groove MIDI Dataset (3 MB)",
        description="Download the MIDI files of the Groove MIDI Dataset (Google LLC, CC BY 4.0; 3 MB) and "
        "check them. A download that was interrupted goes on where it stopped.",
    )
    fetch.add_argument("--to", metavar="DIR", default=".", help="folder for the zip file (default: here)")
    fetch.add_argument("--url", help="fetch the same file from another address")
    fetch.set_defaults(run=_fetch)
    arguments = parser.parse_args(list(argv))
    arguments.run(arguments)
    return 0


def _fetch(arguments: argparse.Namespace) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Groove MIDI Dataset", total=download.SIZE)
        path = download.fetch(
            arguments.to,
            url=arguments.url or download.URL,
            size=download.SIZE,
            sha256=download.SHA256,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f"{path} is there and right (Groove MIDI Dataset, Google LLC, CC BY 4.0)")
