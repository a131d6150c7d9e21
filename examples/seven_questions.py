"""The seven questions of the published interpretation, one line each, for the net of the package.

python examples/seven_questions.py
"""

import boolrnn

source, text = boolrnn.embedded_pair()
automaton = boolrnn.compile(source.weights)
symbols = boolrnn.to_symbols(text[:1000], source.weights)

found = boolrnn.attribution(automaton, symbols, flips=1, positions="0::50")
print(f"Sparsity: by gradients {found.never_total:,} of {found.patterns_total:,} weights are never active;")
print(f"  yet another current symbol changes the cost of the next by {found.symbols_change[0]:.2f} bits.")

found = boolrnn.offsets(automaton, symbols, depth=10, positions="0::10")
near, far = found.depth_kl[0], found.depth_kl[-1]
print(f"Offsets: a symbol moves the prediction by {near:.2f} bits at distance 1, by {far:.2f} at 10.")

found = boolrnn.knockout(automaton, symbols, search=False)
first, cost = found.single_neuron[0], found.single_bpc[0]
print(f"Neurons: {found.baseline:.4f} bpc with all, {cost:.4f} without h{first}.")

found = boolrnn.dwell(automaton, symbols)
print(f"Saturation: {found.saturated:.0%} of the hidden values; {found.flips_per_step:.1f} flips per step.")

found = boolrnn.prune(automaton, symbols, network=False)
print(f"Redux: the automaton keeps its states without {found.total_greedy:,} of {found.total_wh:,} weights.")

found = boolrnn.justify(automaton, symbols, at="0::20")
print(f"Justification: {found.mean_neurons:.1f} neurons keep a predicted symbol, on average.")

found = boolrnn.pmi(automaton, symbols, depth=10, positions="0::10")
print(
    f"Algebra: {found.bigram:.1f} % of the sensitivity at pairs of high PMI, {found.base_rate:.1f} % of all."
)
