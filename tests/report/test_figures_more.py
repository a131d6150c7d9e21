"""Pictures of single answers: states, steps, rules, searches, and how a net was made."""

import dataclasses

import numpy as np
import pytest
from nets import adversarial_net, hardened_net, random_net, text_of
from report.test_figures_graph import assert_readable, rendered, said

import boolrnn
from boolrnn.report.figures import AUTOMATON, FLOAT
from boolrnn.report.figures.predict import calibration

NETS = {
    "one neuron": random_net(3, 1),
    "no prediction": random_net(2, 9, 4, outputs=3),
    "whole range of floats": adversarial_net(3, 6, 3, 277),
}
STATES = {
    "run": lambda net, text: boolrnn.run(net, text),
    "step": lambda net, text: boolrnn.step(net, 0, np.zeros(net.hidden, bool)),
    "step from the start": lambda net, text: boolrnn.step(net, 0),
    "rule": lambda net, text: boolrnn.rule(net, 0, 0),
    "reason": lambda net, text: boolrnn.reason(net, text, at=3, bit=0),
    "every reason": lambda net, text: boolrnn.reason(net, text, at=3, bit=0, kind="all"),
    "reach": lambda net, text: boolrnn.reach(net, "h0 & ~h0", within=2),
}


def colours(patches):
    return [patch.get_facecolor() for patch in patches]


def rgba(colour):
    return (*(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)), 1.0)


@pytest.mark.parametrize("verb", STATES)
@pytest.mark.parametrize("case", NETS)
def test_words_of_any_net_can_be_read(verb, case):
    net = NETS[case]
    assert_readable(STATES[verb](net, text_of(1, 12, net.symbols)))


@pytest.mark.parametrize("length", [1, 60])
def test_predictions_of_any_length_can_be_read(length):
    assert_readable(boolrnn.predict(random_net(1), text_of(1, length, 5)))


def test_the_calibration_is_that_of_its_definition():
    chance = np.array([0.02, 0.08, 0.55, 0.55, 1.0, np.nan])
    right = np.array([True, False, True, True, True, False])
    x, y = calibration(chance, right)
    assert np.allclose(x, [5, 55, 100])
    assert np.allclose(y, [50, 100, 100])


def test_a_run_shows_every_bit_and_every_flip():
    found = boolrnn.run(random_net(1), text_of(1, 30, 5))
    figure, _ = rendered(found)
    field, flips = figure.axes[:2]
    assert np.array_equal(field.images[0].get_array() > 0.5, found.states.T)
    assert flips.lines[0].get_ydata().tolist() == found.flips.tolist()


def test_a_long_run_shows_means_of_neighbours():
    found = boolrnn.run(random_net(1), text_of(1, 3000, 5))
    figure, _ = rendered(found)
    shown = figure.axes[0].images[0].get_array()
    assert np.allclose(shown[:, 0], found.states[:3].mean(axis=0))
    assert "mean of 3" in figure.axes[1].get_xlabel()


def test_a_state_is_coloured_where_the_reason_is():
    found = boolrnn.reason(random_net(1), text_of(1, 12, 5), at=3, bit=0)
    figure, _ = rendered(found)
    drawn = colours(figure.axes[0].patches)
    assert len(drawn) == 7
    in_set = [j for j, colour in enumerate(drawn) if colour in (rgba(FLOAT), rgba(AUTOMATON))]
    assert in_set == sorted(found.witness_neurons.tolist())
    for j in in_set:
        assert drawn[j] == rgba(FLOAT if found.state[j] else AUTOMATON)


def test_bars_of_a_step_add_up_to_its_sum():
    found = boolrnn.step(random_net(1), 0, np.ones(7, bool), top=3)
    figure, _ = rendered(found)
    widths = [bar.get_width() for bar in figure.axes[1].patches]
    assert len(widths) == 5
    assert sum(widths) == pytest.approx(found.z[found.margins.argmin()])


def test_bars_of_a_rule_are_its_weights_as_they_move_z():
    net = random_net(1)
    found = boolrnn.rule(net, 2, 0)
    figure, _ = rendered(found)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert np.allclose(widths, 2 * net.wh[2, found.source])


def test_a_word_that_tells_two_states_apart_is_marked_where_they_differ():
    start = np.zeros(7, bool)
    found = boolrnn.reach(random_net(2), "h6", start=start, versus=start ^ (np.arange(7) == 3), within=5)
    assert found.minimum == 4
    figure, _ = assert_readable(found)
    step, neuron = figure.axes[1].lines[0].get_data()
    expected = np.argwhere(found.witness_states != found.versus_states).tolist()
    assert sorted([s, n] for s, n in zip(step.tolist(), neuron.tolist())) == expected


def test_the_word_on_which_languages_part_is_spelled():
    net = random_net(4, 3, 2, outputs=1)
    differs, same = boolrnn.compare_language(net, "tomita4", words=9), boolrnn.compare_language(net, net)
    assert differs.equal is False
    figure, _ = assert_readable(differs)
    assert len(figure.axes[0].patches) == len(differs.counterexample)
    assert differs.label_expected in said(figure)
    figure, _ = assert_readable(same)
    assert figure.axes[0].get_title(loc="left") == "equal on every word"


def test_hardening_shows_what_it_cost_or_that_there_is_no_text():
    made = boolrnn.harden(hardened_net(1, 4))
    figure, _ = assert_readable(made)
    assert "no text to judge by" in said(figure)
    costs = {"before_float": 2.5, "before_sign_dynamics": 9.0, "bpc_float": 2.75, "bpc_sign_dynamics": 2.75}
    losses = {"tried": np.array([1, 3]), "tried_loss": np.array([0.5, 0.25])}
    figure, _ = assert_readable(dataclasses.replace(made, **costs, **losses))
    assert [bar.get_width() for bar in figure.axes[0].patches] == [2.5, 2.75, 9.0, 2.75]
    assert figure.axes[1].lines[0].get_ydata().tolist() == [0.5, 0.25]
