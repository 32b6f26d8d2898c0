"""The trained part: a small perceptron over the network's features, and the photos it learnt from in short."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

REACH = 6.0  # deviations beyond which a feature says no more


@dataclass(frozen=True)
class Head:
    """Shapes: f features, h hidden units, 7 classes (the six materials, then no waste at all), k prototypes.

    `mean`, `spread` (f,) standardise features; `hidden` (f, h), `hidden_bias` (h,), `output` (h, 7),
    `output_bias` (7,) with the calibrated temperature already in them; `prototypes` (k, f) are unit vectors,
    centres of groups of training photos; `least_familiarity` (1,) is the cosine below which a picture is unlike
    all of them.
    """

    mean: Floats
    spread: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats
    prototypes: Floats
    least_familiarity: Floats

    @classmethod
    def read(cls, path: Path) -> Self:
        """From the .npz that `write` made; half precision on disk. Raises OSError, ValueError, KeyError."""
        import numpy as np

        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name].astype(np.float32) for field in fields(cls)})

    def write(self, path: Path) -> None:
        import numpy as np

        np.savez(path, **{field.name: getattr(self, field.name).astype(np.float16) for field in fields(self)})

    def standardised(self, features: Floats) -> Floats:
        """(n, f) or (f,) in deviations from the training photos' mean, within REACH."""
        import numpy as np

        inputs: Floats = np.clip((features - self.mean) / self.spread, -REACH, REACH)
        return inputs

    def probabilities(self, features: Floats) -> Floats:
        """(n, f) or (f,) to (n, 7) or (7,)."""
        import numpy as np

        active = np.maximum(self.standardised(features) @ self.hidden + self.hidden_bias, 0)
        scores = active @ self.output + self.output_bias
        powers: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
        return shares

    def familiarity(self, features: Floats) -> Floats:
        """(n, f) or (f,) to (n,) or (): cosine to the nearest prototype."""
        import numpy as np

        seen = self.standardised(features)
        length = np.maximum(np.linalg.norm(seen, axis=-1, keepdims=True), 1e-6)
        nearest: Floats = (seen / length @ self.prototypes.T).max(axis=-1)
        return nearest
