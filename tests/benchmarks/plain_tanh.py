"""Do plain tanh nets speak the language of their signs? Needs torch.

    python tests/benchmarks/plain_tanh.py [--seeds 0,1] [--hidden 16]

Trains tanh nets on Tomita's languages by gradient, a label at every prefix, and compares the sign automaton
of each with the language, beside what the float program does on sampled words.
"""

import argparse

import numpy as np
import torch

import boolrnn
from boolrnn.machines.machine import Machine
from boolrnn.machines.strings import Drawing

UPDATES, BATCH, SHORT, LONG = 1500, 64, 6, 24


def trained(machine: Machine, hidden: int, seed: int) -> boolrnn.Weights:
    """A tanh net: Adam 5e-3 along a cosine, gradients clipped at 1, words that grow from 6 to 24 symbols."""
    rng, drawing = np.random.default_rng(seed), Drawing(machine)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    size = hidden**0.5
    net = [torch.randn(hidden, 2) / 2, torch.randn(hidden, hidden) / size, torch.zeros(hidden)]
    net = [part.requires_grad_() for part in (*net, torch.randn(2, hidden) / size, torch.zeros(2))]
    wx, wh, bh, wy, by = net
    optimiser = torch.optim.Adam(net, lr=5e-3)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, UPDATES, eta_min=1e-4)
    for update in range(UPDATES):
        words = drawing.words(rng, BATCH, SHORT + int((LONG - SHORT) * min(1, update / (0.6 * UPDATES))))
        labels = torch.from_numpy(np.asarray(drawing.labels(words), np.int64))
        state, outputs = torch.zeros(BATCH, hidden), [by.expand(BATCH, 2)]
        for symbols in words:
            drive = wx.t()[torch.from_numpy(np.asarray(symbols, np.int64))] + bh
            state = torch.tanh(drive + state @ wh.t())
            outputs.append(state @ wy.t() + by)
        loss = torch.nn.functional.cross_entropy(torch.stack(outputs).flatten(0, 1), labels.flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net, 1.0)
        optimiser.step()
        rates.step()
    tensors = [part.detach().numpy().copy() for part in net]
    return boolrnn.Weights(*tensors, alphabet=np.frombuffer(b"01", np.uint8))


def main() -> None:
    """One row for each net."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--hidden", type=int, default=16)
    options = parser.parse_args()
    print("| net | float program right on 5,000 words | signs equal | shortest word | gain needed |")
    print("|---|---|---|---|---|")
    for name in (f"tomita{k}" for k in range(1, 8)):
        for seed in map(int, options.seeds.split(",")):
            machine = boolrnn.read_spec(name)
            found = boolrnn.compare_language(trained(machine, options.hidden, seed), machine, words=5000)
            length = None if found.counterexample is None else len(found.counterexample)
            right = f"{100 * (found.sampled_right or 0):.2f} %"
            print(
                f"| {name}, {seed} | {right} | {found.equal} | {length} | {found.gain_needed} |", flush=True
            )


if __name__ == "__main__":
    main()
