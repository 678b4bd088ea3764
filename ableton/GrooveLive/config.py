"""What can be set in groovelive.json, beside the script: host, port and token."""

import json
import os

PORT = 57150
DEFAULTS = {"host": "127.0.0.1", "port": PORT, "token": ""}


def load(folder=None):
    """Return the settings, and a sentence about what is wrong with the file, or None."""
    path = os.path.join(folder or os.path.dirname(os.path.abspath(__file__)), "groovelive.json")
    if not os.path.exists(path):
        return dict(DEFAULTS), None
    try:
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
        return _checked(given), None
    except (OSError, ValueError) as error:
        return dict(DEFAULTS), f"groovelive.json is passed over: {error}"


def _checked(given):
    if not isinstance(given, dict) or set(given) - set(DEFAULTS):
        raise ValueError('it may say host, port and token, as {"port": 57150}')
    settings = dict(DEFAULTS, **given)
    if not isinstance(settings["host"], str) or not isinstance(settings["token"], str):
        raise ValueError("host and token are strings")
    port = settings["port"]
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise ValueError("port is a number from 1 to 65535")
    if settings["host"] not in ("127.0.0.1", "localhost") and len(settings["token"]) < 8:
        raise ValueError("a host that other machines reach needs a token of 8 letters or more")
    return settings
