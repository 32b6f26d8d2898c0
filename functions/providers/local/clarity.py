"""Finds photos in which nobody could recognise anything: black, blank, heavily blurred."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Measured on the 1768 photos of TrashNet's train part: their brightest parts have 148 and more, their brightest and
# darkest differ by 27 and more; the steepest edges of three blurred ones cross less than _SOFTEST of that.
_DARKEST = 24.0  # of 255: what the brightest hundredth reaches
_FLATTEST = 8.0  # of 255: between the darkest and the brightest hundredth
_SOFTEST = 0.075  # share of that difference which the steepest edges cross in one step


def obscured(square: NDArray[np.uint8]) -> str | None:
    """Why a photo as `read_photo` makes it, (side, side, 3), is not worth a guess; None where it may be.

    Edges are looked at in half the resolution, where the grain of a dim photo is no edge any more.
    """
    import numpy as np

    side = len(square) // 2 * 2
    grey = square[:side, :side].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    grey = grey.reshape(side // 2, 2, side // 2, 2).mean(axis=(1, 3))
    darkest, brightest = np.quantile(grey, (0.01, 0.99))
    contrast = brightest - darkest
    if brightest < _DARKEST:
        return "black"
    if contrast < _FLATTEST:
        return "blank"
    across = np.abs(grey[1:-1, 2:] - grey[1:-1, :-2])
    down = np.abs(grey[2:, 1:-1] - grey[:-2, 1:-1])
    steepest = np.quantile(np.maximum(across, down), 0.995) / 2
    return "blurred" if steepest < _SOFTEST * contrast else None
