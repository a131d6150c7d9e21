"""The README's table of nets: train, harden and certify over several seeds, one line per net.

    python tests/benchmarks/nets.py text TRAIN TEST --hidden 128 --seeds 0,1,2,3,4
    python tests/benchmarks/nets.py memorise TEXT --seeds 0,1,2,3
    python tests/benchmarks/nets.py healing TEXT --seeds 0
    python tests/benchmarks/nets.py sparse TEXT HELD --seeds 0,1,2,3

`text` trains a plain tanh net and a net of the recipe `text` on TRAIN (its last tenth selects) and scores
both on TEST, which nothing else reads. `sparse` keeps 36 % of Wh and 20 readout neurons and compares with
the published optimiser and its 50 epochs, dense and sparse. Needs torch; minutes to hours.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import stats

import boolrnn
from boolrnn.make.healing import healing
from boolrnn.make.made import costs
from boolrnn.make.recipes import PUBLISHED, TEXT_TANH

SPARSE = {"density": 0.36, "readout_neurons": 20}


def interval(values):
    """Mean and 95 % interval of the mean (Student)."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return f"{values.mean():.4f}"
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return f"{values.mean():.4f} +- {half:.4f}"


def bits(weights, data):
    """(as tanh, as signs) on bytes that the net has all symbols for."""
    return costs(weights, boolrnn.to_symbols(data, weights)).bpc()


def timed(function, *arguments, **options):
    """A call and its seconds."""
    begun = time.monotonic()
    return function(*arguments, **options), time.monotonic() - begun


def text(options):
    """Real text: plain tanh against hardened, on a text that neither was trained on."""
    read, test = (Path(path).read_bytes() for path in options.files)
    alphabet = np.unique(np.frombuffer(read + test, np.uint8))
    plain, hard, gaps = [], [], []
    for seed in options.seeds:
        shared = {"hidden": options.hidden, "seed": seed, "alphabet": alphabet}
        tanh, first = timed(boolrnn.train, read, recipe=TEXT_TANH, **shared)
        signs, second = timed(boolrnn.train, read, recipe="text", **shared)
        symbols = boolrnn.to_symbols(read, signs.weights)
        found, third = timed(
            boolrnn.harden, signs.weights, symbols, largest=8, epochs=0, validation=0.1, seed=seed
        )
        plain.append(bits(tanh.weights, test)[0])
        trained = bits(signs.weights, test)[1]
        hard.append(bits(found.weights, test)[0])
        gaps.append(hard[-1] - plain[-1])
        print(
            f"seed {seed}: tanh {plain[-1]:.4f}, signs {trained:.4f}, hardened {hard[-1]:.4f}, "
            f"|Wh| <= {found.max_abs_wh}, {found.level} ({found.form}), outputs {found.outputs_level}; "
            f"seconds {first:.0f} + {second:.0f} + {third:.0f}",
            flush=True,
        )
    print(f"H = {options.hidden}: tanh {interval(plain)}, hardened {interval(hard)}, loss {interval(gaps)}")


def memorise(options):
    """A text by heart: tanh and signs the same and certified, then hardened."""
    data = Path(options.files[0]).read_bytes()
    for seed in options.seeds:
        found, first = timed(boolrnn.train, data, recipe="signs", hidden=options.hidden, seed=seed)
        symbols = boolrnn.to_symbols(data, found.weights)
        hard, second = timed(boolrnn.harden, found.weights, symbols, epochs=0, tolerance=0.005)
        print(
            f"seed {seed}: tanh {found.bpc_float:.6f}, signs {found.bpc_sign_dynamics:.6f}, {found.level}; "
            f"hardened {hard.bpc_float:.6f}, |Wh| <= {hard.max_abs_wh}, {hard.level} ({hard.form}), "
            f"{hard.same_steps:.1%} of steps as before; seconds {first:.0f} + {second:.0f}",
            flush=True,
        )


def heal(options):
    """Every single flip healed, before and after hardening."""
    data = Path(options.files[0]).read_bytes()
    for seed in options.seeds:
        found, first = timed(boolrnn.train, data, recipe="healing", hidden=options.hidden, seed=seed)
        symbols = boolrnn.to_symbols(data, found.weights)
        print(
            f"seed {seed}: tanh {found.bpc_float:.4f}, signs {found.bpc_sign_dynamics:.4f}, {found.level}, "
            f"healed {found.healed:.4%} in <= {found.healing_steps}, unfinished {found.healing_unfinished}; "
            f"{first:.0f} s",
            flush=True,
        )
        for largest in (8, 16, 21, 32):
            hard = boolrnn.harden(found.weights, symbols, largest=largest, epochs=0)
            seen = healing(boolrnn.compile(hard.weights), symbols)
            print(
                f"  |Wh| <= {hard.max_abs_wh}: {hard.bpc_float:.4f}, {hard.level}, "
                f"healed {seen.share:.4%} in {seen.longest}, {seen.unfinished} of {seen.steps.size} open",
                flush=True,
            )


def sparse(options):
    """36 % of Wh and 20 readout neurons, against the published optimiser, on the text and on another."""
    data, held = (Path(path).read_bytes() for path in options.files)
    alphabet = np.unique(np.frombuffer(data + held, np.uint8))
    shared = {"hidden": options.hidden, "alphabet": alphabet}
    plans = {
        "tanh, sparse": ("tanh", SPARSE),
        "signs, sparse": ("signs", SPARSE),
        "tanh, dense": ("tanh", {}),
        "published optimiser, dense": (PUBLISHED, {}),
        "published optimiser, sparse": (PUBLISHED, SPARSE),
    }
    for name, (recipe, masks) in plans.items():
        for seed in options.seeds:
            found, first = timed(boolrnn.train, data, recipe=recipe, seed=seed, **shared, **masks)
            line = f"{name}, seed {seed}: tanh {found.bpc_float:.4f}, signs {found.bpc_sign_dynamics:.4f}, "
            line += f"{found.level}, held out {bits(found.weights, held)[0]:.3f}"
            if recipe == "signs":
                symbols = boolrnn.to_symbols(data, found.weights)
                hard = boolrnn.harden(found.weights, symbols, epochs=0)
                line += f"; hardened {hard.bpc_float:.4f}, |Wh| <= {hard.max_abs_wh}, {hard.level}, "
                line += f"density {np.count_nonzero(hard.wh) / hard.wh.size:.3f}"
            print(f"{line}; {first:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("text", "memorise", "healing", "sparse"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--seeds", type=lambda s: [int(k) for k in s.split(",")], default=[0])
    options = parser.parse_args()
    {"text": text, "memorise": memorise, "healing": heal, "sparse": sparse}[options.what](options)


if __name__ == "__main__":
    main()
