"""The groove model: `load` it, `drum` with it; `training` holds the definition of its network.

Only `training` and `torch_backend` import torch; `import groovelive.model` does not.
"""

from .latents import Preset
from .model import Model, Prediction, load

__all__ = ["Model", "Prediction", "Preset", "load"]
