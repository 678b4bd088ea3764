"""An instrument on a MIDI port of its own, in a process that can be unplugged: for the benchmark, and for tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import GrooveError
from ..runtime.midi_ports import open_client

_PATIENCE = 10.0  # seconds


class Instrument:
    """Sends MIDI from a port that others can hear.

    Args:
        name: of the port; "Keys" is heard as "Keys:out".
        environment: in which MIDI is found.

    Raises:
        GrooveError: there is no MIDI.
    """

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | dict(environment),
        )  # fmt: skip
        if self._answer() != "ready":
            self.unplug()
            raise GrooveError(f"the instrument {name} has no MIDI to play on")

    def __enter__(self) -> Instrument:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def send(self, *messages: str, every: float = 0.0) -> list[int]:
        """Send messages, each so many seconds after the one before, and return when, in ns of the monotonic clock.

        Args:
            messages: bytes in hexadecimal: "90 3c 64".
            every: seconds.
        """
        assert self._child.stdin is not None
        self._child.stdin.write(f"{every} {','.join(message.replace(' ', '') for message in messages)}\n")
        self._child.stdin.flush()
        return [int(one) for one in self._answer().split(",")]

    def unplug(self) -> None:
        """Take the port away, as it would be if the cable was pulled."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _answer(self) -> str:
        assert self._child.stdout is not None
        while line := self._child.stdout.readline():
            if line.startswith("> "):  # drivers print what they like
                return line[2:].strip()
        return ""


def play(name: str) -> None:
    """Send what standard input says, and say when."""
    out: Any = open_client("MidiOut", name)
    out.open_virtual_port("out")
    print("> ready", flush=True)
    for line in sys.stdin:
        every, _, data = line.strip().partition(" ")
        print(">", ",".join(map(str, _sent(out, float(every), data.split(",")))), flush=True)


def _sent(out: Any, every: float, messages: Sequence[str]) -> list[int]:
    begin, times = time.monotonic(), []
    for k, message in enumerate(messages):
        while (rest := begin + k * every - time.monotonic()) > 0:
            time.sleep(rest)
        times.append(time.monotonic_ns())
        data = bytes.fromhex(message)
        if data[0] == 0xF0:
            out.send_sysex(*data[1:-1])
        else:
            out.send_raw(*data)
    return times


if __name__ == "__main__":
    play(sys.argv[1])
