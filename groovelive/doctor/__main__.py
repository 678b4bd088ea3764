"""`python -m groovelive.doctor`: load the drummer, ask it for two bars, and print how that went."""

import json
import sys
import time

import onnxruntime

from ..model.model import load

if __name__ == "__main__":
    try:
        model = load()
        begin = time.perf_counter()
        hits = len(model.drum("x..x..x."))
        found = {"name": model.manifest.name, "version": model.manifest.version, "onnxruntime": onnxruntime.__version__}
        print(json.dumps(found | {"ms": 1000 * (time.perf_counter() - begin), "hits": hits}))
    except Exception as error:  # whatever it is, the doctor tells it
        sys.exit(f"{type(error).__name__}: {error}")
