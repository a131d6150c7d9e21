"""`python -m boolrnn` is the command `boolrnn`."""

from boolrnn.cli import main

main()
