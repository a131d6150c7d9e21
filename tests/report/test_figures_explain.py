"""Pictures of the seven questions: every word can be read, on any net."""

import pytest
from nets import random_net, text_of
from report.test_figures_graph import DEGENERATE, assert_readable

import boolrnn

VERBS = {
    "precision": lambda net, text: boolrnn.precision(net, text, bits=(0, 8, 23), leverage_positions=9),
    "attribution": boolrnn.attribution,
    "attribution by flips": lambda net, text: boolrnn.attribution(net, text, flips=3),
    "offsets": boolrnn.offsets,
    "knockout": boolrnn.knockout,
    "prune": boolrnn.prune,
    "justify": boolrnn.justify,
    "pmi": boolrnn.pmi,
    "roles": lambda net, text: boolrnn.roles(net, text, shuffles=19),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", ["one neuron", "zero weights", "one symbol", "three symbols", "ordinary"])
def test_words_of_any_net_can_be_read(verb, case):
    assert_readable(VERBS[verb](*DEGENERATE[case]))


@pytest.mark.parametrize("verb", ["attribution", "offsets", "justify", "pmi"])
def test_published_variants_can_be_read(verb):
    assert_readable(getattr(boolrnn, verb)(random_net(2, 9, 5), text_of(2, 200, 5), as_published=True))


@pytest.mark.parametrize("verb", ["precision", "attribution", "justify", "prune"])
def test_words_of_the_embedded_pair_can_be_read(verb, embedded):
    net, text = embedded
    assert_readable(VERBS[verb](net, text[:400]))
