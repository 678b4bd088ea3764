"""`groovelive train` and `groovelive evaluate`: which network is meant, the player or the mirror."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

# The first word, and the module whose `main` takes what follows it; without a word it is the mirror.
NETWORKS = {
    "train": {"mirror": "training.train", "player": "training.player.command"},
    "evaluate": {
        "mirror": "training.evaluate",
        **dict.fromkeys(("player", "realism", "longform"), "training.evaluation.command"),
    },
}


def main(command: str, argv: Sequence[str]) -> int:
    """Run `groovelive train` or `groovelive evaluate` and return its exit code.

    Args:
        command: train or evaluate.
        argv: its arguments; the first may say what is trained or measured.

    Raises:
        GrooveError: an argument is wrong, or the data cannot be read.
    """
    words, networks = list(argv), NETWORKS[command]
    network = words[0] if words and words[0] in networks else ""
    # torch is loaded by training alone, and evaluation needs none
    run = importlib.import_module(f"groovelive.{networks[network or 'mirror']}").main
    told = words if network not in ("", "mirror") and command == "evaluate" else words[bool(network) :]
    code: int = run(told)
    return code
