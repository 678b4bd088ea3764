"""`python -m groovelive.inputs`: the process that reads MIDI ports, started by `Inputs`."""

from .worker import go

if __name__ == "__main__":
    go()
