"""Draw figures from simulated encounters, one figure a file."""
