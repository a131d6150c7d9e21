"""boolrnn compiles a trained RNN's weight file into an exact Boolean automaton, proves where the two
are the same, and answers questions about it.

This file is the table of contents: every public name and the file it lives in, loaded on first use.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    # weights and texts in and out
    "Weights": "boolrnn.model.weights",
    "Source": "boolrnn.model.formats",
    "read_source": "boolrnn.model.formats",
    "read_weights": "boolrnn.model.formats",
    "write_weights": "boolrnn.model.formats",
    "read_text": "boolrnn.model.corpus",
    "to_symbols": "boolrnn.model.corpus",
    "embedded_pair": "boolrnn.data",
    "Info": "boolrnn.model.info",
    "info": "boolrnn.model.info",
    "Convert": "boolrnn.model.convert",
    "convert": "boolrnn.model.convert",
    # the float reference
    "FloatTrace": "boolrnn.model.rnn",
    "trace": "boolrnn.model.rnn",
    "logits": "boolrnn.model.rnn",
    "bpc": "boolrnn.model.rnn",
    # the automaton
    "Automaton": "boolrnn.model.automaton",
    "BoolTrace": "boolrnn.model.automaton",
    "compile": "boolrnn.model.automaton",
    "read_automaton": "boolrnn.model.automaton",
    "Step": "boolrnn.model.step",
    "step": "boolrnn.model.step",
    "Run": "boolrnn.model.run",
    "run": "boolrnn.model.run",
    "Rule": "boolrnn.model.rule",
    "rule": "boolrnn.model.rule",
    # network and automaton beside each other
    "Predict": "boolrnn.check.predict",
    "predict": "boolrnn.check.predict",
    "Margins": "boolrnn.check.margins",
    "margins": "boolrnn.check.margins",
    "Agreement": "boolrnn.check.agreement",
    "agreement": "boolrnn.check.agreement",
    "Certify": "boolrnn.check.certify",
    "certify": "boolrnn.check.certify",
    "Precision": "boolrnn.check.precision",
    "precision": "boolrnn.check.precision",
    # nets made here
    "Train": "boolrnn.make.train",
    "train": "boolrnn.make.train",
    "Recipe": "boolrnn.make.recipes",
    "Construct": "boolrnn.make.construct",
    "construct": "boolrnn.make.construct",
    "Harden": "boolrnn.make.harden",
    "harden": "boolrnn.make.harden",
    # the automaton as a graph
    "Influence": "boolrnn.graph.influence",
    "influence": "boolrnn.graph.influence",
    "Backbone": "boolrnn.graph.backbone",
    "backbone": "boolrnn.graph.backbone",
    "Coflips": "boolrnn.graph.coflips",
    "coflips": "boolrnn.graph.coflips",
    "Dwell": "boolrnn.graph.dwell",
    "dwell": "boolrnn.graph.dwell",
    "Cycles": "boolrnn.graph.cycles",
    "cycles": "boolrnn.graph.cycles",
    "Perturb": "boolrnn.graph.perturb",
    "perturb": "boolrnn.graph.perturb",
    # the automaton as clauses
    "Fragility": "boolrnn.clauses.fragility",
    "fragility": "boolrnn.clauses.fragility",
    "Heal": "boolrnn.clauses.heal",
    "heal": "boolrnn.clauses.heal",
    "Preimage": "boolrnn.clauses.preimage",
    "preimage": "boolrnn.clauses.preimage",
    "Reason": "boolrnn.clauses.reason",
    "reason": "boolrnn.clauses.reason",
    "FixedPoints": "boolrnn.clauses.fixed_points",
    "fixed_points": "boolrnn.clauses.fixed_points",
    "Reach": "boolrnn.clauses.reach",
    "reach": "boolrnn.clauses.reach",
    "Question": "boolrnn.clauses.question",
    "Solution": "boolrnn.clauses.question",
    "Answer": "boolrnn.clauses.answer",
    "ANY": "boolrnn.clauses.question",
    # the seven questions
    "Attribution": "boolrnn.explain.attribution",
    "attribution": "boolrnn.explain.attribution",
    "Offsets": "boolrnn.explain.offsets",
    "offsets": "boolrnn.explain.offsets",
    "Knockout": "boolrnn.explain.knockout",
    "knockout": "boolrnn.explain.knockout",
    "Prune": "boolrnn.explain.prune",
    "prune": "boolrnn.explain.prune",
    "Justify": "boolrnn.explain.justify",
    "justify": "boolrnn.explain.justify",
    "Pmi": "boolrnn.explain.pmi",
    "pmi": "boolrnn.explain.pmi",
    "Roles": "boolrnn.explain.roles",
    "roles": "boolrnn.explain.roles",
    # weights from statistics
    "PredictWeights": "boolrnn.explain.predict_weights",
    "predict_weights": "boolrnn.explain.predict_weights",
    "Substitute": "boolrnn.explain.substitute",
    "substitute": "boolrnn.explain.substitute",
    # exact machines
    "Extract": "boolrnn.machines.extract",
    "extract": "boolrnn.machines.extract",
    "CompareLanguage": "boolrnn.machines.compare",
    "compare_language": "boolrnn.machines.compare",
    "TrainLanguage": "boolrnn.machines.task",
    "train_language": "boolrnn.machines.task",
    "Draw": "boolrnn.machines.draw",
    "draw": "boolrnn.machines.draw",
    "Machine": "boolrnn.machines.machine",
    "read_spec": "boolrnn.machines.formats.spec",
    "to_networkx": "boolrnn.machines.formats.exchange",
    "of_networkx": "boolrnn.machines.formats.exchange",
    "to_aalpy": "boolrnn.machines.formats.exchange",
    "of_aalpy": "boolrnn.machines.formats.exchange",
    "to_automata": "boolrnn.machines.formats.exchange",
    "of_automata": "boolrnn.machines.formats.exchange",
    # pages: the verb `report` is write_report here, because its room is boolrnn.report
    "Report": "boolrnn.report.report",
    "write_report": "boolrnn.report.report",
    "Demo": "boolrnn.report.demo",
    "demo": "boolrnn.report.demo",
    "Names": "boolrnn.report.questions",
    "MadeBy": "boolrnn.result",
    # what every answer is, and what every refusal is
    "Result": "boolrnn.result",
    "Sheet": "boolrnn.report.sheets",
    "sheet": "boolrnn.report.sheets",
    "to_html": "boolrnn.report.html",
    "BoolrnnError": "boolrnn.errors",
}

__all__ = sorted(_WHERE)  # pyright: ignore[reportUnsupportedDunderAll] - computed from the table above


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'boolrnn' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
