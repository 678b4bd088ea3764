"""`python -m groovelive.outlets osc|midi|synth|scsynth`: the process of an outlet, started by `Outlets`."""

from .child import go

if __name__ == "__main__":
    go()
