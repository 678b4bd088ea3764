"""How long the long tests go on. GROOVELIVE_SOAK is for each of them, in seconds: 4 unless it is set.

What is counted in other units than seconds goes by the share of a whole soak, of 180 s, that this is.
"""

from __future__ import annotations

import os

SECONDS = float(os.environ.get("GROOVELIVE_SOAK", "4"))
SHARE = SECONDS / 180
