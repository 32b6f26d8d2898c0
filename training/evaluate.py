"""How good the local model is: `python -m training.evaluate [--photos FOLDER]`.

Accuracy and confusion on six and on five materials (without trash), on the photos as they are and laid on other
grounds; how many photos are answered, how many answers are right, and both for each material; how often the model
abstains, wrongly on photos and rightly on pictures of no waste (kinds that training has met, with other seeds, and
kinds it has not); how many photos count as unreadable, as they are and once they are darkened, blank or blurred;
photos that were an HEIC; time and memory on one core. Everything goes the way an upload goes: a JPEG file into
`LocalClassifier.classify`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from functions.providers.local.model import DATA, MATERIALS, LocalClassifier, LocalGuess
from functions.providers.local.photo import UnreadablePhoto

if TYPE_CHECKING:
    from PIL.Image import Image

    from .grounds import Ground

_SEED = 20261122
_EACH_STRANGER = 12
_LONGEST_SIDE = 1024  # of a picture that the scan gives a model


@dataclass(frozen=True)
class Tally:
    """(true material, guess) pairs; a material is what the model would answer if it had to.

    `unreadable` pictures have no guess. They count among the pictures shown, as not answered.
    """

    guesses: Sequence[tuple[str, LocalGuess]]
    unreadable: int = 0

    @property
    def shown(self) -> int:
        return len(self.guesses) + self.unreadable

    def accuracy(self, materials: Sequence[str]) -> float:
        """Share of photos of `materials` whose likeliest material is the true one."""
        asked = [(truth, guess) for truth, guess in self.guesses if truth in materials]
        return sum(guess.candidates[0][0] == truth for truth, guess in asked) / max(len(asked), 1)

    def share(self, verdict: str) -> float:
        return sum(guess.verdict == verdict for _, guess in self.guesses) / max(self.shown, 1)

    def answered(self) -> float:
        """Share of the pictures shown for which a material is named, surely or first of two candidates."""
        return self.share("sure") + self.share("candidates")

    def right_when_answered(self) -> float:
        return self.right() / max(self.answered(), 1 / max(self.shown, 1))

    def right(self) -> float:
        """Share of the pictures shown whose answer is right; an abstention is a wrong answer."""
        right = sum(guess.verdict != "unsure" and guess.material == truth for truth, guess in self.guesses)
        return right / max(self.shown, 1)

    def of(self, material: str) -> Tally:
        return Tally([(truth, guess) for truth, guess in self.guesses if truth == material])

    def right_when_sure(self) -> float:
        sure = [guess.material == truth for truth, guess in self.guesses if guess.verdict == "sure"]
        return sum(sure) / max(len(sure), 1)

    def sure_and_wrong(self) -> float:
        """Share of the pictures shown for which a wrong material is named without a doubt."""
        return self.share("sure") * (1 - self.right_when_sure())

    def report(self, title: str) -> None:
        five = MATERIALS[:-1]
        click.echo(f"\n{title}: {self.shown} pictures")
        click.echo(f"  six materials {self.accuracy(MATERIALS):.1%}   five {self.accuracy(five):.1%}")
        shares = "   ".join(
            f"{verdict} {self.share(verdict):.1%}" for verdict in ("sure", "candidates", "unsure")
        )
        click.echo(
            f"  {shares}   right when sure {self.right_when_sure():.1%}   "
            f"sure and wrong {self.sure_and_wrong():.1%}"
        )
        click.echo(
            f"  answered {self.answered():.1%}   right when answered {self.right_when_answered():.1%}   "
            f"right of all {self.right():.1%}   unreadable {self.unreadable}"
        )
        heads = (*MATERIALS, "right of all")
        click.echo("  " + "true / guessed".ljust(16) + "".join(name.rjust(13) for name in heads))
        for truth in MATERIALS:
            row = [guess.candidates[0][0] for label, guess in self.guesses if label == truth]
            cells = (*(str(row.count(name)) for name in MATERIALS), f"{self.of(truth).right():.0%}")
            click.echo("  " + truth.ljust(16) + "".join(cell.rjust(13) for cell in cells))


def tallied(classifier: LocalClassifier, pictures: Iterable[tuple[str, bytes]]) -> Tally:
    """What the classifier says to the pictures, (material or kind, file) each."""
    guesses, unreadable = [], 0
    for truth, content in pictures:
        try:
            guesses.append((truth, classifier.classify(content)))
        except UnreadablePhoto:
            unreadable += 1
    return Tally(guesses, unreadable)


def added(tallies: Iterable[Tally]) -> Tally:
    """All that was shown, together."""
    parts = list(tallies)
    return Tally([each for part in parts for each in part.guesses], sum(part.unreadable for part in parts))


def _resident_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def on_other_grounds(
    folder: Path, kinds: tuple[Ground, ...], *, each: int = 2, every: int = 1
) -> Iterator[tuple[str, bytes]]:
    """`every` n-th photo, where its item can be cut out, laid on `each` grounds of the `kinds`, drawn anew, as
    (material, JPEG)."""
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
            yield MATERIALS[material], _jpeg(Pillow.fromarray(augment.moved(random, cutout, 320, kinds)[0]))


def other_grounds() -> dict[str, tuple[Ground, ...]]:
    """Kinds of grounds, by what training has seen of them."""
    from .grounds import GROUNDS
    from .pieces import PIECED
    from .unmet import UNMET

    return {
        "kinds known to training": tuple(GROUNDS.values()),
        "of many pieces, known to training": tuple(PIECED.values()),
        "kinds unknown to training": tuple(UNMET.values()),
    }


def strangers(*, held_out: bool) -> Iterator[tuple[str, bytes]]:
    """Pictures of no waste, as (kind, JPEG)."""
    import numpy as np
    from PIL import Image as Pillow

    from .strangers import HELD_OUT, KNOWN

    random = np.random.default_rng(_SEED)
    for kind, draw in (HELD_OUT if held_out else KNOWN).items():
        for _ in range(_EACH_STRANGER):
            yield kind, _jpeg(Pillow.fromarray(draw(random, 320)))


def spoilt(photo: bytes) -> Iterator[tuple[str, bytes]]:
    """The photo as it should not be taken, as (what was done to it, JPEG)."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    with Pillow.open(BytesIO(photo)) as opened:
        image = opened.convert("RGB")
    yield "lens covered", _jpeg(Pillow.new("RGB", image.size, (6, 5, 5)))
    yield "light ÷ 20", _jpeg(image.point([value // 20 for value in range(256)] * 3))
    yield "blank wall", _jpeg(Pillow.new("RGB", image.size, image.resize((1, 1)).getpixel((0, 0))))
    for share in (0.02, 0.04, 0.06):
        radius = share * min(image.size)
        yield f"blur, σ {share:.0%}", _jpeg(image.filter(ImageFilter.GaussianBlur(radius)))


def from_heic(photo: bytes) -> bytes:
    """What a model is given of the photo where a phone took it as an HEIC: redrawn, as every upload is."""
    from PIL import Image as Pillow
    from pillow_heif import from_pillow

    from functions.images.picture import redrawn

    file = BytesIO()
    with Pillow.open(BytesIO(photo)) as opened:
        from_pillow(opened.convert("RGB")).save(file, quality=80)
    return redrawn(file.getvalue(), longest_side=_LONGEST_SIDE).jpeg


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
    took_ms: list[float] = []

    def timed() -> Iterator[tuple[str, bytes]]:
        """Each file; the time until the next one is asked for is what its guess cost."""
        for material, content in files:
            begun = time.process_time()
            yield material, content
            took_ms.append((time.process_time() - begun) * 1000)

    as_they_are = tallied(classifier, timed())
    click.echo(
        f"loaded in {loading_s * 1000:.0f} ms; {statistics.median(took_ms):.1f} ms of one core a photo (median); "
        f"{_resident_mb() - before:.0f} MB more memory at the peak"
    )
    as_they_are.report("As they are")
    for title, kinds in other_grounds().items():
        tallied(classifier, on_other_grounds(options.photos, kinds)).report(f"On other grounds, {title}")
    heics = ((material, from_heic(content)) for material, content in files[::4])
    tallied(classifier, heics).report("Every fourth, from an HEIC")
    _report_spoilt(classifier, [content for _, content in files[::4]])
    for held_out in (False, True):
        _report_strangers(classifier, held_out=held_out)


def _report_spoilt(classifier: LocalClassifier, photos: Sequence[bytes]) -> None:
    found: dict[str, list[Tally]] = {}
    for photo in photos:
        for kind, content in spoilt(photo):
            found.setdefault(kind, []).append(tallied(classifier, [(kind, content)]))
    click.echo(f"\nSpoilt: {len(photos)} photos")
    for kind, tallies in found.items():
        tally = added(tallies)
        click.echo(f"  {kind.ljust(16)} unreadable {tally.unreadable / tally.shown:.0%}")


def _report_strangers(classifier: LocalClassifier, *, held_out: bool) -> None:
    kinds: dict[str, list[tuple[str, bytes]]] = {}
    for kind, content in strangers(held_out=held_out):
        kinds.setdefault(kind, []).append((kind, content))
    found = {kind: tallied(classifier, pictures) for kind, pictures in kinds.items()}
    tally = added(found.values())
    click.echo(f"\nNo waste, kinds {'unknown' if held_out else 'known'} to training: {tally.shown} pictures")
    click.echo(f"  not answered {1 - tally.answered():.1%}   sure {tally.share('sure'):.1%}")
    for kind, of_kind in found.items():
        click.echo(f"  {kind.ljust(16)} not answered {1 - of_kind.answered():.0%}")


if __name__ == "__main__":
    main()
