"""`python -m groovelive` is the `groovelive` command; without a command, a plain line REPL."""

import sys

from .cli.main import main, plain

if __name__ == "__main__":
    sys.exit(main(play=plain))
