"""The sheet of heal: what became of the flipped states, by number of flips, by steps, by position."""

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.answer import SAT, UNKNOWN
from boolrnn.clauses.heal import Heal
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_OUTCOMES = (
    Column("states", ",d"),
    Column("returned", ",d"),
    Column("longest", ",d"),
    Column("unreturned", ",d"),
    Column("open", ",d"),
)


@sheet.register
def _(result: Heal) -> Sheet:
    """Totals with the witness and the slowest return, then the three breakdowns."""
    late = "later than that counts as not" if result.within else "the longest return seen"
    stays = None if result.enough is None else result.unreturned
    fewer = "" if result.enough is None else f", fewer than {result.enough:,} left"
    totals = facts(
        ("verdict", result.verdict, result.question),
        ("states followed", result.states, f"of {result.possible:,}"),
        ("returned", result.returned, ""),
        ("longest", result.longest, "steps of the slowest return"),
        ("unreturned", stays, f"still different with {result.enough or 0:,} symbols or more left"),
        ("open", result.open, f"still different at the end of the text{fewer}"),
        ("symbols that had to be left", result.enough, late),
        ("certified", result.certified, "leading positions all of whose states returned"),
        ("witness: position", result.witness_position, _bits(result.witness_flips)),
        ("witness: state", _state(result), f"different after each of {result.witness_steps} steps"),
        ("slowest: position", result.slowest_position, _bits(result.slowest_flips)),
        ("engine", result.engine, f"{result.seconds:.2f} seconds"),
    )
    by_flips = Rows(
        result.flips,
        result.flips_states,
        result.flips_returned,
        (result.flips_longest, _known),
        result.flips_unreturned,
        result.flips_open,
    )
    met = result.position_states > 0
    by_position = Rows(
        result.position[met],
        result.position_states[met],
        result.position_returned[met],
        (result.position_longest[met], _known),
        result.position_unreturned[met],
        result.position_open[met],
    )
    steps = np.cumsum(result.histogram_count) / max(result.states, 1)
    return Sheet(
        _sentence(result),
        [
            Table("totals", FACTS, totals),
            Table("flips", (Column("flips", "d"), *_OUTCOMES), by_flips),
            Table(
                "steps",
                (Column("steps", ",d"), Column("returned", ",d"), Column("of all, so far", ".4%")),
                Rows(result.histogram_steps, result.histogram_count, steps),
                limit=20,
            ),
            Table("positions", (Column("position", ",d"), *_OUTCOMES), by_position, limit=20),
        ],
        _warnings(result),
    )


def _sentence(result: Heal) -> str:
    flips = f"{result.radius} flip{'s' * (result.radius != 1)}"
    where = f"{result.states:,} states within {flips} of the trajectory ({result.window})"
    if not result.possible:
        return "No state to follow: there is no position with a symbol after it."
    if result.verdict == SAT:
        kind = f"not back within {result.within:,} steps" if result.within else "not back"
        return f"{result.unreturned:,} of {where} are {kind}, though they had the symbols for it."
    if result.verdict == UNKNOWN:
        return (
            f"Undecided: of {result.possible:,} states within {flips} of the trajectory ({result.window}) "
            f"{result.states:,} were followed, {result.returned:,} returned and {result.open:,} are open."
        )
    if not result.open:
        return f"All {where} return, within {result.longest:,} steps."
    back = f"{result.returned:,} return" + (f", within {result.longest:,} steps" if result.longest else "")
    return f"Of {where} {back}; for the other {result.open:,} the text ended first."


def _bits(flips: np.ndarray | None) -> str:
    return "" if flips is None else "flipped: " + " ".join(f"h{bit}" for bit in flips.tolist())


def _state(result: Heal) -> str | None:
    return None if result.witness_states is None else to_hex(result.witness_states)[0]


def _known(values: np.ndarray) -> list[int | None]:
    return [value if value > 0 else None for value in values.tolist()]


def _warnings(result: Heal) -> list[str]:
    if result.states == result.possible:
        unclear = result.enough is None and result.open
        return ["what time is enough is known from all positions only; --within L says it"] if unclear else []
    cause = "interrupted" if result.interrupted else "the budget ended first"
    return [f"{cause}: positions are followed from the last to the first, and early ones are missing"]
