"""What a thread asks of the system so that it wakes on time: a real-time priority, and no pauses of Python's own."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys

_PR_SET_TIMERSLACK = 29
_SWITCH = 1e-4  # seconds until a thread that runs Python has to let another one do so


def claim(priority: int) -> bool:
    """Run this thread, and those that it starts, ahead of all ordinary ones (SCHED_FIFO), where that is allowed.

    On Linux root may, and so may who has an `rtprio` limit (members of the group `audio`, on many systems).
    Elsewhere, or with GROOVELIVE_FIFO=0 in the environment, the thread stays an ordinary one.

    Args:
        priority: 1..99; audio drivers run at about 70 to 90.

    Returns:
        Whether it is allowed.
    """
    if sys.platform != "linux" or os.environ.get("GROOVELIVE_FIFO") == "0":
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError:
        return False
    return True


def settle() -> None:
    """Make this process one that only waits and sends: no garbage collection, quick thread switches, exact timers.

    To be called when all is imported, by the thread that starts the others: they take its timer slack over.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(_SWITCH)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)  # ns; an ordinary thread has 50 µs
