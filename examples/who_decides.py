"""Who decides whom in the net that ships with the package, is there a backbone, and where does it end up?

python examples/who_decides.py
"""

import boolrnn

source, text = boolrnn.embedded_pair()
automaton = boolrnn.compile(source.weights)
symbols = boolrnn.to_symbols(text, source.weights)

influence = boolrnn.influence(automaton, symbols, top=200)
j, i, rate = influence.edge_from[0], influence.edge_to[0], influence.edge_rate[0]
print(f"One flip changes {influence.mean_out_degree:.2f} of {automaton.hidden} bits one step later.")
print(f"The heaviest edge: flipping h{j} changes h{i} at {rate:.1%} of the positions.")

backbone = boolrnn.backbone(automaton, symbols, permutations=20)
print(boolrnn.sheet(backbone).sentence)

cycles = boolrnn.cycles(automaton, [int(symbols[0])], starts=20)
periods = [f"{period:,}" for period in sorted(cycles.cycle_period.tolist())]
print(f"Reading the first symbol for ever ends in cycles of {', '.join(periods)} steps.")
