"""How often two flip trains would flip together if neither knew of the other: two null distributions.

A flip train is a column of `flips` (F, H): row f says which neurons flip at one step. The count of a pair
is the number of steps at which both flip.

shifts    One train is shifted against the other around a circle, by every amount 0..F-1. This keeps the
          rates and each train's own rhythm (flips follow one another unevenly), and breaks what ties the
          two to the same moment, shared input included. It takes both trains to be stationary.
symbols   The flips of one train are permuted among the steps that read the same symbol, or the same two
          last symbols (a code for each). This keeps the rates at every code: what two trains owe to the
          input of the moment is part of the null. It does not keep rhythms. Mean, variance and third
          moment are exact, sums of hypergeometric ones.

The share of shifts that reach the observed count is exact, but no smaller than 1/F, too coarse for
thousands of pairs. Finer probabilities are fits: the tail of the Pearson type III (shifted gamma)
distribution of the same mean, variance and skewness, with half a count of continuity correction
(P. W. Mielke and K. J. Berry, Permutation Methods: A Distance Function Approach, Springer, 2nd ed. 2007);
no less than the normal tail on the side on which that distribution is bounded.
"""

import dataclasses

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr

from boolrnn import progress
from boolrnn.shapes import Bool, Float64, Int64

FEWEST_SHIFTS = 100  # with fewer, their skewness says little and the exact share stands alone
_BLOCK = 1 << 17  # counts held at a time: 1 MB


@dataclasses.dataclass(frozen=True)
class Null:
    """One null distribution for each pair (N pairs), and where the observed count stands in it."""

    z: Float64[np.ndarray, "N"]  # (count - mean) / standard deviation; NaN where that is 0
    p: Float64[np.ndarray, "N"]  # probability of the observed count or more
    p_less: Float64[np.ndarray, "N"]  # or less
    rank: Float64[np.ndarray, "N"]  # share of shifts that reach the count, itself included; NaN for symbols


def counts_of(flips: Bool[np.ndarray, "F H"], block: int = 1 << 16) -> Int64[np.ndarray, "H H"]:
    """At how many steps each pair flips together; on the diagonal, each neuron's flips."""
    total = np.zeros((flips.shape[1],) * 2, np.int64)
    for k in range(0, len(flips), block):
        part = flips[k : k + block].astype(np.float32)  # sums below 2^24 are exact
        total += (part.T @ part).astype(np.int64)
    return total


def shift_null(
    flips: Bool[np.ndarray, "F H"],
    a: Int64[np.ndarray, "N"],
    b: Int64[np.ndarray, "N"],
    count: Int64[np.ndarray, "N"],
) -> Null:
    """Every circular shift of train `b` against train `a`; the moments are those of shifts 1..F-1.

    With r of F shifts reaching the count, shift 0 included, the exact p is r/F. Where there are
    `FEWEST_SHIFTS` shifts, p is the Pearson III fit held within (r-1)/F .. r/F: the fit only fills in what
    the exact share leaves open.
    """
    steps = len(flips)
    reach, stay, mean, variance, third = _shifted(flips, a, b, count)
    more, less = pearson_tails(count, mean, variance, third)
    use = steps >= FEWEST_SHIFTS
    return Null(
        z=standardised(count, mean, variance),
        p=_within(more if use else np.full_like(more, np.nan), reach, steps),
        p_less=_within(less if use else np.full_like(less, np.nan), stay, steps),
        rank=_share(reach, steps),
    )


def _share(reach: Int64[np.ndarray, "N"], steps: int) -> Float64[np.ndarray, "N"]:
    return reach / steps if steps else np.full(len(reach), np.nan)


def _within(fit: Float64[np.ndarray, "N"], reach: np.ndarray, steps: int) -> Float64[np.ndarray, "N"]:
    """The fit, no less than the share of the other shifts that reach, no more than with shift 0."""
    high = _share(reach, steps)
    return np.where(np.isnan(fit), high, np.clip(fit, _share(reach - 1, steps), high))


