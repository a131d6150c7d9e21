"""Without torch everything but training works, and training says in one line what is missing."""

import subprocess
import sys

CODE = """
import sys
sys.modules["torch"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
import numpy as np, boolrnn
net = boolrnn.construct(b"<a>b</a>" * 9, groups=3, bits=4).weights
print(boolrnn.harden(net, boolrnn.to_symbols(b"<a>b</a>", net)).level)
print(boolrnn.certify(net).tanh_is_one.tolist())
try:
    boolrnn.train(b"abab")
except boolrnn.BoolrnnError as error:
    print(error)
"""


def test_all_but_training():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True)
    level, tanhs, error = done.stdout.decode().splitlines()
    assert level == "certified_always"
    assert "torch" not in tanhs
    assert error.startswith("training by gradient needs torch, which is not installed")
