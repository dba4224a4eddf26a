"""Pages that work without a network: one file each, opened by a double click."""
