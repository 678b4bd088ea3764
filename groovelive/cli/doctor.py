"""`groovelive doctor`: what this machine has and lacks for groovelive, and the command that mends each."""

from __future__ import annotations

import argparse
import json
import platform
import textwrap
from collections.abc import Sequence
from typing import Final, cast

import msgspec

from .. import __version__
from ..checks import name, whole
from ..doctor.examine import examine
from ..doctor.findings import TOPICS, Finding, Topic
from .arguments import Parser
from .services import OSC_PORT
from .status import report

_PAGE: Final = "docs/troubleshooting.md"
_WIDTH = 100


def main(argv: Sequence[str]) -> int:
    """Run `groovelive doctor` and return its exit code.

    Returns:
        1 where something is broken, or a topic that was named is not there; else 0.

    Raises:
        GrooveError: an argument is wrong.

    >>> main(["sund"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: ... 'sund'...
    """
    listed = "\n".join(f"  {topic:14} {what}" for topic, what in TOPICS.items())
    parser = Parser(
        prog="groovelive doctor",
        description="Look at what this machine has and lacks for groovelive, and name the command that mends it.",
        epilog=f"topics:\n{listed}\n\nThe exit status is 1 where something is broken, or a topic that is named is not "
        "there; else 0.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("topics", metavar="TOPIC", nargs="*", help="default: all")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--port", metavar="N", type=int, default=OSC_PORT, help="of the conductor's OSC door")
    arguments = parser.parse_args(list(argv))
    port = whole("port", arguments.port, 1, 65535)
    asked = [cast(Topic, name("topic", topic, TOPICS)) for topic in arguments.topics]
    found: list[Finding] = []
    for each in examine(report, port, asked):
        found.append(each)
        if not arguments.json:
            print(told(each), flush=True)
    wrong = [each for each in found if each.state == "broken" or (asked and each.state != "ok")]
    if arguments.json:
        print(json.dumps({
            "groovelive": __version__, "system": platform.platform(), "ok": not wrong,
            "findings": [msgspec.to_builtins(each) for each in found],
        }))  # fmt: skip
    else:
        print(summary(found, len(wrong)))
    return 1 if wrong else 0


def told(finding: Finding) -> str:
    """Return a finding as lines: its state, topic and sentence; the command; the heading of the page.

    >>> print(told(Finding("midi", "missing", "no sequencer", "sudo modprobe snd-seq", "No MIDI")))
    missing  midi           no sequencer
                            > sudo modprobe snd-seq
                            docs/troubleshooting.md: No MIDI
    """
    head = f"{finding.state:8} {finding.topic:14} "
    lines = textwrap.wrap(
        finding.what, _WIDTH - len(head), break_long_words=False, break_on_hyphens=False
    )  # fmt: skip
    if finding.mend:
        lines.append(f"> {finding.mend}")
    if finding.see:
        lines.append(f"{_PAGE}: {finding.see}")
    return head + f"\n{' ' * len(head)}".join(lines)


def summary(found: Sequence[Finding], wrong: int) -> str:
    """Return the last line: how much is missing, and how much is wrong.

    >>> summary([Finding("midi", "missing", "no back end", see="No MIDI")], 0)
    'nothing is broken; 1 thing that you may want is missing'
    """
    missing = sum(each.state == "missing" for each in found)
    what = "1 thing that you may want is" if missing == 1 else f"{missing} things that you may want are"
    first = "nothing is broken" if not wrong else f"{wrong} thing{'s are' if wrong > 1 else ' is'} not well"
    if wrong or not missing:
        return first
    return f"{first}; {what} missing"
