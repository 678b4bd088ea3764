"""Where the engine is found: the runtime folder, its connection file, the lock of who runs, and addresses."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

import msgspec
import zmq

from ..errors import GrooveError
from .curve import (
    Curve,
    KeyPair,
    Peer,
    find,
    new_pair,
    own,
    shared_curve,
    write_private,
)
from .folders import runtime_folder, runtime_path

Role = Literal["engine", "conductor", "serve"]
Service = Literal["engine", "conductor"]
_LONGEST_IPC = 100  # bytes of a path: sun_path has 104 on macOS and BSD, 108 on Linux
_TCP = re.compile(r"tcp://(\[[0-9a-fA-F:.%]+\]|[^:/\[\]]+):(\d{1,5}|\*)")


class Connection(msgspec.Struct, frozen=True):
    """How to reach the engine, or the conductor, of this user, as in its connection file.

    Args:
        address: of ZeroMQ.
        pid: of the process.
        public, secret: the keys that it and its clients share, in Z85; empty where a socket file needs none,
            and where this machine's keys are used.
        curve: whether this machine's keys are used (it was started with `--curve`).
        log: the file that it, and all that runs with it, writes to.
    """

    address: str
    pid: int
    public: str = ""
    secret: str = ""
    curve: bool = False
    log: str = ""

    @property
    def curve_server(self) -> Curve | None:
        """The protection of the server's socket, where the file itself holds the keys."""
        return shared_curve(KeyPair(self.public.encode(), self.secret.encode())) if self.secret else None

    @property
    def peer(self) -> Peer | None:
        """The protection of a client's socket."""
        if self.curve:
            pair = own()
            return Peer(pair, pair.public)
        if not self.secret:
            return None
        return Peer(KeyPair(self.public.encode(), self.secret.encode()), self.public.encode())


# The connection file


def read(service: Service = "engine") -> Connection | None:
    """Return where a service is, or None where no file says so; a damaged file counts as none."""
    try:
        return msgspec.json.decode((runtime_path() / f"{service}.json").read_bytes(), type=Connection)
    except (OSError, msgspec.MsgspecError):
        return None


def write(connection: Connection, service: Service = "engine") -> None:
    """Write the connection file, whole or not at all, for this user only (0600).

    Raises:
        GrooveError: the folder cannot be written, or its disk is full.
    """
    path = runtime_folder() / f"{service}.json"
    try:
        write_private(path, msgspec.json.format(msgspec.json.encode(connection)) + b"\n")
    except OSError as error:
        raise GrooveError(f"the connection file {path} cannot be written: {error.strerror}") from None


def remove(service: Service = "engine") -> None:
    """Remove the connection file and the socket, as a service does that ends."""
    for name in (f"{service}.json", f"{service}.ipc"):
        with contextlib.suppress(OSError):
            (runtime_path() / name).unlink()


def choose(service: Service = "engine") -> Connection:
    """Return the connection of a service that is to start: a socket file, else loopback TCP with new keys.

    Where one died without a farewell, its address and keys are taken over, so that clients find back.
    """
    last = read(service)
    if last is not None and last.secret and last.address.startswith("tcp://127.0.0.1:"):
        return msgspec.structs.replace(last, pid=os.getpid())
    return _fresh(f"{service}.ipc")


def private(role: str) -> Connection:
    """Return a connection that only this process is to use; `discard` it in the end."""
    for path in runtime_folder().glob(f"{role}-*.ipc"):
        pid = path.stem.rpartition("-")[2]
        if pid.isdigit() and not _alive(int(pid)):
            with contextlib.suppress(OSError):
                path.unlink()
    return _fresh(f"{role}-{os.getpid()}.ipc")


def discard(place: Connection) -> None:
    """Remove the socket of a private connection, and the folder if it is empty."""
    with contextlib.suppress(OSError):
        if place.address.startswith("ipc://"):
            Path(place.address[6:]).unlink(missing_ok=True)
        runtime_path().rmdir()


def _fresh(name: str) -> Connection:
    path = runtime_folder() / name
    if zmq.has("ipc") and sys.platform != "win32" and len(os.fsencode(path)) <= _LONGEST_IPC:
        return Connection(f"ipc://{path}", os.getpid())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pair = new_pair()
    return Connection(f"tcp://127.0.0.1:{port}", os.getpid(), pair.public.decode(), pair.secret.decode())


def _alive(pid: int) -> bool:
    if sys.platform == "win32":  # where a signal 0 is a Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# Addresses


def check_bind(address: str, curve: bool) -> str:
    """Return an address to bind, or refuse one that would be open to others without keys.

    >>> check_bind("tcp://127.0.0.1:5570", curve=False)
    'tcp://127.0.0.1:5570'
    >>> check_bind("tcp://0.0.0.0:5570", curve=False)
    Traceback (most recent call last):
    groovelive.errors.GrooveError: tcp://0.0.0.0:5570 is open to other machines, which needs keys: ...
    """
    _check(address)
    if address.startswith("tcp://") and not curve and not is_loopback(address):
        raise GrooveError(
            f"{address} is open to other machines, which needs keys: add --curve "
            "(groovelive keys makes them), or bind to tcp://127.0.0.1"
        )
    return address


