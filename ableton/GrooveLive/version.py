"""Which GrooveLive this is."""

import hashlib
import os

VERSION = "1.0.0"
PROTOCOL = 1  # a client of another number is told to install the script that came with it


def build(folder=None):
    """Return 12 hex digits that change with any change of the script's files."""
    folder = folder or os.path.dirname(os.path.abspath(__file__))
    digest = hashlib.sha1()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as source:
                digest.update(name.encode() + b"\0" + source.read() + b"\0")
    return digest.hexdigest()[:12]
