"""Does a network implement a protocol? A net made by hand, two specifications, and the word between them.

The net says 1 while the last twelve symbols were 1s. A specification that wants thirteen agrees with it on
nearly every word that anybody would try.

    python examples/does_it_implement.py
"""

import numpy as np

import boolrnn

RUN = 12  # 1s in a row


def net_for_runs(length: int) -> boolrnn.Weights:
    """Neuron k is 1 after k + 1 symbols 1 in a row; the outputs tell the last one's bit."""
    wh, wx = np.zeros((length, length)), np.zeros((length, 2))
    wx[0] = (-1, 1)
    for k in range(1, length):
        wh[k, k - 1] = 2
        wx[k] = (-3, -1)  # this symbol and the neuron before must both be 1
    wy = np.zeros((2, length))
    wy[0, -1], wy[1, -1] = -1, 1
    tensors = {"wx": 16 * wx, "wh": 16 * wh, "bh": np.zeros(length), "wy": wy, "by": np.array([1, 0])}
    floats = {name: value.astype(np.float32) for name, value in tensors.items()}
    return boolrnn.Weights(**floats, alphabet=np.frombuffer(b"01", np.uint8))


weights = net_for_runs(RUN)
print(boolrnn.extract(weights).verdict)
for run in (RUN, RUN + 1):
    spec = boolrnn.read_spec(f"(0|1)*1{{{run}}}")
    answer = boolrnn.compare_language(weights, spec)
    print(f"Ends in {run} 1s? {answer.verdict}")
