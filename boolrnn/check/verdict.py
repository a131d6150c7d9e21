"""The levels of faithfulness, and the verdict as one sentence."""

from boolrnn.check.bounds import Certificate
from boolrnn.check.tally import Tally
from boolrnn.model.automaton import Automaton

DIFFERS, AGREES, TEXT, ALWAYS = "differs", "agrees", "certified_text", "certified_always"
LEVELS = (DIFFERS, AGREES, TEXT, ALWAYS)


def verdict(level: str, network: Tally, certificate: Certificate, automaton: Automaton) -> str:
    """One sentence that says what holds, with its numbers and its limits."""
    count = f"{network.bits.size:,}"
    if level == ALWAYS:
        return (
            "The float32 network is this automaton on every text of every length "
            f"(certified; least bound {certificate.least_bound:.3g})."
        )
    if level == TEXT:
        return (
            f"Every one of {count} signs on this text equals the automaton's, for any float32 program "
            f"(certified; least bound {certificate.least_bound:.3g}); other texts are not covered."
        )
    if level == AGREES:
        return (
            f"Every one of {count} signs on this text equals the automaton's, as observed; not "
            f"certified ({certificate.reason})."
        )
    return _differs(network)


def _differs(network: Tally) -> str:
    t, neuron = network.divergence or (0, 0)
    start = f"Not this automaton on this text: first divergence at t = {t}, h{neuron}"
    parts = []
    if network.one_step is not None:
        parts.append(f"one step agrees on {100 * network.one_step:.2f} % of signs")
    if network.free_run is not None:
        parts.append(f"a free run on {100 * network.free_run:.2f} %")
    network_bpc, signs_bpc = network.bpc("float"), network.bpc("free_run")
    if network_bpc is not None and signs_bpc is not None:
        parts.append(
            f"which predicts at {signs_bpc:.3f} bits per character, the network at {network_bpc:.4f}"
        )
    lost = ""
    if network.overflow is not None:
        lost = f" Its float32 sums overflow, first at t = {network.overflow[0]}, h{network.overflow[1]}."
    return start + (": " + ", ".join(parts) if parts else "") + "." + lost
