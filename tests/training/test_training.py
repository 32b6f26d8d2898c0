"""The parts training is made of, on small inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from functions.providers.local.head import Head
from functions.providers.local.model import MATERIALS, look, open_backbone, side_of
from training import augment, fit, outline
from training.cutout import cut_out
from training.grounds import GROUNDS, Ground, lay
from training.network import Floats, Layer
from training.onnx_graph import GRID, Outline, cells_graph, graph, quantised
from training.pieces import PIECED
from training.strangers import HELD_OUT, KNOWN
from training.unmet import UNMET
from training.views import Pixels

RECIPE = fit.Recipe(hidden=16, epochs=60, rate=1e-2, dropout=0.1)


def blobs(seed: int = 0) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], fit.Integers]:
    random = np.random.default_rng(seed)
    classes = np.arange(600) % 3
    centres = np.random.default_rng(7).standard_normal((3, 8)) * 2
    return (centres[classes] + random.standard_normal((600, 8)) * 0.7).astype(np.float32), classes


def studio_photo() -> Image.Image:
    photo = Image.new("RGB", (256, 341), (205, 200, 195))
    ImageDraw.Draw(photo).rectangle((80, 110, 180, 230), fill=(40, 90, 50))
    return photo


def test_the_head_learns_and_does_so_the_same_each_time() -> None:
    inputs, classes = blobs()
    weights = fit.fit(inputs, classes, np.ones(600, np.float32), RECIPE)
    again = fit.fit(inputs, classes, np.ones(600, np.float32), RECIPE)
    np.testing.assert_array_equal(weights.hidden, again.hidden)
    unseen, truth = blobs(seed=1)
    assert (weights.scores(unseen).argmax(axis=1) == truth).mean() > 0.95


def test_overconfident_scores_are_cooled() -> None:
    random = np.random.default_rng(0)
    classes = random.integers(0, 3, 500)
    scores = np.eye(3)[np.where(random.random(500) < 0.7, classes, (classes + 1) % 3)] * 6
    temperature = fit.temperature(scores, classes, np.ones(500, np.float32))
    assert fit.softmax(scores / temperature).max(axis=1).mean() < 0.95


def test_centres_are_unit_vectors_near_the_inputs() -> None:
    inputs, _ = blobs()
    centres = fit.centres(inputs, 3, seed=0)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, rtol=1e-5)
    units = inputs / np.linalg.norm(inputs, axis=1, keepdims=True)
    assert (units @ centres.T).max(axis=1).mean() > 0.8


def test_a_head_survives_its_file(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    shapes = ((5,), (5,), (5, 4), (4,), (4, 7), (7,), (3, 5), (1,))
    head = Head(*(random.uniform(0.1, 1, shape).astype(np.float32) for shape in shapes))
    head.write(tmp_path / "head.npz")
    read = Head.read(tmp_path / "head.npz")
    features = random.standard_normal((6, 5)).astype(np.float32)
    np.testing.assert_allclose(read.probabilities(features), head.probabilities(features), atol=2e-3)
    np.testing.assert_allclose(read.probabilities(features).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(read.familiarity(features[0]), head.familiarity(features)[0], atol=2e-3)


def test_quantised_weights_are_near_and_small() -> None:
    weight = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    weight[2] = 0
    small, scale = quantised(weight)
    assert small.dtype == np.int8
    assert np.abs(small * scale - weight).max() <= scale.max() / 2 + 1e-6


def small_network(random: np.random.Generator) -> tuple[Layer, Layer]:
    """A strided convolution of four channels, and a layer that multiplies by 127 and adds what it was given."""
    weight = random.normal(0, 1, (4, 3, 3, 3)).astype(np.float32)
    stem = Layer("stem", weight, np.zeros(4, np.float32), stride=2)
    eye = np.eye(4, dtype=np.float32)[:, :, None, None] * 127
    return stem, Layer(
        "head", eye, np.zeros(4, np.float32), relu6=False, opens_block=True, adds_block_input=True
    )


def maps_of(stem: Layer, square: Pixels) -> Floats:
    """What the stem makes of a picture, (channels, side / 2, side / 2), computed without ONNX."""
    side = len(square)
    padded = np.pad((square.astype(np.float32) - 127) / 128, ((0, 1), (0, 1), (0, 0)))
    patches = [[padded[y : y + 3, x : x + 3] for x in range(0, side, 2)] for y in range(0, side, 2)]
    maps: Floats = np.clip(np.einsum("yxhwc,ochw->oyx", np.array(patches), stem.weight), 0, 6)
    return maps


OBJECTS = (
    np.random.default_rng(1).normal(0, 1, (1000, 4)).astype(np.float32),
    np.zeros(1000, np.float32),
)


def test_the_graph_computes_padding_residuals_and_relu6() -> None:
    random = np.random.default_rng(0)
    network = small_network(random)
    everywhere = Outline(*(np.zeros(shape, np.float32) for shape in ((4, 1), (1,), (1, 1), (1,))))
    layers = {"pooled": ("stem", "head"), "outlining": ("stem",)}
    session = open_backbone(
        graph(network, 2 * GRID, OBJECTS, everywhere, **layers, int8=False).SerializeToString()
    )
    square = random.integers(0, 255, (2 * GRID, 2 * GRID, 3)).astype(np.uint8)
    features, living = look(session, square)

    expected = maps_of(network[0], square).mean(axis=(1, 2))
    assert side_of(session) == 2 * GRID
    np.testing.assert_allclose(features[:8], np.concatenate([expected, expected * 128]), rtol=1e-3)
    np.testing.assert_allclose(features[8:], features[:8], rtol=5e-3)  # all cells count alike
    scores = fit.softmax((expected * 128 @ OBJECTS[0].T)[None])[0]
    assert living == pytest.approx(scores[:398].sum() + scores[924:999].sum(), abs=1e-4)


def test_the_graph_looks_at_the_item_in_particular() -> None:
    """An outline of the first channel: a cell counts by how much of it there is."""
    random = np.random.default_rng(0)
    network = small_network(random)
    hidden = np.array([[1], [0], [0], [0]], np.float32)
    outline = Outline(
        hidden, np.zeros(1, np.float32), np.full((1, 1), 4, np.float32), np.full(1, -3, np.float32)
    )
    layers = {"pooled": ("stem",), "outlining": ("stem",)}
    session = open_backbone(
        graph(network, 2 * GRID, OBJECTS, outline, **layers, int8=False).SerializeToString()
    )
    square = random.integers(0, 255, (2 * GRID, 2 * GRID, 3)).astype(np.uint8)
    square[:GRID, :GRID] = 250
    features, _ = look(session, square)

    maps = maps_of(network[0], square)
    cells = maps[0].reshape(2, 8, 2, 8).mean(axis=(1, 3))
    shares = np.kron(1 / (1 + np.exp(3 - 4 * cells)), np.ones((8, 8)))
    expected = (maps * shares).sum(axis=(1, 2)) / (shares + 1e-3).sum()
    np.testing.assert_allclose(features[4:], expected, rtol=1e-3)
    assert np.abs(features[4:] / features[:4] - 1).max() > 0.01


def test_an_outline_is_learnt_from_items_whose_place_is_known(tmp_path: Path) -> None:
    for material in MATERIALS:
        (tmp_path / material).mkdir()
        for number in range(3):
            studio_photo().save(tmp_path / material / f"{material}{number}.png")
    network = small_network(np.random.default_rng(0))
    session = open_backbone(
        cells_graph(network, 4 * GRID, outlining=("stem", "head"), int8=False).SerializeToString()
    )
    seen, item = outline.examples(tmp_path, session)
    assert seen.shape == (len(item), 8)
    assert 0 < item.mean() < 1

    seen, item = blobs()
    learnt = outline.fitted(np.tile(seen, (20, 1)), np.tile((item == 0).astype(np.int64), 20))
    hidden = np.maximum(seen @ learnt.hidden + learnt.hidden_bias, 0)
    assert ((hidden @ learnt.output + learnt.output_bias > 0)[:, 0] == (item == 0)).mean() > 0.95


def test_the_item_is_cut_out_of_its_board() -> None:
    cutout = cut_out(studio_photo())
    assert cutout.movable
    assert cutout.mask[170, 130] > 0.9
    assert cutout.mask[20, 20] < 0.1
    assert cutout.mask.mean() == pytest.approx(101 * 121 / (256 * 341), rel=0.2)


def test_a_photo_full_of_cardboard_is_all_item() -> None:
    assert cut_out(Image.new("RGB", (256, 341), (170, 130, 90))).mask.min() == 1


def test_views_are_squares_and_repeat_with_their_seed() -> None:
    cutout = cut_out(studio_photo())
    for view in (lambda *drawn: augment.moved(*drawn)[0], augment.varied):
        one, other = (view(np.random.default_rng(3), cutout, 64) for _ in range(2))
        assert one.shape == (64, 64, 3)
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)


def test_a_moved_item_is_where_it_is_said_to_be() -> None:
    view, item = augment.moved(np.random.default_rng(3), cut_out(studio_photo()), 64, (white,))
    assert item.shape == (64, 64)
    dark = view.mean(axis=2) < 128
    assert (dark == (item > 0.5)).mean() > 0.95


def white(_random: np.random.Generator, side: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    return np.ones((side, side, 3), np.float32)


@pytest.mark.parametrize("kind", [*GROUNDS.values(), *PIECED.values(), *UNMET.values()])
def test_grounds_are_colours_within_bounds(kind: Ground) -> None:
    ground = lay(np.random.default_rng(0), 48, (kind,))
    assert ground.shape == (48, 48, 3)
    assert ground.min() >= 0
    assert ground.max() <= 1


@pytest.mark.parametrize("kind", [*KNOWN, *HELD_OUT])
def test_strangers_are_pictures(kind: str) -> None:
    picture = {**KNOWN, **HELD_OUT}[kind](np.random.default_rng(0), 64)
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
