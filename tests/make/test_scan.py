"""The recurrence and its written-out backward pass, against autograd and the exact automaton (torch)."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn

torch = pytest.importorskip("torch", reason="training needs torch")

from boolrnn.make.descent import of_weights, score, to_weights
from boolrnn.make.scan import Scan, scan


def inputs(seed, steps=5, batch=2, hidden=4):
    generator = torch.Generator().manual_seed(seed)
    draw = {"generator": generator, "dtype": torch.float64}
    drive = torch.randn(steps, batch, hidden, **draw).requires_grad_()
    wh = torch.randn(hidden, hidden, **draw).requires_grad_()
    return drive, wh, torch.randn(batch, hidden, **draw)


@pytest.mark.parametrize("seed", range(3))
def test_gradients_of_tanh(seed):
    drive, wh, start = inputs(seed)
    assert torch.autograd.gradcheck(lambda d, w: Scan.apply(d, w, start, 0.0, None), (drive, wh))
    turned = torch.where(torch.rand(drive.shape, dtype=torch.float64) < 0.3, -1.0, 1.0)
    assert torch.autograd.gradcheck(lambda d, w: Scan.apply(d, w, start, 0.0, turned), (drive, wh))


@pytest.mark.parametrize("width", [1.0, 0.5])
def test_signs_run_forward_and_a_slope_backward(width):
    """The same recurrence step by step, with a sign whose gradient is replaced by autograd's usual trick."""
    drive, wh, start = inputs(7)
    _, hidden = scan(drive, wh, start, width)
    weights = torch.randn(hidden.shape, dtype=torch.float64)
    (hidden * weights).sum().backward()
    found = drive.grad.clone(), wh.grad.clone()
    drive.grad, wh.grad = None, None
    before, rows = start, []
    for t in range(len(drive)):
        z = drive[t] + before @ wh.t()
        soft = torch.tanh(z / width) * width
        before = soft + (torch.where(z >= 0, 1.0, -1.0) - soft).detach()
        rows.append(before)
    assert (torch.stack(rows) == hidden).all()
    (torch.stack(rows) * weights).sum().backward()
    assert torch.allclose(found[0], drive.grad)
    assert torch.allclose(found[1], wh.grad)


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_the_reference(seed):
    weights, text = random_net(seed, 9, 5), text_of(seed, 80, 5)
    assert to_weights({k: torch.from_numpy(v) for k, v in of_weights(weights).items()}, None).sha256() == (
        weights.sha256()
    )
    found = score({k: torch.from_numpy(v) for k, v in of_weights(weights).items()}, torch.from_numpy(text))
    told = boolrnn.agreement(weights, text)
    assert found.tanh == pytest.approx(told.bpc_float, abs=1e-4)
    assert found.sign == pytest.approx(told.bpc_sign_dynamics, abs=1e-4)
    assert found.agreement == pytest.approx(told.one_step, abs=0.02)  # one position more


def test_signs_of_zero_are_plus():
    _, hidden = scan(torch.zeros(2, 1, 3), torch.zeros(3, 3), torch.zeros(1, 3), 1.0)
    assert hidden.tolist() == np.ones((2, 1, 3)).tolist()
