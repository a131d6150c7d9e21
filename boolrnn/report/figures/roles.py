"""The figure of roles: what every bit knows, and how well the clearest roles predict it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from boolrnn.explain.role_evidence import ROLE
from boolrnn.explain.roles import Roles
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels
from boolrnn.report.sheets.roles import in_words, order_of

_SHARE = LinearSegmentedColormap.from_list("share", ["white", FLOAT, "black"])
_NAMED = 12  # roles that are named
_LONGEST = 40  # characters of a name


@draw.register
def _(result: Roles) -> Figure:
    """Heat map of information above chance, and held-out accuracy of the clearest roles beside the base."""
    figure, (heat, named) = panels(2)
    figure.set_size_inches(10.4, 4.2)
    heat.set_title("share of each bit's entropy that a feature explains", loc="left", fontsize=10)
    named.set_title("clearest roles: bits right on the second half", loc="left", fontsize=10)
    if result.tested:
        _heat(figure, heat, result)
    else:
        blank(heat, "nothing to test")
    if result.roles:
        _named(named, result)
    else:
        blank(named, "no roles found")
    return figure


def _heat(figure: Figure, axis: Axes, result: Roles) -> None:
    """Rows: neurons by their feature, those with a role first and marked."""
    hidden, features = len(result.neuron), len(result.feature)
    excess = (result.pair_mi - result.pair_null_mean).reshape(hidden, features)
    share = np.full(excess.shape, np.nan)
    known = np.isfinite(excess) & (result.neuron_entropy > 0)[:, None]
    np.divide(excess, result.neuron_entropy[:, None], out=share, where=known)
    names = result.feature.tolist()
    place = np.array([names.index(f) if f else features for f in result.neuron_feature.tolist()])
    role = result.neuron_verdict == ROLE
    own = np.where(np.isfinite(share), share, -1)[np.arange(hidden), np.minimum(place, features - 1)]
    order = np.lexsort((-own, ~role, place))
    grid = np.clip(share[order], 0, None)
    limit = max(float(np.nanmax(grid, initial=0.0)), 0.05)
    image = axis.imshow(
        np.ma.masked_invalid(grid), cmap=_SHARE, vmin=0, vmax=limit, aspect="auto", interpolation="nearest"
    )
    marked = np.flatnonzero(role[order])
    size = min(3.0, 300 / hidden)
    axis.plot(place[order][marked], marked, "o", markersize=size, color=AUTOMATON, label="role")
    axis.set_xlim(-0.5, features - 0.5)
    axis.set_xticks(range(features), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_yticks([])
    if hidden <= 24:
        axis.set_yticks(range(hidden), [f"h{i}" for i in order.tolist()], fontsize=7)
    axis.set_ylabel("neurons, by feature; dots: roles", fontsize=8)
    figure.colorbar(image, ax=axis, shrink=0.9).ax.tick_params(labelsize=8)


def _named(axis: Axes, result: Roles) -> None:
    """From the base rate to what the role predicts, one line each."""
    order = order_of(result)[:_NAMED]
    rows = np.arange(len(order))
    base, accuracy = result.neuron_base[order], result.neuron_accuracy[order]
    axis.hlines(rows, 100 * base, 100 * accuracy, color=NEUTRAL, linewidth=1)
    axis.plot(100 * base, rows, "|", color=NEUTRAL, markersize=9, label="base rate")
    axis.plot(100 * accuracy, rows, "o", color=AUTOMATON, markersize=5, label="by the role")
    words = [f"h{i} {_short(result, i)}" for i in order.tolist()]
    axis.set_yticks(rows, words, fontsize=7.5, parse_math=False)
    axis.set_ylim(len(order) - 0.4, -0.6)
    axis.set_xlim(min(50.0, 100 * float(base.min())) - 2, 102)
    axis.set_xlabel("%")
    axis.legend(loc="lower left", frameon=False, fontsize=8, ncols=2, bbox_to_anchor=(0, -0.32))


def _short(result: Roles, neuron: int) -> str:
    """A role with as many of its labels, up to three, as fit beside the axis; at least one."""
    fitting = [in_words(result, neuron, listed) for listed in (3, 2, 1)]
    return next((words for words in fitting if len(words) <= _LONGEST), fitting[-1])
