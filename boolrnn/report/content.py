"""What a report's page is filled with: data for its scripts, blocks, verdict, charts and tables."""

import dataclasses
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from boolrnn.check.agreement import Agreement
from boolrnn.check.predict import Predict
from boolrnn.clauses.fragility import Fragility, fragility
from boolrnn.explain.justify import Justify, justify
from boolrnn.model.run import Run
from boolrnn.report.charts import Chart, charts, payload
from boolrnn.report.explorer import details as positions
from boolrnn.report.explorer.graph import graph
from boolrnn.report.explorer.neurons import neurons
from boolrnn.report.explorer.positions import arrays, chosen, names, seen_on
from boolrnn.report.page import block
from boolrnn.report.questions import Asked, Asking, Names
from boolrnn.report.sheets import Sheet, sheet
from boolrnn.result import MadeBy, Result
from boolrnn.shapes import Int64

SHIPPED = "the pair that ships with boolrnn"
_CODES = {"float32": "f4", "uint8": "u1", "uint16": "u2", "uint32": "u4"}


class Section(NamedTuple):
    """A verb's answer as its sheet, or the reason why there is none."""

    title: str
    command: str
    sheet: Sheet | None
    reason: str | None


@dataclasses.dataclass(frozen=True)
class Content:
    """All that the template is given but the ledgers; `detailed` counts the positions with details, and
    `interrupted` says that not all of these are complete."""

    data: dict[str, Any]
    blocks: dict[str, str]
    verdict: dict[str, Any]
    charts: list[Chart]
    sections: list[Section]
    made_by: MadeBy
    detailed: int
    interrupted: bool

    def values(self) -> dict[str, Any]:
        """By name, as the template knows them."""
        return {
            name: getattr(self, name)
            for name in ("data", "blocks", "verdict", "charts", "sections", "made_by")
        }


def content(
    asking: Asking, answers: list[Asked], named: Names, made_by: MadeBy, details: str | None
) -> Content:
    """Fill a page with the answers to its questions.

    Raises
    ------
    OptionError
        Where `details` names a position that there is none.
    """
    found = {asked.question.verb: asked.result for asked in answers if asked.result is not None}
    agreement = found["agreement"]
    assert isinstance(agreement, Agreement)
    drawn = [chart for asked in answers if asked.result is not None for chart in charts(asked.result)]
    blocks = {f"chart-{chart.name}": block(payload(chart)) for chart in drawn}
    about_text, reasons = _text(asking, found, details, blocks)
    about_neurons = _neurons(asking, found, blocks)
    data = {
        "title": _title(named),
        "made_by": dataclasses.asdict(made_by),
        **_sizes(asking, named),
        **names(asking.automaton.weights),
        **about_text,
        **about_neurons,
        "charts": [
            {"name": c.name, "title": c.title, "definition": c.definition, "verb": c.verb, "spec": c.spec}
            | {"block": f"chart-{c.name}"}
            for c in drawn
        ],
        "window": agreement.window,
        "windows": {verb: getattr(one, "window", None) for verb, one in found.items()},
        "arithmetic": agreement.arithmetic,
        "level": agreement.level,
        "verdict": agreement.verdict,
    }
    sections = [_section(asked) for asked in answers]
    detailed = len(about_text["details"]["positions"])
    first = _verdict(agreement)
    return Content(data, blocks, first, drawn, sections, made_by, detailed, reasons.interrupted)


def _title(named: Names) -> str:
    if named.model is None:
        return SHIPPED
    return f"{PurePath(named.model).name} on {PurePath(named.text or 'TEXT').name}"


def _sizes(asking: Asking, named: Names) -> dict[str, Any]:
    """Net and text, and how large they are."""
    weights = asking.automaton.weights
    return {
        "model": {
            "name": SHIPPED if named.model is None else PurePath(named.model).name,
            "hidden": weights.hidden,
            "symbols": weights.symbols,
            "outputs": weights.outputs,
            "predicts": weights.predicts,
        },
        "text": {
            "name": "" if named.model is None else PurePath(named.text or "TEXT").name,
            "length": len(asking.symbols),
        },
        "command": named.command("report", "--details A:B -o details.html"),
    }


