"""The messages that cross a process, and a client's connection to who answers them."""
