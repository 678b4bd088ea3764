"""`python -m groovelive` is the `groovelive` command; without arguments, a plain line REPL."""

import sys

from .cli.main import main, plain

if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) > 1 else plain())
