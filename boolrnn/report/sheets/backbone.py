"""The sheet of backbone: is there one, how deep, by which routes and neurons; both definitions."""

import numpy as np

from boolrnn.graph.backbone import ENDS, ROLES, Backbone
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_LEVEL = 0.05  # p up to which the traffic is called concentrated
_TOPS = (1, 2, 5)
_DEPTH = (
    "Step: steps back. Of the worth: what the neurons are worth at the end, as far as it was traced that "
    "far; the rest began on the way or met the start of the text."
)
_CHAIN = (
    "Edge: to <- from. Flips: positions at which flipping `from` alone changes `to` one step later; rate:"
    " their share. Weight: of wh. Rank: of |weight| among the inputs of `to`, 1 the heaviest, of "
    "{hidden}. Share: of all traffic. Percentile: share of null models in which less goes over this edge."
)
_PUBLISHED = (
    "First: positions at which negating the neuron changes the prediction most. Among {ends}: ... is one "
    "of the {ends} that change it most. First source: traces that lead from one of those to this neuron "
    "one step back, along the largest |weight x value| (of equal ones the lowest neuron). Causal share, "
    "role: by the other definition, as under `neurons`, which says when a neuron is which."
)
_TOP_SHARES = (
    "Neurons: so many, the busiest ones. Share: of the traffic, that leads to them from the next step. "
    "Null median, null 95 %: what the busiest carry in half, and at most in 95 %, of the null models, "
    "which permute the weights within rows and keep states and ends."
)
_PATHS = (
    "Path: the end first. Share: of the traffic that goes {steps}. Traffic: bits traced along the whole "
    "path, over all positions."
)
_NEURONS = (
    "Share: of the traffic, that arrives here. Worth: sum over positions of |change in bits| if the bit "
    "is flipped in the readout. Arrived: traced here from the next step. Passed: traced on from here. "
    "Begun: not traced on, for no single input decides the bit. Stopped: by the depth or the start of the"
    " text. Worth + arrived = passed + begun + stopped, in bits. Role: decision point where worth exceeds"
    " what arrived, else source where more began than passed, else relay; silent where nothing is. "
    "Percentile: share of null models in which less of the traffic arrives here."
)
_EDGES = (
    "Share: of all traffic. Traffic: bits traced from `to` back to `from`, over all positions. Weight: of"
    " wh. Rank: of |weight| among the inputs of `to`, 1 the heaviest. Percentile: share of null models in"
    " which less of the traffic goes over this edge."
)


@sheet.register
def _(result: Backbone) -> Sheet:
    """The verdict, then tables from the summary to the edges."""
    tables = [Table("backbone", FACTS, _facts(result)), _by_depth(result)]
    if len(result.chain_to):
        tables.append(_chain(result))
    tables += [_published(result), _published_paths(result), _top_shares(result), _paths(result)]
    return Sheet(_sentence(result), [*tables, _neurons(result), _edges(result)])


def _sentence(result: Backbone) -> str:
    window = result.window[0].upper() + result.window[1:]
    return f"{_verdict(result)} {window}, {result.states}."


def _verdict(result: Backbone) -> str:
    """Whether the traffic is concentrated beyond the null model, in one sentence."""
    if result.null_share is None:
        if not result.worth:
            return "No neuron changes a prediction: there is nothing to trace."
        return "Nothing is traced: no bit that changes a prediction has an input that alone decides it."
    hidden, top = len(result.neuron), result.null_top
    if top == hidden:
        are = "The only neuron carries" if hidden == 1 else f"The {hidden:,} neurons that there are carry"
        return f"{are} all of the traffic: nothing to compare with a null model."
    who = "The busiest neuron carries" if top == 1 else f"The {top:,} busiest neurons carry"
    begin = f"{who} {_percent(result.null_share)} of the traffic"
    if result.null_q95 is None or result.null_p is None:
        return f"{begin}; no null model was run."
    models = "null model" if result.null_permutations == 1 else "null models"
    many = f"95 % of {result.null_permutations:,} {models}"
    least = 1 / (result.null_permutations + 1)
    if result.null_p <= _LEVEL:
        word = f"concentrated beyond the null model (p = {result.null_p:.2g})"
    elif least > _LEVEL:
        word = f"too few null models to tell (p = {result.null_p:.2g}, at least {least:.2g})"
    else:
        word = f"not concentrated beyond the null model (p = {result.null_p:.2g})"
    return f"{begin}; in {many} at most {_percent(result.null_q95)}: {word}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _facts(result: Backbone) -> list:
    hidden = len(result.neuron)
    top = "the busiest neuron" if result.null_top == 1 else f"the {result.null_top:,} busiest neurons"
    models = f"in {result.null_permutations:,} null models"
    return facts(
        ("worth", result.worth, "bits per position: |change| if one bit is flipped, summed over neurons"),
        ("traced", result.traced, "share of the worth that has a deciding input one step before"),
        ("depth", result.depth, "steps back, at most"),
        ("edges with traffic", len(result.edge_to), f"of {hidden * hidden:,}"),
        *(
            (
                f"{role}s" if role != ROLES[3] else role,
                int((result.role == role).sum()),
                f"of {hidden:,} neurons",
            )
            for role in ROLES
        ),
        ("carried by the busiest", result.null_share, f"share of the traffic, {top}"),
        ("  null median", result.null_median, models),
        ("  null 95 %", result.null_q95, models),
        ("  p", result.null_p, f"(1 + null models with as much) / {result.null_permutations + 1:,}"),
        ("traffic", result.null_traffic, "bits, over all edges and positions"),
        ("  null median", result.null_traffic_median, models),
        ("  p", result.null_traffic_p, "the same, of the traffic"),
        ("chain, whole", result.chain_path_share, "share of the traffic that goes as many steps"),
        ("published definition", result.published_values, result.published_window),
    )