def _text(
    asking: Asking, found: dict[str, Result], details: str | None, blocks: dict[str, str]
) -> tuple[dict[str, Any], "_Reasons"]:
    """Arrays over all positions and records of some of them, put into `blocks`; where to find them, and the
    reasons in the records."""
    run, agreement, predict = found["run"], found["agreement"], found.get("predict")
    assert isinstance(run, Run)
    assert isinstance(agreement, Agreement)
    assert predict is None or isinstance(predict, Predict)
    automaton = asking.automaton
    bits = None if predict is None else predict.float_bits
    at = chosen(len(run.symbols), automaton.hidden, bits, details)
    seen = seen_on(automaton, run, at, asking.tanh)
    listed = {}
    for name, values in arrays(automaton, seen, agreement, run, predict).items():
        listed[name] = {
            "dtype": _CODES[values.dtype.name],
            "shape": list(values.shape),
            "block": f"text-{name}",
        }
        blocks[f"text-{name}"] = block(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
    reasons = _reasons(asking, at) if predict is not None else _Reasons()
    records = positions.details(at, predict, reasons.justify, reasons.network, reasons.own)
    blocks |= {name: block(value) for name, value in positions.blocks(records, seen)}
    return {"arrays": listed, "details": {"size": positions.SIZE, "positions": at.tolist()}}, reasons


@dataclasses.dataclass
class _Reasons:
    """Why predictions are what they are, and the fewest flips of either's state that change them."""

    justify: Justify | None = None
    network: Fragility | None = None
    own: Fragility | None = None
    interrupted: bool = False


def _reasons(asking: Asking, at: Int64[np.ndarray, "P"]) -> _Reasons:
    """The reasons at these positions; an interrupt keeps those that are there."""
    found = _Reasons()
    if not len(at):
        return found
    automaton, symbols = asking.automaton, asking.symbols
    shared: dict[str, Any] = {"predictions": True, "positions": at, "tanh": asking.tanh}
    try:
        found.justify = justify(automaton, symbols, at=at, tanh=asking.tanh)
        found.network = fragility(automaton, symbols, states="network", **shared)
        found.own = fragility(automaton, symbols, **shared)
    except KeyboardInterrupt:
        found.interrupted = True
    found.interrupted |= any(one is not None and one.interrupted for one in (found.network, found.own))
    return found


def _neurons(asking: Asking, found: dict[str, Result], blocks: dict[str, str]) -> dict[str, str | None]:
    """Records of the neurons, and their graph; None where a question that they need has no answer."""
    needed = ("influence", "coflips")
    if not all(name in found for name in (*needed, "dwell", "roles", "margins")):
        return {"neurons": None, "graph": None}
    some: dict[str, Any] = {name: found.get(name) for name in (*needed, "backbone")}
    more: dict[str, Any] = {
        name: found.get(name) for name in ("dwell", "roles", "margins", "agreement", "knockout")
    }
    blocks["neurons"] = block(neurons(asking.automaton, asking.symbols, **some, **more))
    blocks["graph"] = block(graph(some["influence"], some["backbone"], some["coflips"]))
    return {"neurons": "neurons", "graph": "graph"}


def _verdict(agreement: Agreement) -> dict[str, Any]:
    """What the page says first."""
    level, costs, *_ = sheet(agreement).tables
    return {
        "sentence": agreement.verdict,
        "level": agreement.level,
        "facts": level.rows,
        "table": costs if any(row[1] is not None for row in costs.rows) else None,
    }


def _section(asked: Asked) -> Section:
    drawn = None if asked.result is None else sheet(asked.result)
    return Section(asked.question.verb, asked.command, drawn, asked.reason)
