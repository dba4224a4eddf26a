"""Pieces of different lengths laid end to end: to work on all of their elements at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def laid_out(counts: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the piece of each element, and its number within that piece; both of shape (sum of counts,).

    >>> [each.tolist() for each in laid_out([2, 0, 3])]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    lengths = np.asarray(counts, dtype=np.intp)
    piece = np.repeat(np.arange(len(lengths)), lengths)
    return piece, np.arange(len(piece)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