def _by_depth(result: Backbone) -> Table:
    columns = (Column("step", "d"), Column("of the worth", ".2%"))
    return Table("by depth", columns, Rows(result.depth_step, result.depth_share), _DEPTH, aside=True)


def _chain(result: Backbone) -> Table:
    columns = (
        Column("edge"),
        Column("flips", ",d"),
        Column("rate", ".2%"),
        Column("weight", ".4g"),
        Column("rank", "d"),
        Column("share", ".3%"),
        Column("percentile", ".0%"),
    )
    rows = Rows(
        routes(np.stack([result.chain_to, result.chain_from], axis=1)),
        result.chain_flips,
        result.chain_rate,
        result.chain_weight,
        result.chain_rank,
        result.chain_share,
        result.chain_percentile,
    )
    return Table("chain", columns, rows, _CHAIN.format(hidden=len(result.neuron)))


def routes(neurons: np.ndarray) -> list[str]:
    """Rows of neurons, the end first, as 'h0 <- h1 <- h2'."""
    return [" <- ".join(f"h{j}" for j in row) for row in neurons.tolist()]


def _labels(neurons: np.ndarray) -> list[str]:
    return [f"h{j}" for j in neurons.tolist()]


def _published(result: Backbone) -> Table:
    counts = (result.published_first, result.published_in_top, result.published_source)
    order = np.lexsort([-column for column in reversed(counts)])
    order = order[np.sum(counts, axis=0)[order] > 0]
    columns = (
        Column("neuron"),
        Column("first", ",d"),
        Column(f"among {ENDS}", ",d"),
        Column("first source", ",d"),
        Column("causal share", ".2%"),
        Column("role"),
    )
    rows = Rows(
        _labels(order), *(column[order] for column in counts), result.neuron_share[order], result.role[order]
    )
    note = _PUBLISHED.format(ends=ENDS)
    return Table("published definition", columns, rows, note, aside=True)


def _published_paths(result: Backbone) -> Table:
    columns = (Column("published path"), Column("times", ",d"))
    rows = Rows(routes(result.published_path), result.published_count)
    note = f"Times: traces, {ENDS} per position, that take this path; the end first. Most frequent ones only."
    return Table("published paths", columns, rows, note, aside=True)


def _top_shares(result: Backbone) -> Table:
    hidden = len(result.neuron)
    series = {k * 10**n for k in _TOPS for n in range(len(str(hidden)))}
    at = np.array(sorted(k for k in series | {result.null_top, hidden} if k <= hidden)) - 1
    columns = (
        Column("neurons", ",d"),
        Column("share", ".1%"),
        Column("null median", ".1%"),
        Column("null 95 %", ".1%"),
    )
    rows = Rows(result.top_k[at], result.top_share[at], result.top_median[at], result.top_q95[at])
    return Table("busiest neurons", columns, rows, _TOP_SHARES, aside=True)


def _paths(result: Backbone) -> Table:
    length = result.path_neurons.shape[1] - 1
    note = _PATHS.format(steps="one step" if length == 1 else f"{length:,} steps")
    note += (
        " Complete: no path outside the list is heavier."
        if result.paths_complete
        else " Not complete: made of the heaviest edges only; a path over another one may be heavier."
    )
    columns = (Column("path"), Column("share", ".2%"), Column("traffic", ",.4g"))
    rows = Rows(routes(result.path_neurons), result.path_share, result.path_traffic)
    return Table("heaviest paths", columns, rows, note, aside=True)


def _neurons(result: Backbone) -> Table:
    order = np.argsort(-np.nan_to_num(result.neuron_share), kind="stable")
    columns = (
        Column("neuron"),
        Column("role"),
        Column("share", ".2%"),
        Column("worth", ",.4g"),
        Column("arrived", ",.4g"),
        Column("passed", ",.4g"),
        Column("begun", ",.4g"),
        Column("stopped", ",.4g"),
        Column("percentile", ".0%"),
    )
    rest = (
        result.role,
        result.neuron_share,
        result.neuron_worth,
        result.neuron_arrived,
        result.neuron_passed,
        result.neuron_begun,
        result.neuron_stopped,
        result.neuron_percentile,
    )
    rows = Rows(_labels(order), *(column[order] for column in rest))
    return Table("neurons", columns, rows, _NEURONS, limit=6)


def _edges(result: Backbone) -> Table:
    columns = (
        Column("from"),
        Column("to"),
        Column("share", ".2%"),
        Column("traffic", ",.4g"),
        Column("weight", ".4g"),
        Column("rank", "d"),
        Column("percentile", ".0%"),
    )
    rows = Rows(
        (result.edge_from, _labels),
        (result.edge_to, _labels),
        result.edge_share,
        result.edge_traffic,
        result.edge_weight,
        result.edge_rank,
        result.edge_percentile,
    )
    return Table("edges", columns, rows, _EDGES, limit=6)
