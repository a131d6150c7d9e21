"""Shapes are enforced in every test: jaxtyping and beartype check each call into boolrnn."""

import os

os.environ["BOOLRNN_CHECK_SHAPES"] = "1"  # before boolrnn is imported for the first time

from jaxtyping import install_import_hook

install_import_hook("boolrnn", "beartype.beartype")

import json
from pathlib import Path

import pytest
from browser import Browser
from hypothesis import settings
from nets import hardened_net, random_net

import boolrnn

settings.register_profile("boolrnn", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("boolrnn")

SEED = Path(__file__).resolve().parents[2] / "shared" / "seed"
ARCHIVED = "the archived weights are not part of the project and are absent here"


@pytest.fixture(scope="session")
def seed_folder():
    """The folder with the archived weights, its text and golden numbers."""
    if not (SEED / "sat_model.bin").exists():
        pytest.skip(ARCHIVED)
    return SEED


@pytest.fixture(scope="session")
def golden(seed_folder):
    return json.loads((seed_folder / "golden.json").read_text())


@pytest.fixture(scope="session")
def archived(seed_folder):
    """The archived weights and text, as (Weights, symbols)."""
    weights = boolrnn.read_weights(seed_folder / "sat_model.bin")
    return weights, boolrnn.read_text(seed_folder / "enwik_1024.txt", weights)


@pytest.fixture(scope="session")
def embedded():
    """The pair that ships with the package, as (Weights, symbols)."""
    source, text = boolrnn.embedded_pair()
    return source.weights, boolrnn.to_symbols(text, source.weights)


@pytest.fixture
def files(tmp_path):
    """A few files: a net, its text, another net, and things that are none."""
    boolrnn.write_weights(random_net(1, 7, 256), tmp_path / "net.bin")
    boolrnn.write_weights(hardened_net(1, 6), tmp_path / "hard.npz")
    (tmp_path / "text").write_bytes(b"some text\n")
    (tmp_path / "four").write_bytes(bytes([0, 1, 2, 3] * 9))
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; skipped with the reason where there is none."""
    found = Browser()
    yield found
    found.close()
