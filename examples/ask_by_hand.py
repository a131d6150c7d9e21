"""Questions about all states of the net that ships with the package: what is fragile, what suffices, what can
never come before; and one that is put together by hand.

python examples/ask_by_hand.py
"""

import boolrnn

source, text = boolrnn.embedded_pair()
automaton = boolrnn.compile(source.weights)
symbols = boolrnn.to_symbols(text, source.weights)
states = automaton.run(symbols).states

for found in (
    boolrnn.fragility(automaton, symbols, at=300, steps=2),
    boolrnn.reason(automaton, symbols, at=300),
    boolrnn.preimage(automaton, states[50], symbol=int(symbols[50])),
    boolrnn.preimage(automaton, states[50], symbol=int(symbols[51])),
):
    print(boolrnn.sheet(found).sentence)

# The fewest flips of states[300] that turn h3 one step later and leave the prediction as it is:
question = boolrnn.Question(automaton, symbols[301:302])
after = automaton.run(symbols[301:302], initial=states[300]).states[0]
predicted = int(boolrnn.logits(source.weights, after[None] * 2.0 - 1).argmax())
question = question.where(question.bit(1, 3) == int(not after[3]), question.predicts(1, predicted))
answer = question.minimise(question.distance(0, states[300])).solve(budget=20).answer
print(f"By hand: {answer.verdict}, {answer.minimum} flips by {answer.engine}, proved: {answer.proved}.")
