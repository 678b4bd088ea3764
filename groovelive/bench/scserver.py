"""A SuperCollider server to measure on: JACK without a sound card, clicks of one sample, and a recording of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import GrooveError
from ..osc_messages.codec import OscMessage, message, read
from ..outputs.sc_server import program
from ..runtime.hints import system_package
from ..runtime.overheard import Overheard

RATE, PERIOD = 48000, 256
CLICK, RECORDER = "gl_bench_click", "gl_bench_record"
_BUFFER = 65536  # frames; DiskOut writes halves of it, so that the last 0.7 s are lost
_TAIL = 1.6  # seconds
_DEFS = """
[
    SynthDef(\\gl_bench_click, {
        OffsetOut.ar(0, Impulse.ar(0)); Line.kr(0, 1, 0.01, doneAction: 2)
    }),
    // The same under the name of the kit's kick, straight to the output: what is measured is when, not how it sounds.
    SynthDef(\\gl_acoustic_kick, { |out, velocity|
        OffsetOut.ar(0, Impulse.ar(0)); Line.kr(0, 1, 0.01, doneAction: 2)
    }),
    SynthDef(\\gl_bench_record, { |bufnum| DiskOut.ar(bufnum, In.ar(0, 1)) })
].do { |def| File.use(thisProcess.argv.last +/+ def.name ++ ".scsyndef", "wb") { |file| file.write(def.asBytes) } };
0.exit;
"""


def sclang(script: Path, *arguments: str, patience: float, **environment: str) -> None:
    """Run a script of sclang to its end.

    Raises:
        GrooveError: there is no sclang, or it failed, or has not ended in time.
    """
    found = shutil.which("sclang")
    if found is None:
        raise GrooveError(f"there is no sclang here: {system_package('sclang')}")
    # Without a display, and as root, it wants both; "-a": what follows the script is for the script.
    everything = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", **environment}
    try:
        done = subprocess.run(
            [found, *arguments[:-1], str(script), *arguments[-1:]],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience, env=everything, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode(errors="replace").strip().splitlines() or ["nothing"]
        raise GrooveError(f"{script.name} has not ended within {patience:g} s; it said: {said[-1]}") from None
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if "ERROR" in line] or done.stdout.splitlines()[-1:]
        raise GrooveError(f"{script.name} failed: {' '.join(said)}")


class Recorded:
    """A server that records its first output, on a JACK server of its own.

    Args:
        folder: for files.
        environment: in which JACK is found.
        log: what the JACK server says.
    """

    def __init__(self, folder: Path, environment: dict[str, str], log: Path) -> None:
        self._folder, self._log = folder, log
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        script = folder / "defs.scd"
        script.write_text(_DEFS)
        sclang(script, str(folder), patience=30)
        command = [program(), "-u", str(self.port), "-i", "0", "-o", "2", "-D", "0", "-R", "0", "-l", "8"]
        if real_time():
            command = ["chrt", "-f", "70", *command]
        self._child = Overheard(command, environment={**os.environ, **environment})
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", self.port))
        self._socket.settimeout(0.3)
        self._wait("/status", "/status.reply", 10)
        self.define()
        self._socket.send(message("/g_new", 1, 0, 0))  # that which sclang's clients put their notes in

    def define(self) -> None:
        """Send the SynthDefs, over what other clients have sent under their names."""
        for path in sorted(self._folder.glob("*.scsyndef")):
            self._socket.send(message("/d_recv", path.read_bytes()))
        self._wait("/sync", "/synced", 3, 1)

    def _wait(self, address: str, answer: str, seconds: float, *arguments: int) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                self._socket.send(message(address, *arguments))
                while True:
                    found: OscMessage = read(self._socket.recv(65536))[0]
                    if found.address == answer:
                        return
            time.sleep(0.05)
        raise GrooveError(
            f"scsynth does not answer: is there a JACK server that it can reach? It {self._child.state()}"
        )

    def xruns(self) -> int:
        """Return how often sound has been interrupted so far: each sets scsynth's clock back for a while."""
        return self._log.read_text(errors="replace").lower().count("xrun")

    @contextlib.contextmanager
    def recording(self, name: str) -> Iterator[Path]:
        """Record while a block runs; the file is whole at its end."""
        path = self._folder / f"{name}.wav"
        self._socket.send(message("/b_alloc", 0, _BUFFER, 1))
        self._wait("/sync", "/synced", 3, 2)
        self._socket.send(message("/b_write", 0, str(path), "wav", "float", 0, 0, 1))
        self._wait("/sync", "/synced", 3, 3)
        self._socket.send(message("/s_new", RECORDER, 999, 1, 0, "bufnum", 0))
        yield path
        time.sleep(_TAIL)
        self._socket.send(message("/n_free", 999))
        self._socket.send(message("/b_close", 0))
        self._socket.send(message("/b_free", 0))
        self._wait("/sync", "/synced", 3, 4)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._socket.send(message("/quit"))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.process.wait(2)
        self._child.end(0)
        self._socket.close()


def real_time() -> bool:
    """Return whether programs may be run ahead of ordinary ones here."""
    if sys.platform != "linux" or shutil.which("chrt") is None:
        return False
    return subprocess.run(["chrt", "-f", "70", "true"], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def recorded(folder: Path) -> Iterator[Recorded]:
    """Run JACK without a sound card (in real time, where that is allowed), and a server on it.

    Raises:
        GrooveError: JACK or SuperCollider is not there.
    """
    if shutil.which("jackd") is None:
        raise GrooveError(f"there is no jackd here: {system_package('jack')}")
    name = f"groovelive-bench-sc{os.getpid()}"
    environment = {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    how = ["-R", "-P", "80"] if real_time() else ["-r"]
    command = ["jackd", *how, "-n", name, "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)]
    log = folder / "jackd"
    with log.open("w") as out:
        jack = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    server: Recorded | None = None
    try:
        time.sleep(0.7)
        server = Recorded(folder, environment, log)
        yield server
    finally:
        if server is not None:
            server.close()
        jack.terminate()
        jack.wait()


def onsets(path: Path) -> NDArray[np.float64]:
    """Return when clicks are in a WAV file of 32-bit floats, in seconds."""
    data = path.read_bytes()
    at = data.index(b"data") + 8
    samples = np.frombuffer(data[at : at + (len(data) - at) // 4 * 4], "<f4")
    loud = np.flatnonzero(np.abs(samples) > 0.25)
    first: NDArray[np.float64] = loud[np.diff(loud, prepend=-RATE) > RATE // 200] / RATE
    return first


def residuals(times: NDArray[np.float64], apart: float) -> NDArray[np.float64]:
    """Return how far onsets lie from a straight line, in ms; one that is missing makes no other late.

    Args:
        times: seconds.
        apart: seconds, about, from one to the next.

    >>> residuals(np.array([1.0, 2.0, 3.0, 5.0]), 1.0).round(9).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    numbers = np.cumsum(np.round(np.diff(times, prepend=times[0]) / apart))
    slope, start = np.polyfit(numbers, times, 1)
    away: NDArray[np.float64] = np.abs(1000 * (times - (start + slope * numbers)))
    return away
