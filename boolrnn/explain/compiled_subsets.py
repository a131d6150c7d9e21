"""Inner loops of readouts without some of their neurons, compiled by numba. Importing this costs a second.

Scores (logits) are float64. Hidden values and readout columns are float64 too, or both float32: then each
product is rounded to float32, as the published program rounds it, before it is added in float64.

log sum exp(v) is taken as shift + log sum exp(v - shift), where the shift is a bound on the greatest v
that is known without looking: what a term can add to a score is at most |h| max |w|. Where such bounds
could lose everything to underflow, the greatest v is looked for.
"""

from typing import no_type_check

import numpy as np
from numba import njit

_LOG2E = 1.4426950408889634
_LN2 = 0.6931471805599453
_HIGH, _LOW = 0.6931471803691238, 1.9082149292705877e-10  # ln 2 in two parts; the first has 33 bits
_SLACK = 300.0  # how far a bound may stand above the greatest score; exp(-700) is still a normal float64
_UNORDERED = {"reassoc", "nsz", "contract"}  # sums in any order: lanes may add side by side


@njit(nogil=True, cache=True)
@no_type_check
def _exp(x):
    """e^x for x <= 0, within 2e-15 of its value; e^-708 (3e-308) for all that is less."""
    x = max(x, -708.0)
    n = np.floor(x * _LOG2E + 0.5)
    r = (x - n * _HIGH) - n * _LOW
    p = 1.6059043836821613e-10  # 1/13!, 1/12!, ...: |r| <= ln 2 / 2
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 0.0001984126984126984
    p = p * r + 0.001388888888888889
    p = p * r + 0.008333333333333333
    p = p * r + 0.041666666666666664
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    power = np.int64((np.int64(np.int32(n)) + 1023) << 52)  # the bits of 2^n
    return p * power.view(np.float64)


@njit(nogil=True, cache=True)
@no_type_check
def _greatest(scores):
    found = scores[0]
    for o in range(1, len(scores)):
        found = max(found, scores[o])
    return found


@njit(nogil=True, cache=True, fastmath=_UNORDERED)
@no_type_check
def _total(scores, shift):
    total = 0.0
    for o in range(len(scores)):
        total += _exp(scores[o] - shift)
    return total


@njit(nogil=True, cache=True, fastmath=_UNORDERED)
@no_type_check
def _total_changed(scores, change, column, shift):
    total = 0.0
    for o in range(len(scores)):
        total += _exp(scores[o] + np.float64(change * column[o]) - shift)
    return total


@njit(nogil=True, cache=True)
@no_type_check
def _greatest_changed(scores, change, column):
    found = -np.inf
    for o in range(len(scores)):
        found = max(found, scores[o] + np.float64(change * column[o]))
    return found


@njit(nogil=True, cache=True)
@no_type_check
def _log_sum(scores):
    shift = _greatest(scores)
    return shift + np.log(_total(scores, shift))


@njit(nogil=True, cache=True)
@no_type_check
def add_terms(scores, hidden, columns, which):
    """Add to `scores` (P, O) the terms of the neurons `which`, in their order."""
    for t in range(len(scores)):
        for j in which:
            value = hidden[t, j]
            for o in range(scores.shape[1]):
                scores[t, o] += np.float64(value * columns[j, o])


@njit(nogil=True, cache=True)
@no_type_check
def changed(scores, change, columns, sizes, which, targets, most, totals):
    """Add to `totals` (C) the bits of the targets if neuron which[c] gave change[:, c] more than it does.

    `scores` (P, O), `change` (P, C), `columns` (H, O), `sizes` (H) max |column|; a position costs at most
    `most` bits.
    """
    for t in range(len(scores)):
        row, target = scores[t], targets[t]
        peak = _greatest(row)
        for c in range(len(which)):
            more, column = change[t, c], columns[which[c]]
            room = np.float64(abs(more)) * sizes[which[c]]
            shift = peak + room if room < _SLACK else _greatest_changed(row, more, column)
            score = row[target] + np.float64(more * column[target])
            bits = (np.log(_total_changed(row, more, column, shift)) + shift - score) / _LN2
            totals[c] += min(bits, most)


@njit(nogil=True, cache=True)
@no_type_check
def prefixes(bias, hidden, columns, sizes, order, wanted, targets, most, totals):
    """Add to `totals` (K + 1) the bits of the targets with the first k neurons of `order` (K) alone.

    Only k with `wanted` (K + 1); the others stay as they are.
    """
    row = np.empty_like(bias)
    start = _log_sum(bias)
    for t in range(len(hidden)):
        target, level, room = targets[t], start, 0.0
        row[:] = bias
        if wanted[0]:
            totals[0] += min((level - row[target]) / _LN2, most)
        for k in range(len(order)):
            j = order[k]
            value, column = hidden[t, j], columns[j]
            for o in range(len(row)):
                row[o] += np.float64(value * column[o])
            room += np.float64(abs(value)) * sizes[j]
            if wanted[k + 1]:
                shift = level + room if room < _SLACK else _greatest(row)
                level, room = shift + np.log(_total(row, shift)), 0.0
                totals[k + 1] += min((level - row[target]) / _LN2, most)


@njit(nogil=True, cache=True)
@no_type_check
def every_set(bias, hidden, columns, sizes, targets, most, totals):
    """Add to `totals` (2^H) the bits of the targets with each set of neurons alone, bit j for neuron j.

    Sets are counted through; each is its own set without its lowest neuron, which was the last one met
    that has that set's lowest neuron, and one term more. Nothing is ever subtracted.
    """
    neurons = hidden.shape[1]
    rows = np.empty((neurons + 1, len(bias)))
    levels = np.empty(neurons + 1)
    start = _log_sum(bias)
    for t in range(len(hidden)):
        target = targets[t]
        rows[neurons] = bias
        levels[neurons] = start
        totals[0] += min((start - bias[target]) / _LN2, most)
        for chosen in range(1, len(totals)):
            low = _lowest(chosen)
            rest = chosen & (chosen - 1)
            above = _lowest(rest) if rest else neurons
            value, column = hidden[t, low], columns[low]
            row, before = rows[low], rows[above]
            for o in range(len(row)):
                row[o] = before[o] + np.float64(value * column[o])
            room = np.float64(abs(value)) * sizes[low]
            shift = levels[above] + room if room < _SLACK else _greatest(row)
            levels[low] = shift + np.log(_total(row, shift))
            totals[chosen] += min((levels[low] - row[target]) / _LN2, most)


@njit(nogil=True, cache=True)
@no_type_check
def _lowest(number):
    """The lowest bit that is set."""
    found = 0
    while not (number >> found) & 1:
        found += 1
    return found
