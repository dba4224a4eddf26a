"""`python -m sim` is the command `intercept`."""

from sim.cli import main

main()
