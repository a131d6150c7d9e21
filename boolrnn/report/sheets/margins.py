"""The sheet of margins: summary, quantiles, bins, positions, neurons."""

from boolrnn.check.margins import Margins
from boolrnn.report.sheets import Column, Rows, Sheet, Table, sheet

_ULP = "One ulp of every input: 2^-23 sum |w|, the most that z moves if each hidden value moves by 2^-23."


@sheet.register
def _(result: Margins) -> Sheet:
    """Network beside automaton; neurons with the smallest mean margin first."""
    summary = [
        ("mean", result.mean, result.automaton_mean),
        ("least", result.min, result.automaton_min),
        ("below 1", result.below_1, result.automaton_below_1),
        ("below 0.1", result.below_0_1, result.automaton_below_0_1),
        ("neuron-steps", result.count, result.count),
        ("one ulp of every input", result.max_ulp, None),
        ("least margin / greatest ulp", result.safety_factor, None),
        ("least own margin / own ulp", result.least_ratio, None),
    ]
    pair = (Column("float network", ",.6g"), Column("automaton", ",.6g"))
    neurons = zip(
        result.neuron.tolist(),
        result.neuron_mean.tolist(),
        result.neuron_min.tolist(),
        result.neuron_below_1.tolist(),
        result.neuron_ulp.tolist(),
    )
    return Sheet(
        f"|z|, the distance of each sum from its threshold: {result.window}, {result.arithmetic}.",
        [
            Table("summary", (Column("|z|"), *pair), summary, _ULP),
            Table(
                "quantiles",
                (Column("quantile", ".0%"), *pair),
                Rows(result.quantile, result.quantile_float, result.quantile_automaton),
            ),
            Table(
                "bins",
                (Column("from", "g"), Column("to", "g"), *pair),
                Rows(result.bin_low, result.bin_high, result.bin_float, result.bin_automaton),
                limit=15,
            ),
            Table(
                "positions",
                (
                    Column("t", "d"),
                    Column("float least", ".4g"),
                    Column("of neuron", "d"),
                    Column("automaton least", ".4g"),
                    Column("of its neuron", "d"),
                ),
                Rows(
                    result.t,
                    result.t_float,
                    result.t_float_neuron,
                    result.t_automaton,
                    result.t_automaton_neuron,
                ),
                "The least |z| of each position. The automaton is on its own trajectory.",
                limit=5,
            ),
            Table(
                "neurons",
                (
                    Column("neuron", "d"),
                    Column("mean", ".4f"),
                    Column("least", ".3g"),
                    Column("below 1", ",d"),
                    Column("ulp", ".3g"),
                ),
                sorted(neurons, key=lambda row: row[1]),
                "Smallest mean margin first. ulp: 2^-23 sum |w|, the shift if each input moves by 2^-23.",
                limit=10,
            ),
        ],
    )