def check_connect(address: str, server: str | None) -> Peer | None:
    """Return the protection for connecting to an address: None on this machine without keys.

    Args:
        address: of the server.
        server: its public key or the name of its machine; "" finds it by the host's name; None: no keys.

    Raises:
        GrooveError: that is no address, or one of another machine and without keys; or a key is missing.
    """
    _check(address, wildcard=False)
    if server is None:
        if address.startswith("tcp://") and not is_loopback(address):
            raise GrooveError(f"{address} is another machine, which is reached with keys only: add --curve")
        return None
    if address.startswith("ipc://"):
        raise GrooveError(f"{address} is a socket file, which needs no keys: leave --curve out")
    pair = own()
    if not server and is_loopback(address):
        return Peer(pair, pair.public)
    return Peer(pair, find(server or _host(address)))


def is_loopback(address: str) -> bool:
    """Return whether a TCP address is reached from this machine only."""
    host = _host(address)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(address: str) -> str:
    found = _TCP.fullmatch(address)
    return found[1].strip("[]") if found else ""


def _check(address: str, wildcard: bool = True) -> None:
    if address.startswith("ipc://"):
        if not zmq.has("ipc"):
            raise GrooveError(f"this system has no socket files (ipc): give a tcp:// address, not {address}")
        if not 0 < len(os.fsencode(address[6:])) <= _LONGEST_IPC:
            raise GrooveError(f"the path of {address} must have from 1 to {_LONGEST_IPC} bytes")
        return
    found = _TCP.fullmatch(address)
    if not found or (found[2] == "*" and not wildcard) or (found[2] != "*" and int(found[2]) > 65535):
        raise GrooveError(f"an address is written as tcp://HOST:PORT or ipc://PATH, not as {address!r}")


# Who runs


class Lock:
    """A lock on a role in the runtime folder, held while its process lives, however it ends.

    Args:
        role: what is to be held by one process only.
        patience: seconds to wait for one that has it and is about to end.

    >>> import os, tempfile
    >>> os.environ["GROOVELIVE_RUNTIME"] = tempfile.mkdtemp()
    >>> with Lock("serve"):
    ...     holder("serve") == os.getpid()
    True
    >>> holder("serve") is None
    True
    >>> del os.environ["GROOVELIVE_RUNTIME"]
    """

    def __init__(self, role: Role, patience: float = 0.0) -> None:
        self.role, self.patience = role, patience
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            GrooveError: another process has it, or the folder cannot be written.
        """
        tries, end = 0, time.monotonic() + self.patience
        while tries < 50:
            tries += 1
            path = runtime_folder() / f"{self.role}.lock"
            try:
                file = open(path, "a+b", buffering=0)  # noqa: SIM115 - it stays open while the lock is held
            except FileNotFoundError:  # the last holder has just removed the folder
                continue
            except OSError as error:
                raise GrooveError(f"the lock {path} cannot be written: {error.strerror}") from None
            if _try_lock(file):
                if _same(file, path):  # else the last holder removed it between our opening and locking
                    self._file = file
                    break
            elif (other := holder(self.role)) is not None:
                file.close()
                if time.monotonic() < end:
                    tries = 0
                    time.sleep(0.02)
                    continue
                raise GrooveError(
                    f"groovelive {self.role} is running already{f' (process {other})' if other else ''}; "
                    "groovelive status shows it, groovelive stop ends it"
                )
            else:  # somebody only looked whether it is held
                time.sleep(0.01)
            file.close()
        if self._file is None:
            raise GrooveError(f"the lock of groovelive {self.role} could not be had; try again")
        try:
            os.ftruncate(self._file.fileno(), 0)
            self._file.write(b"%d" % os.getpid())
        except OSError as error:
            self.release()
            raise GrooveError(f"the lock {path} cannot be written: {error.strerror}") from None

    def release(self) -> None:
        """Give the lock back and leave no file, nor an empty folder, behind."""
        if self._file is None:
            return
        folder = runtime_path()
        path = folder / f"{self.role}.lock"
        if sys.platform == "win32":  # which can't remove what is open
            self._file.close()
            with contextlib.suppress(OSError):
                path.unlink()
        else:  # once it is closed, the name may be that of the next holder's file
            with contextlib.suppress(OSError):
                path.unlink()
            self._file.close()
        self._file = None
        with contextlib.suppress(OSError):
            folder.rmdir()

    def __enter__(self) -> Lock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(role: Role) -> int | None:
    """Return the process that holds a role's lock: its pid, 0 where it has not said so yet, or None."""
    try:
        with open(runtime_path() / f"{role}.lock", "r+b", buffering=0) as file:
            if _try_lock(file):
                return None
            file.seek(0)
            pid = file.read(20)
            return int(pid) if pid.isdigit() else 0
    except OSError:
        return None


def _same(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(1 << 30)  # what is locked can't be read by others: lock a byte that is not there
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
