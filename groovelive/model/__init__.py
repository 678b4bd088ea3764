"""The groove model: `load` it, `drum` with it; definition, training and measuring live beside it.

Only `net`, `train` and `export` import torch; `import groovelive.model` does not.
"""

from .model import Model, Prediction, Preset, load

__all__ = ["Model", "Prediction", "Preset", "load"]
