"""What every process needs of the system: folders, keys, child processes, files written whole."""
