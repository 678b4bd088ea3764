"""The tests, in the rooms of the package: tests/ROOM/test_MODULE.py tests groovelive/ROOM/MODULE.py."""
