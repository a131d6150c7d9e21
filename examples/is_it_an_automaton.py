"""Is this network a Boolean automaton? Ask it in Python, on the pair that ships with boolrnn.

python examples/is_it_an_automaton.py [MODEL TEXT]
"""

import sys

import numpy as np

import boolrnn

if len(sys.argv) == 3:
    weights = boolrnn.read_weights(sys.argv[1])
    symbols = boolrnn.read_text(sys.argv[2], weights)
else:
    source, text = boolrnn.embedded_pair()
    weights = source.weights
    symbols = boolrnn.to_symbols(text, weights)

found = boolrnn.agreement(weights, symbols)
print(found.verdict)
print(f"level: {found.level}")

# the automaton by hand: many states at once, exactly
automaton = boolrnn.compile(weights)
states = np.random.default_rng(0).random((1000, weights.hidden)) < 0.5
after, margins = automaton.step(states, np.repeat(symbols[:1], 1000))
print(
    f"1000 random states under the first symbol: {len({row.tobytes() for row in after})} successors, "
    f"least margin {margins.min():.2g}"
)

# a single neuron's rule, with all but its five heaviest inputs fixed at -1
inputs = boolrnn.rule(automaton, 3, int(symbols[0])).source
fixed = {int(j): False for j in inputs[5:]}
print(f"h3 given the rest: {boolrnn.rule(automaton, 3, int(symbols[0]), given=fixed).formula}")
