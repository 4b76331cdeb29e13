"""The command line: what is typed after `ciplun`, and the exit code it ends with."""
