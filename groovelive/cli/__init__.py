"""The groovelive command."""
