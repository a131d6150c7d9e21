"""The sheet of step: the next state, and per neuron what decided it."""

from boolrnn.bits import to_hex
from boolrnn.model.corpus import show_symbol
from boolrnn.model.step import Step
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet

_MEANING = "Each bit is the sign of drive + contributions (weight x sign); smallest margins first."
_START = "At the start nothing contributes: each bit is the sign of the drive; smallest margins first."


@sheet.register
def _(result: Step) -> Sheet:
    """Neurons with the smallest margin first."""
    state = "the network's start" if result.state is None else to_hex(result.state[None])[0]
    about = facts(
        ("symbol", show_symbol(result.symbol, result.alphabet), f"symbol {result.symbol}"),
        ("state", state, ""),
        ("next", to_hex(result.next[None])[0], "bit j = neuron j"),
        ("flips", result.flips, "bits"),
        ("least margin", float(result.margins.min()), f"h{int(result.margins.argmin())}"),
    )
    rows = []
    for i in result.margins.argsort(kind="stable").tolist():
        shown = zip(result.sources[i].tolist(), result.contributions[i].tolist())
        heaviest = "  ".join(f"h{j} {value:+.3f}" for j, value in shown)
        bit, margin, drive = result.bit[i].item(), result.margins[i].item(), result.drive[i].item()
        rows.append((i, bit, margin, drive, heaviest))
    return Sheet(
        _sentence(result),
        [
            Table("step", FACTS, about),
            Table(
                "neurons",
                (
                    Column("neuron", "d"),
                    Column("bit", "d"),
                    Column("margin", ".4g"),
                    Column("drive", "+.4f"),
                    Column("heaviest contributions"),
                ),
                rows,
                _MEANING if result.state is not None else _START,
                limit=10,
            ),
        ],
    )


def _sentence(result: Step) -> str:
    """What the step does to the state, and how close it was."""
    read = show_symbol(result.symbol, result.alphabet)
    hidden, least = len(result.next), int(result.margins.argmin())
    does = (
        f"sets {int(result.next.sum()):,} of {hidden:,} bits, from the start"
        if result.flips is None
        else f"flips {result.flips:,} of {hidden:,} bits"
    )
    return f"Reading {read} {does}; the least margin is {result.margins[least]:.3g}, of h{least}."
