"""Keys: which machines may talk to an engine on the network, by ZeroMQ's CURVE.

Every machine has one pair of keys in the folder `keys` of its configuration: `machine.pub`, which anyone
may see, and `machine.key`, which must not leave it. `known/NAME.pub` is the public key of another machine: it
may connect, and an engine at tcp://NAME:PORT must prove to be it.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import zmq
from zmq.utils import z85

from ..errors import GrooveError, closest
from .folders import config_folder

_DOMAIN = "groovelive"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeyPair(NamedTuple):
    """A CURVE key pair, both in Z85, 40 characters."""

    public: bytes
    secret: bytes


class Curve(NamedTuple):
    """How a server protects its socket: its own keys, and who may connect (asked at every handshake)."""

    keys: KeyPair
    allowed: Callable[[bytes], bool]  # of a public key in Z85


class Peer(NamedTuple):
    """How a client protects its socket: its own keys, and the public key that the server must have."""

    keys: KeyPair
    server: bytes


def keys_folder() -> Path:
    """Return the folder of this machine's keys."""
    return config_folder() / "keys"


def new_pair() -> KeyPair:
    """Return a fresh key pair.

    >>> len(new_pair().public)
    40
    """
    if not zmq.has("curve"):
        raise GrooveError("this build of ZeroMQ has no CURVE; install pyzmq from its wheels")
    return KeyPair(*zmq.curve_keypair())


def create(folder: Path | None = None) -> KeyPair:
    """Make the keys of this machine, or return those that it has.

    Raises:
        GrooveError: the folder cannot be written.
    """
    folder = keys_folder() if folder is None else folder
    if (folder / "machine.key").exists():
        return own(folder)
    pair = new_pair()
    try:
        (folder / "known").mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        write_private(folder / "machine.key", pair.secret + b"\n")
        (folder / "machine.pub").write_bytes(pair.public + b"\n")
    except OSError as error:
        raise GrooveError(f"the keys cannot be written to {folder}: {error.strerror}") from None
    return pair


def own(folder: Path | None = None) -> KeyPair:
    """Return the keys of this machine.

    Raises:
        GrooveError: there are none, or their file is damaged, or others may read the secret one.
    """
    path = (keys_folder() if folder is None else folder) / "machine.key"
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise GrooveError(f"{path} can be read by others: chmod 600 it, or make new keys")
        secret = path.read_bytes().strip()
    except FileNotFoundError:
        raise GrooveError("this machine has no keys yet; make them with: groovelive keys") from None
    except OSError as error:
        raise GrooveError(f"{path} cannot be read: {error.strerror}") from None
    return KeyPair(zmq.curve_public(checked(secret, str(path))), secret)


def add(name: str, public: str, folder: Path | None = None) -> Path:
    """Let the machine with this public key connect, and know it by this name.

    Raises:
        GrooveError: the name or the key is no such thing, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise GrooveError(f"a machine's name holds letters, digits, dots and dashes; {name!r} does not")
    key = checked(public.strip().encode(), "the key")
    path = (keys_folder() if folder is None else folder) / "known" / f"{name}.pub"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(key + b"\n")
    except OSError as error:
        raise GrooveError(f"{path} cannot be written: {error.strerror}") from None
    return path


def remove(name: str, folder: Path | None = None) -> Path:
    """Forget a machine, which may then connect no more.

    Raises:
        GrooveError: none is known by this name.
    """
    path = (keys_folder() if folder is None else folder) / "known" / f"{name}.pub"
    names = [one.stem for one in path.parent.glob("*.pub")]
    if name not in names:
        raise GrooveError(f"no machine is known as {name!r}{closest(name, names)}")
    path.unlink()
    return path


def known(folder: Path | None = None) -> dict[str, bytes]:
    """Return the public keys of the machines that are known, by name; a damaged file counts as none."""
    found = {}
    for path in sorted(((keys_folder() if folder is None else folder) / "known").glob("*.pub")):
        try:
            found[path.stem] = checked(path.read_bytes().strip(), str(path))
        except (GrooveError, OSError):
            continue
    return found


def find(name_or_key: str, folder: Path | None = None) -> bytes:
    """Return a public key that is given as itself, or by the name of a known machine."""
    keys = known(folder)
    if name_or_key in keys:
        return keys[name_or_key]
    if len(name_or_key) == 40:
        return checked(name_or_key.encode(), "the key")
    raise GrooveError(
        f"the key of {name_or_key!r} is not known{closest(name_or_key, keys)}; "
        f"add it with: groovelive keys add {name_or_key} KEY"
    )


def checked(key: bytes, what: str) -> bytes:
    """Return a key in Z85, or raise a GrooveError that says what is no key."""
    try:
        if len(key) == 40 and len(z85.decode(key)) == 32:
            return key
    except (KeyError, ValueError, struct.error):  # no character of Z85; or more than 32 bits in five of them
        pass
    raise GrooveError(f"{what} is not a CURVE key: that is 40 characters of Z85")


def machine_curve(folder: Path | None = None) -> Curve:
    """Return the protection of a server on the network: this machine's keys; known machines may connect."""
    pair = own(folder)
    return Curve(pair, lambda key: key == pair.public or key in known(folder).values())


def shared_curve(pair: KeyPair) -> Curve:
    """Return the protection of a server whose clients share its keys, by a file that only they can read."""
    return Curve(pair, lambda key: key == pair.public)


def guard(context: zmq.Context[Any], curve: Curve) -> Any:
    """Start the authenticator of a context (one for each) and return it; its `stop()` ends it.

    Call it before `protect`, and before the socket is bound.
    """
    from zmq.auth.thread import ThreadAuthenticator  # start-up time: it loads asyncio, and few servers have keys

    class Provider:
        def callback(self, domain: str, key: bytes) -> bool:
            return curve.allowed(key)

    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    authenticator.configure_curve_callback(domain=_DOMAIN, credentials_provider=Provider())
    return authenticator


def protect(socket: zmq.Socket[Any], curve: Curve) -> None:
    """Make a socket that is to be bound demand CURVE."""
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = curve.keys
    socket.zap_domain = _DOMAIN.encode()


def introduce(socket: zmq.Socket[Any], peer: Peer) -> None:
    """Make a socket that is to be connected speak CURVE."""
    socket.curve_publickey, socket.curve_secretkey = peer.keys
    socket.curve_serverkey = peer.server


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this user can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