def _shifted(
    flips: Bool[np.ndarray, "F H"], a: np.ndarray, b: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, ...]:
    """For each pair: shifts whose count is at least, and at most, the observed one; mean, variance and
    third central moment over the shifts 1..F-1.

    All shifts of a pair are one correlation by FFT. Counts are integers and the error of the transform is
    of the order of 1e-16 F, so that rounding to the nearest integer makes them exact.
    """
    steps, hidden = flips.shape
    length = _fast_length(steps)
    spectra = np.empty((hidden, length // 2 + 1), np.complex128)
    for i in range(hidden):
        spectra[i] = np.fft.rfft(flips[:, i], n=length) if steps else 0
    reach, stay = np.zeros(len(a), np.int64), np.zeros(len(a), np.int64)
    mean, variance, third = np.full((3, len(a)), np.nan)
    rows = max(1, _BLOCK // length)
    with progress.bar("circular shifts", len(a)) as tick:
        for k in range(0, len(a) if steps else 0, rows):
            part = slice(k, k + rows)
            total = np.fft.irfft(spectra[a[part]].conj() * spectra[b[part]], n=length, axis=1)
            circle = total[:, :steps]
            if length > steps:  # padded with zeros: the two ends of the circle are apart
                circle[:, 1:] += total[:, length - steps + 1 :]
            np.rint(circle, out=circle)
            seen = count[part, None]
            reach[part] = (circle >= seen).sum(axis=1)
            stay[part] = (circle <= seen).sum(axis=1)
            if steps > 1:
                mean[part], variance[part], third[part] = _moments(circle[:, 1:])
            tick(k)
    return reach, stay, mean, variance, third


def _fast_length(steps: int) -> int:
    """A transform length that factors well: `steps` itself, or room for a correlation padded with zeros."""
    return steps if _smooth(steps) == steps else _smooth(2 * steps - 1)


def _smooth(least: int) -> int:
    """The smallest number from `least` on (1 at least) without prime factors above 5."""
    found = max(least, 1)
    while 30 ** found.bit_length() % found:
        found += 1
    return found


def _moments(values: Float64[np.ndarray, "N M"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, variance (over M) and third central moment of each row of integers."""
    mean = values.sum(axis=1) / values.shape[1]  # the sum is exact: equal values have no variance
    apart = values - mean[:, None]
    square = apart * apart
    return mean, square.mean(axis=1), np.einsum("nm,nm->n", square, apart) / values.shape[1]


def symbol_null(
    flips: Bool[np.ndarray, "F H"],
    symbols: Int64[np.ndarray, "F"],
    a: Int64[np.ndarray, "N"],
    b: Int64[np.ndarray, "N"],
    count: Int64[np.ndarray, "N"],
) -> Null:
    """Flips permuted among the steps that read the same symbol.

    Of the n steps that read one symbol let fractions f and g flip: the common ones are hypergeometric,
    mean n f g, variance n^2/(n-1) f(1-f) g(1-g), third central moment
    n^3/((n-1)(n-2)) f(1-f)(1-2f) g(1-g)(1-2g); symbols are independent, so that all three add up. p is
    the Pearson III fit, and 1 where the null has but one outcome.
    """
    share, n = shares_by(symbols, flips)
    spread = share * (1 - share)
    lean = spread * (1 - 2 * share)
    mean = (share * n[:, None]).T @ share
    variance = (spread * np.where(n > 1, n**2 / np.maximum(n - 1, 1), 0)[:, None]).T @ spread
    third = (lean * np.where(n > 2, n**3 / np.maximum((n - 1) * (n - 2), 1), 0)[:, None]).T @ lean
    moments = mean[a, b], variance[a, b], third[a, b]
    more, less = pearson_tails(count, *moments)
    return Null(
        z=standardised(count, *moments[:2]),
        p=np.where(np.isnan(more), 1.0, more),
        p_less=np.where(np.isnan(less), 1.0, less),
        rank=np.full(len(a), np.nan),
    )


def shares_by(
    symbols: Int64[np.ndarray, "F"], flips: Bool[np.ndarray, "F H"]
) -> tuple[Float64[np.ndarray, "S H"], Float64[np.ndarray, "S"]]:
    """The share of the steps that read each symbol (in order, those that occur) at which each neuron
    flips, and the number of those steps."""
    order = np.argsort(symbols, kind="stable")
    _, first, n = np.unique(symbols[order], return_index=True, return_counts=True)
    share = np.empty((len(n), flips.shape[1]))
    for k, (start, size) in enumerate(zip(first.tolist(), n.tolist())):
        share[k] = flips[order[start : start + size]].sum(axis=0) / size
    return share, n.astype(np.float64)


def standardised(count: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> Float64[np.ndarray, "N"]:
    """Standard deviations between the mean and the count; NaN where there is no variance."""
    z = np.full(len(count), np.nan)
    np.divide(count - mean, np.sqrt(variance), out=z, where=variance > 0)
    return z


def pearson_tails(
    count: np.ndarray, mean: np.ndarray, variance: np.ndarray, third: np.ndarray
) -> tuple[Float64[np.ndarray, "N"], Float64[np.ndarray, "N"]]:
    """P(at least the count) and P(at most the count) of the Pearson III distribution with these moments,
    half a count of continuity correction in each; NaN where there is no variance.

    On the side on which the skewness bounds the distribution, the normal tail stands where it is greater:
    a few moments are no evidence that a count is impossible.
    """
    skew = np.full(len(count), np.nan)
    np.divide(third, variance**1.5, out=skew, where=variance > 0)
    up = standardised(count - 0.5, mean, variance)
    down = standardised(count + 0.5, mean, variance)
    more, less = pearson_upper(up, skew), pearson_upper(-down, -skew)
    return (
        np.where(skew < 0, np.maximum(more, ndtr(-up)), more),
        np.where(skew > 0, np.maximum(less, ndtr(down)), less),
    )


def pearson_upper(z: Float64[np.ndarray, "N"], skew: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """P(Z >= z) for the Pearson III distribution of mean 0, variance 1 and this skewness g.

    Z + 2/g over g/2 is a gamma variable of shape 4/g^2, mirrored where g < 0; at g = 0, a normal one.
    """
    found = ndtr(-z)
    tilted = np.abs(skew) > 1e-3  # below, gamma and normal differ by 0.5 % at z = 3, 9 % at z = 8
    shape = 4 / skew[tilted] ** 2
    at = np.maximum(shape + z[tilted] * np.sqrt(shape) * np.sign(skew[tilted]), 0)
    found[tilted] = np.where(skew[tilted] > 0, gammaincc(shape, at), gammainc(shape, at))
    return found


def benjamini_hochberg(p: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """q: the smallest false discovery rate at which each test is still called; NaN tests are no tests.

    Benjamini and Hochberg 1995 (doi:10.1111/j.2517-6161.1995.tb02031.x), which holds for independent
    tests and for those that depend positively on one another.
    """
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return q
