"""`python -m groovelive.inlets`: the process that reads MIDI ports, started by `Inlets`."""

from .child import go

if __name__ == "__main__":
    go()
