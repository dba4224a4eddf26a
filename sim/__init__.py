"""Discrete-event simulation of military aircraft intercepts over a disputed identification zone."""
