"""A SuperCollider server that runs by itself: reached over UDP, logged into, set up, and watched."""

from __future__ import annotations

import contextlib
import glob
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from ..errors import GrooveError
from ..osc_messages.codec import Argument, OscMessage, message, read
from ..runtime import log
from .osc import reach

Packet = tuple[Argument, ...]
"""A message to the server: its address, then its arguments."""

_PATIENCE = 1.0  # seconds for an answer
_LOOK = 0.5  # seconds between two looks whether it is there
_SILENT = 2.0  # seconds without an answer after which it counts as gone
_AGAIN = 2.0  # seconds until one that has gone is tried again
_BOOT = 10.0  # seconds to boot in
_MOST = 32  # clients that sclang can tell apart: node ids of the nth begin at n << 26
_SPARE = 400  # ids of a client from here on are ours; sclang's own are 1, its default group, and those from 1000 on
_FOLDERS = {
    "darwin": ("/Applications/SuperCollider.app/Contents/Resources/scsynth",
               "/Applications/SuperCollider/SuperCollider.app/Contents/Resources/scsynth"),
    "win32": ("C:/Program Files/SuperCollider-*/scsynth.exe", "C:/Program Files/SuperCollider/scsynth.exe"),
    "linux": ("/usr/bin/scsynth", "/usr/local/bin/scsynth", "/opt/*/bin/scsynth"),
}  # fmt: skip


def program() -> str:
    """Return where scsynth is: on PATH, or in the usual folders of this system.

    Raises:
        GrooveError: it is not installed.
    """
    found = shutil.which("scsynth")
    for pattern in _FOLDERS.get(sys.platform, ()):
        found = found or next(iter(sorted(glob.glob(pattern), reverse=True)), None)
    if found is None:
        raise GrooveError(
            "there is no scsynth on this machine's PATH or in the usual folders: install SuperCollider "
            "(https://supercollider.github.io), or use synth(), which needs none"
        )
    return found


