"""Shapes are enforced in every test: jaxtyping and beartype check each call into boolrnn."""

import os

os.environ["BOOLRNN_CHECK_SHAPES"] = "1"  # before boolrnn is imported for the first time

from jaxtyping import install_import_hook

install_import_hook("boolrnn", "beartype.beartype")

import json
from pathlib import Path

import pytest
from hypothesis import settings

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
