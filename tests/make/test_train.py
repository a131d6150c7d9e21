"""Training: recipes do what they promise on a small text, the same twice, and after a kill (torch)."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import boolrnn
from boolrnn.checkpoint import Checkpoint
from boolrnn.errors import OptionError, ResultError, TextError
from boolrnn.make import recipes, training
from boolrnn.make.recipes import PUBLISHED, TEACHER, Text, Tune, named_recipe, with_settings

torch = pytest.importorskip("torch", reason="training needs torch")

from boolrnn.make.descent import Descent

TEXT = b"<a><b>one</b><b>two</b></a>\n<c id=3>" * 5


@pytest.fixture(scope="module")
def memoriser():
    return boolrnn.train(TEXT, recipe="signs", hidden=32, seed=1, epochs=200)


def test_signs_are_certified_and_tanh_and_signs_are_the_same(memoriser):
    assert memoriser.level == "certified_text"
    assert memoriser.gain is not None
    assert memoriser.bpc_sign_dynamics < 0.2
    assert memoriser.bpc_float == pytest.approx(memoriser.bpc_sign_dynamics, abs=1e-5)
    symbols = boolrnn.to_symbols(TEXT, memoriser.weights)
    found = boolrnn.agreement(memoriser.weights, symbols)
    assert found.level in ("certified_text", "certified_always")
    assert found.bpc_float == pytest.approx(memoriser.bpc_float)


def test_fine_tuned_integers(memoriser):
    """|wh| <= 1 by rounding alone and with fine-tuning: never worse, and certified both times."""
    symbols = boolrnn.to_symbols(TEXT, memoriser.weights)
    plain = boolrnn.harden(memoriser.weights, symbols, largest=1, epochs=0, validation=0.2)
    tuned = boolrnn.harden(memoriser.weights, symbols, largest=1, epochs=30, validation=0.2)
    assert tuned.level == plain.level == "certified_always"
    assert tuned.max_abs_wh <= 1
    assert tuned.loss <= plain.loss


def test_tanh_learns_and_history_shows_it():
    found = boolrnn.train(TEXT, hidden=24, epochs=150)
    assert found.bpc_float < 0.3
    assert found.epoch_float[-1] < found.epoch_float[0]
    assert found.level == "none"
    assert found.setting_value[found.setting.tolist().index("epochs")] == "150"
    assert (found.text_symbols, found.text_validation) == (len(TEXT), 0)


def test_healing_heals():
    found = boolrnn.train(TEXT, recipe="healing", hidden=32, epochs=250)
    assert found.level == "certified_text"
    assert found.healed > 0.95
    assert found.bpc_float == pytest.approx(found.bpc_sign_dynamics, abs=1e-5)


def test_text_learns_from_a_teacher():
    plan = dataclasses.replace(Text(), epochs=30, streams=2, chunk=16, teacher=16)
    found = boolrnn.train(TEXT * 6, recipe=plan, hidden=16)
    assert found.validation_sign_dynamics < 3
    assert found.text_validation == len(TEXT * 6) // 10
    alone = boolrnn.train(TEXT * 6, recipe=dataclasses.replace(plan, teaching=0.0), hidden=16)
    assert alone.weights_sha256 != found.weights_sha256


def test_sparse_nets_stay_sparse():
    found = boolrnn.train(TEXT, recipe="signs", hidden=30, epochs=60, density=0.36, readout_neurons=7, seed=3)
    assert np.count_nonzero(found.wh) <= round(0.36 * 900)
    assert found.density == pytest.approx(0.36, abs=0.01)
    assert found.readout_neurons == 7
    symbols = boolrnn.to_symbols(TEXT, found.weights)
    hard = boolrnn.harden(found.weights, symbols, largest=8, epochs=0)
    assert (hard.wh[found.wh == 0] == 0).all()
    assert (hard.wy != 0).any(axis=0).sum() <= 7


@pytest.mark.parametrize("hidden", [1, 4, 9])
@pytest.mark.parametrize("text", [b"ab", b"aaaa", b"\x00\xff\x00\xff\x10"])
@pytest.mark.parametrize("recipe", ["tanh", "signs", "healing", "text"])
def test_small_nets_and_short_texts(hidden, text, recipe):
    plan = dataclasses.replace(named_recipe(recipe), teacher=5 if recipe == "text" else 0)
    found = boolrnn.train(text, recipe=plan, hidden=hidden, epochs=3)
    assert found.symbols == len(set(text))
    assert np.isfinite(found.bpc_float)


def test_the_same_seed_gives_the_same_net():
    options = {"recipe": "signs", "hidden": 12, "epochs": 12}
    nets = [boolrnn.train(TEXT, seed=seed, **options).weights_sha256 for seed in (4, 4, 5)]
    assert nets[0] == nets[1] != nets[2]


@pytest.mark.parametrize("recipe", ["tanh", "healing", "text"])
def test_interrupted_and_resumed_ends_the_same(tmp_path, monkeypatch, recipe):
    """Stopped after every few epochs, by an error in the middle of one, and resumed each time."""
    plan = dataclasses.replace(
        named_recipe(recipe), streams=2, teacher=8 if recipe == "text" else 0, flips=0.01
    )
    options = {"recipe": plan, "hidden": 10, "epochs": 9}
    monkeypatch.setattr(training, "TEACHER", dataclasses.replace(TEACHER, epochs=4))
    whole = boolrnn.train(TEXT * 3, **options)
    monkeypatch.setattr("boolrnn.checkpoint.EVERY", 0.0)
    epoch, counted = Descent.epoch, []

    def failing(self):
        counted.append(self.done)
        if len(counted) % 4 == 0:
            raise ZeroDivisionError
        return epoch(self)

    monkeypatch.setattr(Descent, "epoch", failing)
    stops = 0
    while True:
        try:
            again = boolrnn.train(TEXT * 3, checkpoint=tmp_path / "c", **options)
            break
        except ZeroDivisionError:
            stops += 1
    assert stops >= 2
    assert again.weights_sha256 == whole.weights_sha256
    assert (again.epoch_float == whole.epoch_float).all()


def test_a_kill_costs_nothing(tmp_path):
    """kill -9 in the middle, from the command line; the same command ends with the same file."""
    (tmp_path / "text").write_bytes(TEXT * 20)
    words = [sys.executable, "-m", "boolrnn", "train", tmp_path / "text", "--hidden", "40", "--epochs", "60"]
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    subprocess.run([*words, "-o", tmp_path / "a.npz"], check=True, capture_output=True, env=environment)
    process = subprocess.Popen([*words, "-o", tmp_path / "b.npz"], stdout=subprocess.DEVNULL, env=environment)
    kept = tmp_path / "b.npz.checkpoint"
    while not kept.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "b.npz").exists()
    subprocess.run([*words, "-o", tmp_path / "b.npz"], check=True, capture_output=True, env=environment)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert not kept.exists()


def test_ctrl_c_keeps_the_best(tmp_path):
    (tmp_path / "text").write_bytes(TEXT * 20)
    words = [sys.executable, "-m", "boolrnn", "train", tmp_path / "text", "-o", tmp_path / "net.npz"]
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    process = subprocess.Popen(
        [*words, "--hidden", "40"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    while not (tmp_path / "net.npz.checkpoint").exists():
        time.sleep(0.05)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"interrupted: this is the best net so far" in err
    assert boolrnn.read_weights(tmp_path / "net.npz").hidden == 40
    assert (tmp_path / "net.npz.checkpoint").exists()


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    (tmp_path / "c").write_bytes(b"something else")
    with pytest.raises(ResultError, match="no checkpoint"):
        boolrnn.train(TEXT, hidden=4, epochs=2, checkpoint=tmp_path / "c")
    Checkpoint(tmp_path / "d", "another", "a training").save({}, now=True)
    with pytest.raises(ResultError, match="a training with other input"):
        boolrnn.train(TEXT, hidden=4, epochs=2, checkpoint=tmp_path / "d")


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"text": b""}, TextError, "empty text"),
        ({"text": b"a"}, TextError, "nothing is predicted"),
        ({"recipe": "adam"}, OptionError, "expected one of tanh, signs"),
        ({"hidden": 0}, OptionError, "expected 1..4096"),
        ({"epochs": 0}, OptionError, "epochs 0"),
        ({"density": 1.5}, OptionError, "density"),
        ({"density": 0.0}, OptionError, "density"),
        ({"readout_neurons": 9}, OptionError, "expected 1..8"),
        ({"seed": -1}, OptionError, "seed"),
        ({"validation": 1.0}, OptionError, "validation"),
        ({"recipe": dataclasses.replace(Tune(), chunk=0)}, OptionError, "chunk 0: expected 1.."),
        ({"recipe": dataclasses.replace(Tune(), average=2.0)}, OptionError, "average"),
        ({"recipe": dataclasses.replace(Tune(), optimiser="foo")}, OptionError, "adam or sgd"),
    ],
)
def test_refusals(options, error, says):
    with pytest.raises(error, match=says):
        boolrnn.train(**({"text": TEXT, "hidden": 8, "epochs": 2} | options))


def test_an_interrupted_teacher_is_not_the_net(monkeypatch):
    epoch = Descent.epoch

    def stopped(self):
        if self.done == 2:
            raise KeyboardInterrupt
        return epoch(self)

    monkeypatch.setattr(Descent, "epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        boolrnn.train(TEXT * 3, recipe=dataclasses.replace(Text(), teacher=9, streams=2), hidden=5)
    kept = boolrnn.train(TEXT * 3, recipe="tanh", hidden=5)
    assert (kept.interrupted, kept.hidden) == (True, 5)


def test_an_interrupt_while_margins_are_widened_keeps_the_net(monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "widened", stopped)
    kept = boolrnn.train(TEXT, recipe="signs", hidden=6, epochs=3)
    assert kept.interrupted


def test_settings():
    plan = with_settings(PUBLISHED, {"rate": "0.5", "epochs": "7", "refit": "yes", "optimiser": "adam"})
    assert (plan.rate, plan.epochs, plan.refit, plan.optimiser) == (0.5, 7, True, "adam")
    for name, value, says in (
        ("rates", "1", "setting 'rates'"),
        ("rate", "x", "a number"),
        ("epochs", "1.5", "whole number"),
        ("refit", "maybe", "true or false"),
        ("rate", "-1", "from 0"),
    ):
        with pytest.raises(OptionError, match=says):
            with_settings(recipes.Tanh(), {name: value})


def test_the_published_optimiser_runs():
    assert boolrnn.train(TEXT, recipe=PUBLISHED, hidden=16, epochs=3).recipe == "published"
