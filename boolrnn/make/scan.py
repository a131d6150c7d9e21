"""The recurrence h' = act(drive + wh h) over a chunk of time, with a backward pass written out.

One autograd node for a whole chunk: a node per step would spend most of its time in bookkeeping.
With a `width` signs run forward and gradients pass back through a slope of sech^2(z / width) (a
straight-through estimator: Bengio, Leonard & Courville 2013, arXiv:1308.3432).
"""

from typing import Any

import torch
from torch import Tensor


class Scan(torch.autograd.Function):
    """drive (T, B, H), wh (H, H) as [to, from], start (B, H) -> sums z and hidden values, both (T, B, H)."""

    @staticmethod
    def forward(
        ctx: Any, drive: Tensor, wh: Tensor, start: Tensor, width: float, turned: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Run the chunk; with a `width` hidden values are -1 and +1, 0 counting as +."""
        z, hidden = torch.empty_like(drive), torch.empty_like(drive)
        transposed, ones, before = wh.t(), torch.ones_like(start), start
        turns = [None] * len(drive) if turned is None else turned.unbind()
        for add, total, after, turn in zip(drive.unbind(), z.unbind(), hidden.unbind(), turns):
            torch.addmm(add, before, transposed, out=total)
            if width:
                torch.copysign(ones, total, out=after)
            else:
                torch.tanh(total, out=after)
            if turn is not None:
                after.mul_(turn)
            before = after
        ctx.save_for_backward(z, hidden, wh, start)
        ctx.turned = turned
        ctx.width = width
        return z, hidden

    @staticmethod
    def backward(ctx: Any, grad_z: Tensor, grad_hidden: Tensor) -> tuple[Tensor, Tensor, None, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride] - torch declares *args
        """Gradients of drive and wh; the chunk's start is taken as given."""
        z, hidden, wh, start = ctx.saved_tensors
        slope = 1 - (torch.tanh(z / ctx.width) if ctx.width else hidden) ** 2
        slope = slope if ctx.turned is None else slope * ctx.turned
        delta, carried = torch.empty_like(z), torch.empty_like(start)
        deltas, slopes = delta.unbind(), slope.unbind()
        direct, upper = grad_z.unbind(), grad_hidden.unbind()
        torch.addcmul(direct[-1], upper[-1], slopes[-1], out=deltas[-1])
        for t in range(len(deltas) - 2, -1, -1):
            torch.addmm(upper[t], deltas[t + 1], wh, out=carried)
            torch.addcmul(direct[t], carried, slopes[t], out=deltas[t])
        before = torch.cat([start[None], hidden[:-1]])
        return delta, delta.flatten(0, 1).t() @ before.flatten(0, 1), None, None, None


def scan(
    drive: Tensor, wh: Tensor, start: Tensor, width: float = 0.0, turned: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Sums and hidden values of a chunk: tanh, or signs where there is a width; hidden values are
    multiplied by `turned` (T, B, H; -1 flips one), if given. See `Scan`."""
    return Scan.apply(drive, wh, start, width, turned)
