"""The conductor: the process that owns time, drummers and the log, and answers every client."""
