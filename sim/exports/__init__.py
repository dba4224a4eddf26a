"""A run in the file formats of other tools: Google Earth, GIS, Tacview and data frames."""
