"""The sheet of demo: the story in four short tables."""

from typing import Any

from boolrnn.bits import to_hex
from boolrnn.report.demo import Demo
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet

NETS, CHECKED, FLIPS, PASSED = (
    "1 a plain net and its twin",
    "2 the twin's certificate",
    "3 flips",
    "4 passed, and wrong",
)
_RETURNED = {"the intended machine": "the intended machine: the mistake stays hidden"}


@sheet.register
def _(result: Demo) -> Sheet:
    """Two nets, a certificate, the fewest flips, a language; where the page is."""
    return Sheet(
        result.verdict,
        [
            _nets(result),
            Table(CHECKED, FACTS, _certificate(result)),
            Table(FLIPS, FACTS, _flips(result)),
            _language(result),
        ],
    )


def _nets(result: Demo) -> Table:
    """What the two nets are, side by side."""
    plain, twin = range(len(result.net))

    def row(what: str, cells: Any) -> tuple[str, str, str]:
        return what, cells(plain), cells(twin)

    def share(values: Any) -> Any:
        return lambda k: f"{100 * values[k]:.2f} %" if values[k] == values[k] else "-"

    def bits(values: Any) -> Any:
        return lambda k: f"{values[k]:.4f}"

    rows = [
        row("level", lambda k: str(result.net_level[k])),
        row("first divergence", lambda k: divergence(result, k)),
        row("equal signs, one step", share(result.net_one_step)),
        row("equal signs, free run", share(result.net_free_run)),
        row("bpc of the network", bits(result.net_bpc_float)),
        row("bpc of the automaton, on its own", bits(result.net_bpc_sign_dynamics)),
    ]
    hidden = " and ".join(f"{n:,}" for n in dict.fromkeys(result.net_hidden.tolist()))
    return Table(
        NETS,
        (Column("what"), Column("plain tanh net"), Column("hardened twin")),
        rows,
        f"Both: {hidden} neurons, the same {result.text_symbols:,} symbols. Plain: trained as a tanh net. "
        f"Twin: trained on signs, rounded to integers. {result.net_window[0]}, {result.net_arithmetic[0]}.",
    )


def divergence(result: Demo, k: int) -> str:
    """Where the signs of network and automaton part first."""
    t = int(result.net_divergence_t[k])
    return "none" if t < 0 else f"t = {t:,}, h{int(result.net_divergence_neuron[k])}"


def _certificate(result: Demo) -> list:
    margin = result.certificate_min_margin
    return facts(
        ("level", result.certificate_level, result.certificate_covers or result.certificate_reason),
        ("form", result.certificate_form, "" if margin is None else f"least |z| {margin:g}"),
        (
            "predictions",
            result.certificate_outputs,
            "certified too" if result.certificate_outputs != "none" else "",
        ),
        ("checker says", result.checker_line, "a script of its own, in a process of its own"),
        ("its exit code", result.checker_exit_code, f"{result.checker_lines} lines, standard library only"),
    )


def _flips(result: Demo) -> list:
    before = result.flips_before
    changed = f"{before} becomes {result.flips_after}" if before else None
    named = None if result.flips_neurons is None else " ".join(f"h{j}" for j in result.flips_neurons.tolist())
    replayed = {True: "yes", False: "no", None: None}[result.flips_replayed]
    where = f"state {to_hex(result.flips_state[None])[0][:10]}.. after position {result.flips_at:,}"
    return facts(
        (
            "fewest flips",
            result.flips_minimum,
            "proved" if result.flips_proved else "not proved to be fewest",
        ),
        ("sets refuted", result.flips_sets or None, f"all of 1 to {result.flips_exhausted} neurons"),
        ("flipped", named, where),
        ("predicted", changed, f"{result.flips_steps} symbols later"),
        ("replayed", replayed, "by the float32 program"),
        ("answer", None if before else result.flips_verdict, result.flips_question),
    )


def _language(result: Demo) -> Table:
    """The net's tests, its mistake, its machine, and what learners take it for."""
    right = result.language_words_right
    tested = None if right is None else f"{100 * right:.6g} % right"
    about = f"{result.language} ({result.language_about})"
    wrong = "none: equal on all words" if result.language_equal else "not decided"
    if result.language_word is not None:
        wrong = f"the net says {result.language_found}, right is {result.language_expected}"
    size = "not all enumerated" if result.language_minimal is None else f"{result.language_minimal:,} states"
    rows = facts(
        ("meant to speak", about, f"{result.language_spec_states} states, {result.language_hidden} neurons"),
        (
            f"{result.language_words:,} test words",
            tested,
            f"1 to {result.language_longest} symbols, every prefix",
        ),
        (
            "shortest wrong word",
            result.language_word or "none",
            wrong if result.language_length is None else f"{result.language_length} symbols: {wrong}",
        ),
        ("its exact machine", size, f"from {result.language_reachable:,} reachable states"),
    )
    for k, name in enumerate(result.learner.tolist()):
        returned = str(result.learner_returned[k])
        told = f"{result.learner_states[k]:,} states"
        rows.append(
            (name, told, _RETURNED.get(returned, returned) if result.language_equal is False else returned)
        )
    return Table(PASSED, (Column("what"), Column("value"), Column("")), rows, _page(result))


def _page(result: Demo) -> str:
    """Where the page is, and what to do next."""
    own = result.command.tolist()[-1]
    place = "" if result.path is None else f"The page: {result.path}. "
    return f"{place}Your own net: {own}"
