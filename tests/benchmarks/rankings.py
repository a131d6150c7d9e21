"""Can good neurons be named without running the network? Rankings beside knockouts, one line per net.

    python tests/benchmarks/rankings.py MODEL TEXT [MODEL TEXT ...]

For every net: Spearman's correlation of each ranking with what the knockouts cost, and the bits per
character that the top sixth of its neurons (20 at most) give alone. `wy-norm`, `wh-in` and `wh-out` are
norms of the weight file; `knockout` and `greedy` run the network. The last lines count over all nets.
"""

import sys

import numpy as np

import boolrnn


def main():
    pairs = list(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    spearman, tops, head = [], [], True
    for model, text in pairs:
        weights = boolrnn.read_weights(model)
        found = boolrnn.knockout(weights, boolrnn.read_text(text, weights), search=False)
        names = found.ranking_rank.tolist()
        if head:
            print("net".ljust(28), "H".rjust(4), "bpc".rjust(7), *(f"{n:>15}" for n in names))
            head = False
        cells = zip(found.ranking_spearman.tolist(), found.ranking_top.tolist(), strict=True)
        shown = (f"{r:+.2f} {top:8.4f}".rjust(15) for r, top in cells)
        print(model.split("/")[-1].ljust(28), f"{found.neurons:4}", f"{found.baseline:7.4f}", *shown)
        spearman.append(found.ranking_spearman)
        tops.append(found.ranking_top)
    spearman, tops = np.array(spearman), np.array(tops)
    knocked = tops[:, names.index("knockout")]
    print(f"\n{len(pairs)} nets")
    for k, name in enumerate(names):
        better = int((tops[:, k] < knocked).sum())
        middle, least = np.median(spearman[:, k]), spearman[:, k].min()
        print(f"{name:9} Spearman {middle:+.2f} (least {least:+.2f}); top better than knockout's: {better}")


if __name__ == "__main__":
    main()
