"""`python -m groovelive.outputs osc|midi|synth|scsynth`: the process of an outlet, started by `Outlets`."""

from .worker import go

if __name__ == "__main__":
    go()
