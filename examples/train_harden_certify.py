"""Train a net on your own text, harden it to whole numbers, and prove that it is an automaton (needs torch).

python examples/train_harden_certify.py [TEXT MODEL CERTIFICATE]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import boolrnn

folder = Path(tempfile.mkdtemp())
_, text = boolrnn.embedded_pair()
text = text[:1000]
model, certificate = folder / "net.npz", folder / "net.cert.json"
if len(sys.argv) == 4:
    text, model, certificate = Path(sys.argv[1]).read_bytes(), *map(Path, sys.argv[2:])

trained = boolrnn.train(text, recipe="signs", hidden=48, epochs=100, seed=0)
print(f"trained:  {trained.bpc_sign_dynamics:.3f} bits per character on signs")

symbols = boolrnn.to_symbols(text, trained.weights)
hard = boolrnn.harden(trained.weights, symbols, epochs=0)
hard.write(model)
print(f"hardened: {hard.bpc_float:.3f} as a float32 network, integers up to {hard.max_abs_wh} in Wh")

proof = boolrnn.certify(hard.weights, outputs=True, require="certified_always")
proof.write(certificate)
print(proof.verdict)

# so no text, not even noise, can separate the network from its automaton
noise = np.random.default_rng(0).integers(0, hard.symbols, 2000)
hidden = boolrnn.trace(hard.weights, noise).hidden
states = boolrnn.compile(hard.weights).run(noise).states
print(f"noise:    {(hidden == np.where(states, 1, -1)).mean():.0%} of hidden values are exactly the signs")