class ScServer:
    """A server, as one client of it.

    Args:
        host: name or address.
        port: of UDP.
        boot: whether to boot one where none answers.
        outputs: channels, of one that is booted.
        setup: called, in the thread that watches, whenever a server is there anew, with this server's client id.
        tell: called with a sentence when it goes and when it is back.

    Raises:
        GrooveError: none is there, and none can be booted, or it cannot be set up.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        boot: bool,
        outputs: int,
        setup: Callable[[ScServer], None],
        tell: Callable[[str], None],
    ) -> None:
        self.name = f"scsynth {host}:{port}"
        self.client, self.logins = _MOST - 1, _MOST
        self.there = False
        self._port, self._boot, self._outputs, self._setup, self._tell = port, boot, outputs, setup, tell
        self._local = host in ("127.0.0.1", "localhost", "::1")
        self._socket, where = reach(host, port)
        self._socket.connect(where)
        self._process: subprocess.Popen[bytes] | None = None
        self._met = time.monotonic()
        self._heard, self._went, self._syncs, self._lost = 0.0, 0.0, 0, False
        self._over = threading.Event()
        try:
            self._meet()
        except GrooveError:
            self._leave()
            raise
        self.there = True
        self._thread = threading.Thread(target=self._watch, name=self.name, daemon=True)
        self._thread.start()

    @property
    def group(self) -> int:
        """The first of some hundred node ids that nobody else on the server takes."""
        return (self.client << 26) + _SPARE

    def send(self, packet: bytes) -> None:
        """Send a packet; where the server has just gone, nothing happens."""
        with contextlib.suppress(ConnectionError, BlockingIOError):
            self._socket.send(packet)

    def tell(self, packets: Sequence[Packet], *, lenient: bool = False) -> None:
        """Send messages, and wait until all is done; only while it is set up.

        Args:
            lenient: whether it may fail at them.

        Raises:
            GrooveError: it does not answer, or failed.
        """
        self._syncs += 1
        for each in packets:
            self.send(message(str(each[0]), *each[1:]))
        self.send(message("/sync", self._syncs))
        failed: list[str] = []

        def synced(found: OscMessage) -> bool:
            if found.address == "/fail":
                failed.append(" ".join(map(str, found.arguments)).strip())
            return found.address == "/synced" and found.arguments[:1] == (self._syncs,)

        if not self._until(synced, 2 * _PATIENCE):
            raise GrooveError(f"{self.name} does not answer")
        if failed and not lenient:
            raise GrooveError(f"{self.name} failed: {failed[0]}")

    def close(self) -> None:
        """Log out, and quit a server that was booted for this."""
        self._over.set()
        self._thread.join(_PATIENCE)
        self._leave()

    def _leave(self) -> None:
        self.there = False
        with contextlib.suppress(OSError):
            self.send(message("/notify", 0))
            if self._process is not None:
                self.send(message("/quit"))
        self._socket.close()
        if self._process is not None:
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    # How it is met

    def _meet(self) -> None:
        """Find the server, or boot it; log in, and set up."""
        if not self._answers(_PATIENCE):
            if not (self._boot and self._local):
                hint = "boot it, as by s.boot in SuperCollider" + (", or boot=True" if self._local else "")
                raise GrooveError(f"no {self.name} answers; {hint}")
            self._start()
        self._log_in()
        self._setup(self)
        self._met = self._heard = time.monotonic()
        self._lost = False

    def _answers(self, seconds: float) -> bool:
        self._drain()
        self.send(message("/status"))
        return self._until(lambda found: found.address in ("/status.reply", "status.reply"), seconds)

    def _start(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        command = [
            program(), "-u", str(self._port), "-B", "127.0.0.1", "-i", "0", "-o", str(self._outputs), "-D", "0",
            "-R", "0", "-l", "8", "-n", "8192", "-m", "65536",
        ]  # fmt: skip
        environment = {"SC_JACK_DEFAULT_OUTPUTS": "system", **os.environ}
        drain = log.descriptor()  # without a log it prints where this process does
        try:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=drain, stderr=drain
            )
        except OSError as error:
            raise GrooveError(f"{command[0]} cannot be started: {error.strerror}") from None
        end = time.monotonic() + _BOOT
        while not self._answers(0.2):
            code = self._process.poll()
            if code is not None or time.monotonic() > end:
                what = f"ended with code {code}" if code is not None else f"was not up within {_BOOT:g} s"
                self._process.kill()
                self._process.wait()
                self._process = None
                raise GrooveError(
                    f"scsynth {what} when it was booted: is there a sound device that it can open? "
                    f"(on Linux a JACK server, as by jackd or pw-jack); {log.where()}"
                )

    def _log_in(self) -> None:
        """Get a client id. A server for one client, as sclang boots it, has none for us; then the last is taken."""
        self.client, self.logins = _MOST - 1, _MOST
        self._drain()
        self.send(message("/notify", 1))

        def answered(found: OscMessage) -> bool:
            if found.arguments[:1] != ("/notify",):
                return False
            given = [each for each in found.arguments[1:] if isinstance(each, int)]
            if found.address == "/done" and given:
                self.client, self.logins = min(given[0], _MOST - 1), given[1] if len(given) > 1 else _MOST
            elif found.address == "/fail" and given and "already registered" in str(found.arguments):
                self.client = min(given[0], _MOST - 1)
            return found.address in ("/done", "/fail")

        if not self._until(answered, _PATIENCE):
            raise GrooveError(f"{self.name} does not answer")

    # How it is watched

    def _watch(self) -> None:
        while not self._over.wait(0.0 if self.there else _AGAIN):
            if not self.there:
                self._try_again()
                continue
            self.send(message("/status"))
            self._until(lambda found: self._lost, _LOOK)
            if self._lost:  # somebody has freed our group: all of it again
                with contextlib.suppress(GrooveError):
                    self._meet()
                    continue
            if self._lost or time.monotonic() - self._heard > _SILENT:
                self.there = False
                self._went = time.monotonic()
                there = self._went - self._met
                self._tell(f"{self.name} has gone, after {there:.1f} s; it is tried again every {_AGAIN:g} s")

    def _try_again(self) -> None:
        try:
            self._meet()
        except (GrooveError, OSError):
            return
        self.there = True
        self._tell(f"{self.name} is back, after {time.monotonic() - self._went:.1f} s")

    def _until(self, wanted: Callable[[OscMessage], bool], seconds: float) -> bool:
        """Read what comes until something wanted does, or for some seconds; return whether it did."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0 and not self._over.is_set():
            if not select.select([self._socket], [], [], min(rest, 0.1))[0]:
                continue
            try:
                packet = self._socket.recv(65536)
            except ConnectionError:  # nobody is at the port
                time.sleep(min(0.05, max(rest, 0)))
                continue
            except OSError:
                return False
            self._heard = time.monotonic()
            try:
                found = read(packet)
            except GrooveError:
                continue
            for each in found:
                if each.address == "/fail" and each.arguments[:1] == ("/s_new",):
                    self._lost = True
                if wanted(each):
                    return True
        return False

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while select.select([self._socket], [], [], 0)[0]:
                self._socket.recv(65536)
