"""Replay air intercepts as processes on a clock, and measure how minutes decide whether they stay routine."""
