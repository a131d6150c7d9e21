"""heal: does every state near the trajectory come back to it when the text goes on?

At a position t, every set of 1..R bits of `states[t]` of the automaton's own trajectory is flipped and the
automaton reads symbols t+1, t+2, ... The state has returned after k steps if it is `states[t+k]` then, and
is the same for ever after. All sets are followed, by exact steps, so that "all return" is proved.
"""

import dataclasses
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answered
from boolrnn.clauses.return_times import NEVER, Compiled, Numpy, Work
from boolrnn.errors import OptionError
from boolrnn.graph.cycles import parse_memory
from boolrnn.graph.observed import chosen, described
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.kernels import stepper
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Bool, Int64

_MOST = (1 << 63) - 1
_BATCH = 1 << 15  # steps of a replay that are checked at once


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Heal(Answered):
    """What became of every state within `radius` flips of the trajectory at the chosen positions.

    `states` were followed, of `possible`: `returned` came back, `longest` steps at most. Of the others
    `unreturned` had at least `enough` symbols left, and `open` had fewer. `enough` is `within` if that was
    given: then nothing is followed further, and what comes back later is unreturned. Otherwise, where
    every state of every position was followed, it is `longest` (0 where nothing returned): unreturned
    states had at least the time of the slowest return. Where only some positions were followed and no
    `within` was given, nobody knows what is long enough: `enough` is None, all others are `open`, and with
    any of them the verdict is unknown.
    The verdict is sat where there is an unreturned state: the witness is one of the earliest position,
    fewest flips first. `certified` counts the leading positions all of whose states returned.
    Positions are followed from the last to the first, a part per processor: a budget leaves out early ones.
    """

    schema = "heal/1"

    radius: int
    window: str
    positions: int
    states: int
    possible: int
    returned: int
    longest: int | None
    unreturned: int
    open: int
    within: int | None
    enough: int | None
    certified: int
    interrupted: bool
    witness_states: Bool[np.ndarray, "1 H"] | None = named("witness.states", hexed=True, whole=True)
    witness_position: int | None = named("witness.position")
    witness_flips: Int64[np.ndarray, "F"] | None = named("witness.flips", whole=True)
    witness_steps: int | None = named("witness.steps")  # followed, different after each
    slowest_position: int | None = named("slowest.position")
    slowest_flips: Int64[np.ndarray, "G"] | None = named("slowest.flips", whole=True)
    slowest_steps: int | None = named("slowest.steps")
    histogram_steps: Int64[np.ndarray, "K"] = named("histogram.steps")
    histogram_count: Int64[np.ndarray, "K"] = named("histogram.count")
    flips: Int64[np.ndarray, "R"] = named("by_flips.flips")
    flips_states: Int64[np.ndarray, "R"] = named("by_flips.states")
    flips_returned: Int64[np.ndarray, "R"] = named("by_flips.returned")
    flips_longest: Int64[np.ndarray, "R"] = named("by_flips.longest", nullable=True)
    flips_unreturned: Int64[np.ndarray, "R"] = named("by_flips.unreturned")
    flips_open: Int64[np.ndarray, "R"] = named("by_flips.open")
    position: Int64[np.ndarray, "P"] = named("by_position.position")
    position_states: Int64[np.ndarray, "P"] = named("by_position.states")
    position_returned: Int64[np.ndarray, "P"] = named("by_position.returned")
    position_longest: Int64[np.ndarray, "P"] = named("by_position.longest", nullable=True)
    position_unreturned: Int64[np.ndarray, "P"] = named("by_position.unreturned")
    position_open: Int64[np.ndarray, "P"] = named("by_position.open")


def heal(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    radius: int = 1,
    positions: str | Sequence[int] | np.ndarray | None = None,
    within: int | None = None,
    memory: int | str = "1G",
    budget: float | None = None,
    engine: str = "auto",
) -> Heal:
    """Follow every state within `radius` flips of the trajectory of `symbols` (T) until it is back.

    `positions` (of 0..n-2) choose whose states are flipped, `within` how many steps they have, all that the
    text has by default. `memory` bytes (or "500M") at most hold tables of what is known already; less makes
    it slower, not different. `budget` seconds of wall time at most.

    Raises
    ------
    TextError, OptionError
        On a symbol or option that cannot be used, or more flip sets than an int64 can count.
    """
    began = time.monotonic()
    for name, value in (("radius", radius), ("within", within)):
        if value is not None and value < 1:
            raise OptionError(f"{name} {value}: expected 1 or more")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    bytes_, automaton = parse_memory(memory), as_automaton(model)
    run = automaton.run(symbols)
    places = np.sort(chosen(positions, max(len(run.symbols) - 1, 0)))
    if isinstance(positions, str) and not len(places):
        raise OptionError(f"positions {positions}: none of 0..{len(run.symbols) - 2}")
    work = Work(run, automaton, places, _sets(automaton.hidden, radius, len(places)), within)
    deadline = None if budget is None else began + budget
    steps = min(work.possible * min(work.most, 8), _MOST)
    fast = stepper(automaton, steps, engine).engine == "compiled"
    try:
        if work.possible:
            (Compiled(work, deadline, bytes_) if fast else Numpy(work, deadline)).run()
    except KeyboardInterrupt:
        work.interrupted = True
    return _result(work, radius, within, "compiled" if fast else "numpy", began)


