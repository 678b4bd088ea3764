"""`python -m groovelive.outputs osc|midi|synth|scsynth`: an output process, started by `Outputs`."""

from .worker import go

if __name__ == "__main__":
    go()
