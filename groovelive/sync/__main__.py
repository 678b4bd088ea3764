"""`python -m groovelive.sync CLOCK`: hears MIDI clock at a port until standard input ends; for the conductor."""

import sys

from .midi_clock_worker import go

if __name__ == "__main__":
    go(sys.argv[1])
