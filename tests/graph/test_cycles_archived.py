"""The archived pair: what was published about its attractors, and every symbol of its text resolved."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

import boolrnn
from boolrnn.model.kernels import stepper


@pytest.mark.slow
def test_all_symbols_are_resolved_within_two_gigabytes(seed_folder, archived, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    pair = (seed_folder / "sat_model.bin", seed_folder / "enwik_1024.txt")
    done = subprocess.run(
        [sys.executable, "-m", "boolrnn", "cycles", *map(str, pair), "--all", "--json"],
        capture_output=True,
        check=True,
        env=environment,
    )
    tree = json.loads(done.stdout)
    assert len(tree["symbols"]) == 52
    assert {entry["resolved"] for entry in tree["symbols"]} == {1.0}
    assert {len(entry["transients"]) for entry in tree["symbols"]} == {50}
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 << 20  # kilobytes
    automaton = boolrnn.compile(archived[0])
    for entry in tree["symbols"][::10]:  # a third stepper, for cycles that are not too long
        cycle = min(entry["cycles"], key=lambda c: c["period"])
        state = boolrnn.bits.parse_state(cycle["example"], automaton.hidden)
        states = state[None]
        for _ in range(min(cycle["period"], 20_000)):
            states = automaton.z(states, np.array([entry["symbol"]])) >= 0
        assert (states[0] == state).all() or cycle["period"] > 20_000


def test_the_published_search_finds_what_it_found(archived, golden):
    """50 random states under x_42: no two end in the same state, none stands still, no period up to 100."""
    truth = golden["q1_attractor"]
    engine, symbol = stepper(boolrnn.compile(archived[0])), int(archived[1][42])
    states = np.random.default_rng(42).random((50, 128)) < 0.5
    converged = np.full(50, 100)
    for step in range(100):
        after = engine.repeat(np.array([symbol]), 1, states)
        still = (after == states).all(axis=1) & (converged == 100)
        converged[still], states = step, after
    assert len(np.unique(states, axis=0)) == truth["unique_final_states_of_50"]
    assert converged.mean() == truth["mean_convergence_step"]
    run = engine.run(np.full(300, symbol), states[0])
    periods = [p for p in range(1, 101) if (run[299] == run[299 - p]).all()]
    assert min(periods, default=0) == truth["cycle_period"]
