"""The parts training is made of, on small inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from functions.providers.local.head import Head
from functions.providers.local.model import look, open_backbone, side_of
from training import augment, fit
from training.cutout import cut_out
from training.grounds import GROUNDS, lay
from training.network import Layer
from training.onnx_graph import graph, quantised
from training.strangers import HELD_OUT, KNOWN

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


def test_the_graph_computes_padding_residuals_and_relu6() -> None:
    random = np.random.default_rng(0)
    stem = Layer(
        "stem", random.normal(0, 1, (4, 3, 3, 3)).astype(np.float32), np.zeros(4, np.float32), stride=2
    )
    eye = np.eye(4, dtype=np.float32)[:, :, None, None] * 127
    double = Layer("head", eye, np.zeros(4, np.float32), relu6=False, opens_block=True, adds_block_input=True)
    objects = random.normal(0, 1, (1000, 4)).astype(np.float32), np.zeros(1000, np.float32)
    model = graph((stem, double), 8, objects, pooled=("stem", "head"), int8=False)
    session = open_backbone(model.SerializeToString())
    square = random.integers(0, 255, (8, 8, 3)).astype(np.uint8)
    features, living = look(session, square)

    padded = np.pad((square.astype(np.float32) - 127) / 128, ((0, 1), (0, 1), (0, 0)))
    patches = np.array([[padded[y : y + 3, x : x + 3] for x in range(0, 8, 2)] for y in range(0, 8, 2)])
    expected = np.clip(np.einsum("yxhwc,ochw->yxo", patches, stem.weight), 0, 6).mean(axis=(0, 1))
    assert side_of(session) == 8
    np.testing.assert_allclose(features, np.concatenate([expected, expected * 128]), rtol=1e-3)
    scores = fit.softmax((expected * 128 @ objects[0].T)[None])[0]
    assert living == pytest.approx(scores[:398].sum() + scores[924:999].sum(), abs=1e-4)


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
    for view in (augment.moved, augment.varied):
        one, other = (view(np.random.default_rng(3), cutout, 64) for _ in range(2))
        assert one.shape == (64, 64, 3)
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", GROUNDS)
def test_grounds_are_colours_within_bounds(kind: str) -> None:
    ground = lay(np.random.default_rng(0), 48, (kind,))
    assert ground.shape == (48, 48, 3)
    assert ground.min() >= 0
    assert ground.max() <= 1


@pytest.mark.parametrize("kind", [*KNOWN, *HELD_OUT])
def test_strangers_are_pictures(kind: str) -> None:
    picture = {**KNOWN, **HELD_OUT}[kind](np.random.default_rng(0), 64)
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
