"""`python -m groovelive.sync CLOCK`: hears MIDI clock at a port until standard input ends; for the conductor."""

import sys

from .midi_clock_worker import main

if __name__ == "__main__":
    main(sys.argv[1])
