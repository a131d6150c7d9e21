"""The first two parts of the demo: a plain net and its hardened twin on one text, and the twin's certificate
checked by a program that shares no code with what wrote it."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boolrnn.check import check_certificate
from boolrnn.check.agreement import Agreement, agreement
from boolrnn.check.certify import NONE, certify
from boolrnn.check.predict import Predict, predict
from boolrnn.errors import ResultError
from boolrnn.model.automaton import compile
from boolrnn.model.corpus import show_symbol, to_symbols
from boolrnn.model.weights import Weights

PLAIN, HARDENED = "plain", "hardened"
CHECKER = Path(check_certificate.__file__)
PATIENCE = 600.0  # seconds that the checker has
_FIGURES = ("level", "verdict", "one_step", "free_run", "positions", "window", "arithmetic")
_BPC = ("float", "sign_readout", "one_step", "sign_dynamics", "bias_only")
_PREDICTED = {"network": "float", "automaton": "free_run"}  # columns of predict


@dataclasses.dataclass(frozen=True)
class Beside:
    """One net on the text, asked as `boolrnn agreement` and `boolrnn predict --top 1` do."""

    name: str
    weights: Weights
    symbols: np.ndarray
    agreement: Agreement
    predict: Predict


def beside(name: str, weights: Weights, text: bytes) -> Beside:
    """Network and automaton of one net on the text.

    Raises
    ------
    WeightsError
        Where the net does not predict symbols (O != V).
    TextError
        On a byte that is none of its symbols.
    """
    symbols, automaton = to_symbols(text, weights), compile(weights)
    return Beside(name, weights, symbols, agreement(automaton, symbols), predict(automaton, symbols, top=1))


def columns(nets: Sequence[Beside]) -> dict[str, Any]:
    """The nets side by side, one record each, as fields."""
    found = [net.agreement for net in nets]
    fields: dict[str, Any] = {
        "net": [net.name for net in nets],
        "net_sha256": [net.weights.sha256() for net in nets],
        "net_hidden": [net.weights.hidden for net in nets],
        "net_symbols": [net.weights.symbols for net in nets],
        "net_divergence_t": [_or(one.divergence_t, -1) for one in found],
        "net_divergence_neuron": [_or(one.divergence_neuron, -1) for one in found],
        "net_divergence_cost": [_or(one.divergence_cost, np.nan) for one in found],
    }
    fields |= {f"net_{name}": [_or(getattr(one, name), np.nan) for one in found] for name in _FIGURES}
    fields |= {
        f"net_bpc_{name}": [_or(getattr(one, f"bpc_{name}"), np.nan) for one in found] for name in _BPC
    }
    return {name: np.array(values) for name, values in fields.items()}


def along(nets: Sequence[Beside]) -> dict[str, Any]:
    """Every position: the symbol that comes next, and for each net what network and automaton predict and the
    bits that they spend on it."""
    first = nets[0]
    fields: dict[str, Any] = {"t": first.predict.t, "true": _names(first, first.predict.true)}
    for net in nets:
        fields[f"{net.name}_equal"] = net.agreement.t_free_run
        for whose, column in _PREDICTED.items():
            top = getattr(net.predict, f"{column}_top")[:, 0]
            fields[f"{net.name}_{whose}_top"] = _names(net, top)
            fields[f"{net.name}_{whose}_bits"] = getattr(net.predict, f"{column}_bits")
    return fields


def _names(net: Beside, symbols: np.ndarray) -> np.ndarray:
    shown = [show_symbol(x, net.weights.alphabet) for x in range(net.weights.symbols)]
    return np.array(shown, np.str_)[symbols]


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value


def certificate(weights: Weights, folder: Path, names: tuple[str, str]) -> dict[str, Any]:
    """Certify a net with its outputs, write the file, and let the stand-alone script check it in a process of
    its own; `names` are those of certificate and net in `folder`."""
    found = certify(weights, outputs=True)
    fields: dict[str, Any] = {
        "certificate_level": found.level,
        "certificate_form": found.form,
        "certificate_covers": found.covers,
        "certificate_min_margin": found.min_margin,
        "certificate_outputs": found.outputs,
        "certificate_valid_for": found.valid_for,
        "certificate_verdict": found.verdict,
        "certificate_reason": found.reason,
    }
    if found.level == NONE:
        return fields
    found.write(folder / names[0])
    return fields | _checked(folder / names[0], folder / names[1])


def _checked(cert: Path, model: Path) -> dict[str, Any]:
    """What the script says of the certificate: it runs alone (-I), outside of this package."""
    began = time.monotonic()
    words = [sys.executable, "-I", str(CHECKER), str(cert), str(model)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise ResultError(f"{CHECKER.name}: no answer within {PATIENCE:.0f} seconds") from None
    said = (done.stdout or done.stderr).strip().splitlines() or ["(nothing)"]
    return {
        "certificate_bytes": cert.stat().st_size,
        "checker_exit_code": done.returncode,
        "checker_line": said[-1],
        "checker_seconds": time.monotonic() - began,
        "checker_lines": len(CHECKER.read_text(encoding="utf-8").splitlines()),
    }
