"""What every process needs of the system: folders, keys, child processes, files written whole, and the log."""

import logging

logging.getLogger("groovelive").addHandler(logging.NullHandler())  # nothing is printed before `log.start`
