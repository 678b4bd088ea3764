"""The groove model: `load` it, `drum` with it; `training` holds the definition of its network.

Only `training` and `torch_backend` import torch; `import groovelive.model` does not.
"""

from .latents import Preset
from .mirror import Prediction
from .model import Model, load

__all__ = ["Model", "Prediction", "Preset", "load"]