def _sets(hidden: int, radius: int, positions: int) -> list[int]:
    """How many sets of flips there are of each size 1..radius (of no more bits than there are)."""
    sets: list[int] = []
    for size in range(1, min(radius, hidden) + 1):
        sets.append(math.comb(hidden, size))
        if sum(sets) * max(positions, 1) > _MOST:
            raise OptionError(f"radius {radius}: more sets of flips than 2^63, with {size} flips already")
    return sets


def _result(work: Work, radius: int, within: int | None, engine: str, began: float) -> Heal:
    states, returned = work.counts[..., 0], work.counts[..., 1]
    followed, longest = int(states.sum()), int(work.counts[..., 2].max(initial=0)) or None
    all_ = followed == work.possible and len(work.places) == max(len(work.run.symbols) - 1, 0)
    enough = within if within is not None else longest or 0 if all_ else None
    lasting = np.zeros((len(work.places), 1), bool) if enough is None else (work.left >= enough)[:, None]
    unreturned, open_ = (states - returned) * lasting, (states - returned) * ~lasting
    whole = returned.sum(axis=1) == work.each
    sure = followed == work.possible and (enough is not None or not open_.any())
    verdict = SAT if unreturned.any() else UNSAT if sure else UNKNOWN
    flips = f"{radius} flip{'s' * (radius != 1)}"
    late = f" within {within} steps" if within else ""
    if within is None and enough is not None:
        late = f" though the text has {enough} symbols or more left"
    steps = np.flatnonzero(work.histogram)
    return Heal(
        question=f"Is there a state within {flips} of the trajectory that does not come back{late}?",
        verdict=verdict,
        proved=verdict != UNKNOWN,
        engine=f"exhaustive ({engine})",
        radius=radius,
        window=described(work.places),
        positions=len(work.places),
        states=followed,
        possible=work.possible,
        returned=int(returned.sum()),
        longest=longest,
        unreturned=int(unreturned.sum()),
        open=int(open_.sum()),
        within=within,
        enough=enough,
        certified=int(np.cumprod(whole).sum()),
        interrupted=work.interrupted,
        **_witness(work, np.flatnonzero(unreturned.any(axis=1))),
        **_slowest(work, longest),
        histogram_steps=steps,
        histogram_count=work.histogram[steps],
        flips=np.arange(work.sizes) + 1,
        flips_states=states.sum(axis=0),
        flips_returned=returned.sum(axis=0),
        flips_longest=_or_never(work.counts[..., 2].max(axis=0, initial=0)),
        flips_unreturned=unreturned.sum(axis=0),
        flips_open=open_.sum(axis=0),
        position=work.places,
        position_states=states.sum(axis=1),
        position_returned=returned.sum(axis=1),
        position_longest=_or_never(work.counts[..., 2].max(axis=1, initial=0)),
        position_unreturned=unreturned.sum(axis=1),
        position_open=open_.sum(axis=1),
        seconds=time.monotonic() - began,
    )


def _or_never(longest: Int64[np.ndarray, "N"]) -> Int64[np.ndarray, "N"]:
    return np.where(longest > 0, longest, NEVER)


def _witness(work: Work, rows: Int64[np.ndarray, "N"]) -> dict[str, Any]:
    """The first unreturned state of the earliest position, replayed."""
    names = ("states", "position", "flips", "steps")
    if not len(rows):
        return {f"witness_{name}": None for name in names}
    row = int(rows[0])
    flips, limit = _bits(work.never[row]), min(work.most, int(work.left[row]))
    steps, state = _replayed(work, row, flips, limit)
    if steps != NEVER:
        raise AssertionError(f"position {work.places[row]}, flips {flips}: returns after {steps} steps")
    values = (state[None], int(work.places[row]), flips, limit)
    return {f"witness_{name}": value for name, value in zip(names, values)}


def _slowest(work: Work, longest: int | None) -> dict[str, Any]:
    """The first of the slowest returns, replayed."""
    names = ("position", "flips", "steps")
    if longest is None:
        return {f"slowest_{name}": None for name in names}
    row = int(np.argmax(work.slowest[:, -1]))
    flips = _bits(work.slowest[row])
    steps, _ = _replayed(work, row, flips, longest)
    if steps != longest:
        raise AssertionError(f"position {work.places[row]}, flips {flips}: {steps} steps, not {longest}")
    values = (int(work.places[row]), flips, longest)
    return {f"slowest_{name}": value for name, value in zip(names, values)}


def _bits(noted: Int64[np.ndarray, "S"]) -> Int64[np.ndarray, "F"]:
    return noted[:-1][noted[:-1] >= 0]


def _replayed(
    work: Work, row: int, flips: Int64[np.ndarray, "F"], limit: int
) -> tuple[int, Bool[np.ndarray, "H"]]:
    """Steps until a flipped state is back (-1: not within `limit`), by exact single steps; and that state."""
    run, at, batch = work.run, int(work.places[row]), 64
    start = run.states[at].copy()
    start[flips] ^= True
    state, passed = start, 0
    while passed < limit:
        part = slice(at + 1 + passed, at + 1 + min(passed + batch, limit))
        symbols = run.symbols[part]
        states = work.automaton.run(symbols, state).states
        again = work.automaton.step(np.concatenate([state[None], states[:-1]]), symbols)[0]
        if not np.array_equal(states, again):
            raise AssertionError(f"position {at}, flips {flips}: a replay and single steps differ")
        same = (states == run.states[part]).all(axis=1)
        if same.any():
            return passed + 1 + int(same.argmax()), start
        state, passed, batch = states[-1], passed + len(states), min(4 * batch, _BATCH)
    return NEVER, start
