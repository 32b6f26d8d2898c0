"""How good the local model is: `python -m functions.providers.local.evaluate [--photos FOLDER]`.

Accuracy and confusion on six and on five materials (without trash), on the photos as they are and laid on other
grounds; how often the model abstains, wrongly on photos and rightly on pictures of no waste (kinds that training
has met, with other seeds, and kinds it has not); time and memory on one core. Everything goes the way an upload
goes: a JPEG file into `LocalClassifier.classify`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .model import DATA, MATERIALS, LocalClassifier, LocalGuess

if TYPE_CHECKING:
    from PIL.Image import Image

_SEED = 20261122
_EACH_STRANGER = 12


@dataclass(frozen=True)
class Tally:
    """(true material, guess) pairs; a material is what the model would answer if it had to."""

    guesses: Sequence[tuple[str, LocalGuess]]

    def accuracy(self, materials: Sequence[str]) -> float:
        """Share of photos of `materials` whose likeliest material is the true one."""
        asked = [(truth, guess) for truth, guess in self.guesses if truth in materials]
        return sum(guess.candidates[0][0] == truth for truth, guess in asked) / max(len(asked), 1)

    def share(self, verdict: str) -> float:
        return sum(guess.verdict == verdict for _, guess in self.guesses) / max(len(self.guesses), 1)

    def right_when_sure(self) -> float:
        sure = [guess.material == truth for truth, guess in self.guesses if guess.verdict == "sure"]
        return sum(sure) / max(len(sure), 1)

    def report(self, title: str) -> None:
        five = MATERIALS[:-1]
        click.echo(f"\n{title}: {len(self.guesses)} pictures")
        click.echo(f"  six materials {self.accuracy(MATERIALS):.1%}   five {self.accuracy(five):.1%}")
        shares = "   ".join(
            f"{verdict} {self.share(verdict):.1%}" for verdict in ("sure", "candidates", "unsure")
        )
        click.echo(f"  {shares}   right when sure {self.right_when_sure():.1%}")
        click.echo("  " + "true / guessed".ljust(16) + "".join(name.rjust(11) for name in MATERIALS))
        for truth in MATERIALS:
            row = [guess.candidates[0][0] for label, guess in self.guesses if label == truth]
            click.echo("  " + truth.ljust(16) + "".join(str(row.count(name)).rjust(11) for name in MATERIALS))


def _resident_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def on_other_grounds(folder: Path, *, each: int = 2, every: int = 1) -> Iterator[tuple[str, bytes]]:
    """`every` n-th photo, where its item can be cut out, laid on `each` grounds, as (material, JPEG)."""
    import numpy as np
    from PIL import Image as Pillow

    from . import augment
    from .cutout import cut_out
    from .views import photos

    for path, material, number in photos(folder)[::every]:
        random = np.random.default_rng((_SEED, material, number))
        with Pillow.open(path) as photo:
            cutout = cut_out(photo.convert("RGB"))
        for _ in range(each if cutout.movable else 0):
            yield MATERIALS[material], _jpeg(Pillow.fromarray(augment.moved(random, cutout, 320)))


def strangers(*, held_out: bool) -> Iterator[tuple[str, bytes]]:
    """Pictures of no waste, as (kind, JPEG)."""
    import numpy as np
    from PIL import Image as Pillow

    from .strangers import HELD_OUT, KNOWN

    random = np.random.default_rng(_SEED)
    for kind, draw in (HELD_OUT if held_out else KNOWN).items():
        for _ in range(_EACH_STRANGER):
            yield kind, _jpeg(Pillow.fromarray(draw(random, 320)))


def _jpeg(image: Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path("../shared/images/trashnet/val"))
    parser.add_argument("--data", type=Path, default=DATA, help="the model's files (default: %(default)s)")
    options = parser.parse_args(arguments)
    files = [
        (material, path.read_bytes())
        for material in MATERIALS
        for path in sorted((options.photos / material).iterdir())
    ]

    before = _resident_mb()
    classifier = LocalClassifier(options.data)
    begun = time.perf_counter()
    classifier.load()
    loading_s = time.perf_counter() - begun
    guesses, took_ms = [], []
    for material, content in files:
        begun = time.process_time()
        guesses.append((material, classifier.classify(content)))
        took_ms.append((time.process_time() - begun) * 1000)
    click.echo(
        f"loaded in {loading_s * 1000:.0f} ms; {statistics.median(took_ms):.1f} ms of one core a photo (median); "
        f"{_resident_mb() - before:.0f} MB more memory at the peak"
    )
    Tally(guesses).report("As they are")
    moved = [
        (material, classifier.classify(content)) for material, content in on_other_grounds(options.photos)
    ]
    Tally(moved).report("On other grounds")
    for held_out in (False, True):
        seen = [(kind, classifier.classify(content)) for kind, content in strangers(held_out=held_out)]
        tally = Tally(seen)
        click.echo(
            f"\nNo waste, kinds {'unknown' if held_out else 'known'} to training: {len(seen)} pictures"
        )
        click.echo(f"  unsure {tally.share('unsure'):.1%}   sure {tally.share('sure'):.1%}")
        for kind in dict.fromkeys(kind for kind, _ in seen):
            unsure = Tally([pair for pair in seen if pair[0] == kind]).share("unsure")
            click.echo(f"  {kind.ljust(16)} unsure {unsure:.0%}")


if __name__ == "__main__":
    main()
