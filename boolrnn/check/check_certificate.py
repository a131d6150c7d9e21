#!/usr/bin/env python3
"""Check a certificate of boolrnn with Python's standard library and nothing else.

    python check_certificate.py CERTIFICATE MODEL [TEXT]

MODEL: float32 wx (H, V), wh (H, H), bh, wy (O, H), by as .npz, or raw in this order (`boolrnn convert` writes
both). TEXT: where the certificate speaks of one text; `alphabet` says which byte is which symbol.
The net: z = bh + wx[:, x] + wh h, then h = tanh z, from h = 0; its automaton: the same over the real numbers
with signs for h. Each hidden value of the float32 program has the automaton's sign: proved again here, in
exact integers. Two forms:

bit-exact   In each row all entries are multiples of 2^k and their magnitudes add up to at most 2^24 2^k, so
            every partial sum is exact in float32, in any order; and no |z| is under 10 (13 ln 2 = 9.011
            would do), so tanh z, rounded to float32, is 1 or -1. Assumed: your tanh gives 1 from 10 on.
sign-exact  A hidden value may fall short of +-1 by eps. A sum keeps its sign if L = |z| - sum |w| eps
            - gamma M - flush > 0: M is the sum of magnitudes, gamma = n u / (1 - n u), u = 2^-24, n = H + 4
            (any order; Higham 2002, 3.1), flush for subnormals. Then eps becomes 1 - tanh(L) (1 - 2^-22).
            For all texts one eps per neuron has to reproduce itself. Assumed: tanh is odd, monotone, at
            most 1 and within 2 units in the last place; Python's own is trusted to 2^-45.

|z| over all states: z moves in steps of 2 gcd(w), which bounds it away from 0, and so does |drive| - sum |w|.
"""

import array, functools, hashlib, json, math, operator, struct, sys, zipfile  # noqa: E401, I001 - at a glance
from fractions import Fraction as F
from pathlib import Path

FORMATS = {"fp32": (24, -126), "tf32": (24, -126), "fp16": (11, -14), "bf16": (8, -126)}  # bits, exponent
CLAIMS = {"every text": "certified_always", "every text over the covered symbols": "certified_text"}
CLAIMS["this text"] = "certified_text"
READOUTS = (None, "exact sums", "every reachable state", "every position of the text")
ONE = 2**64  # eps is counted in units of 2^-64


def need(holds, why):
    if not holds:
        raise ValueError(why)


def read_tensors(path, sizes):
    """The bytes of the five tensors (whether they are the right ones, their hash tells)."""
    data = Path(path).read_bytes()
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            yield from ((name, archive.read(name + ".npy")[-size:]) for name, size in sizes.items())
    else:
        for name, size in sizes.items():
            yield name, data[:size] if name != "by" else data
            data = data[size:]


class Row:
    """One sum bias + input + sum w s, in whole multiples of `unit`, the power of two its entries share."""

    def __init__(self, bias, inputs, weights):
        ratios = [x.as_integer_ratio() for x in (bias, *inputs.values(), *weights)]
        bottom = max(d for _, d in ratios)
        whole = [n * (bottom // d) for n, d in ratios]
        shift = max((math.gcd(*whole) & -math.gcd(*whole)).bit_length() - 1, 0)
        whole = [n >> shift for n in whole]
        self.unit, self.bias, self.weights = F(1 << shift, bottom), whole[0], whole[1 + len(inputs) :]
        self.inputs = dict(zip(inputs, whole[1:]))
        self.sizes = [abs(w) for w in self.weights]
        self.reach = sum(self.sizes)

    def z(self, state, x):
        """The sum, in units; at the start state is None, where h = 0."""
        return self.bias + self.inputs[x] + (sum(map(operator.mul, self.weights, state)) if state else 0)

    def least(self, x):
        """A bound of |z| over all states, in units."""
        drive, step = self.bias + self.inputs[x], 2 * math.gcd(*self.weights)
        rest = (drive + sum(self.weights)) % step if step else 0
        return max(min(rest, step - rest), abs(drive) - self.reach)

    def fits(self, name):
        """Whether every partial sum is exact in a number format (tf32 shortens only the factors)."""
        bits, lowest = FORMATS[name]
        largest = 65504 if name == "fp16" else 2**128
        total = self.reach + abs(self.bias) + max(map(abs, self.inputs.values()))
        factors = [w for w in (*self.weights, *self.inputs.values()) if w]
        short = name != "tf32" or all((abs(w) // (w & -w)).bit_length() <= 11 for w in factors)
        return short and total <= 2**bits and self.unit >= F(2) ** lowest and total * self.unit < largest


class Rounding:
    """What float32 rounding, flushing and hidden values inside +-1 can take from |z|."""

    def __init__(self, rows, file_adds, terms):
        n = len(rows[0].weights) + 4 + (terms + 2 if terms else 0)
        self.gamma, self.flush = F(n, 2**24) / (1 - F(n, 2**24)), F(6 * (n + terms) + 8, 2**126)
        self.rows, self.file_adds = rows, file_adds

    def shortfall(self, sums, x, eps):
        """eps of every neuron after a step with these |z| (at the start eps is None)."""
        after = []
        for i, (row, z) in enumerate(zip(self.rows, sums)):
            carried = 0 if eps is None else sum(map(operator.mul, row.sizes, eps))
            left = (abs(z) * ONE - carried - self.lost(i, x, eps is not None)) * row.unit / ONE
            need(left > F(1, 2**100), f"symbol {x}: |z| = {float(abs(z) * row.unit):.6g} is too small")
            tanh = F(math.tanh(math.nextafter(float(left), 0))) * (1 - F(1, 2**45))
            after.append(math.ceil((1 - tanh * (1 - F(1, 2**22))) * ONE))
        return after

    @functools.cache  # noqa: B019 - the script ends soon
    def lost(self, i, x, moving):
        row = self.rows[i]
        drive = (abs(row.bias) + abs(row.inputs[x])) * row.unit
        drive = max(drive, F(self.file_adds[i])) if self.file_adds else drive
        need(drive + row.reach * row.unit < 2**126, f"symbol {x}: sums could overflow float32")
        return math.ceil((self.gamma * (drive + moving * row.reach * row.unit) + self.flush) / row.unit * ONE)


def check_every_text(rows, covered, rounding, eps, exact):
    """At the start and in every state; gives the least |z|."""
    least = []
    for x in covered:
        for sums, before in (([row.z(None, x) for row in rows], None), ([row.least(x) for row in rows], eps)):
            least += [abs(z) * row.unit for row, z in zip(rows, sums)]
            again = [] if exact else rounding.shortfall(sums, x, before)
            need(again == list(map(min, again, eps)), f"symbol {x}: eps does not reproduce itself")
    return min(least)


def check_one_text(rows, symbols, rounding, exact):
    """Along one text; gives the least |z|."""
    state, eps, least = None, None, []
    for x in symbols:
        sums = [row.z(state, x) for row in rows]
        least += [abs(z) * row.unit for row, z in zip(rows, sums)]
        eps = None if exact else rounding.shortfall(sums, x, eps)
        state = [1 if z >= 0 else -1 for z in sums]
    return min(least)


def check_claims(cert, covered):
    """What the certificate says of itself has to fit together."""
    body = {key: value for key, value in cert.items() if key != "sha256"}
    seal = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    need(seal == cert["sha256"], "the certificate file was changed")
    need(cert["format"] == "boolrnn-certificate/1", "unknown format")
    whole = [*covered, cert["hidden"], cert["symbols"], cert["outputs"], cert["file_terms"]]
    need(all(type(n) is int and n >= 0 for n in whole), "sizes and symbols have to be whole numbers")
    need(covered and covered == sorted(set(covered)) and covered[-1] < cert["symbols"], "no such symbols")
    need(CLAIMS[cert["covers"]] == cert["level"], "level and covers contradict each other")
    need(len(covered) == cert["symbols"] or cert["covers"] != "every text", "some symbol is not covered")
    need(cert["valid_for"] == [n for n in FORMATS if n in cert["valid_for"]], "unknown number formats")
    need((cert["file_adds"] is None) == (cert["file_terms"] == 0), "file_adds and file_terms contradict")
    need(cert["alphabet"] is None or len(set(cert["alphabet"])) == cert["symbols"], "no such alphabet")
    named = cert["text_sha256"] or "the text" not in str(cert["readout"])
    need(cert["readout"] in READOUTS and named, "unknown readout, or that of a text that is not named")


def check(cert, model, text=None):
    """Raise unless all that the certificate states of hidden values holds of MODEL (and TEXT)."""
    covered, exact = cert["covered"], {"bit-exact": True, "sign-exact": False}[cert["form"]]
    check_claims(cert, covered)
    h, v, o = cert["hidden"], cert["symbols"], cert["outputs"]
    sizes = {"wx": 4 * h * v, "wh": 4 * h * h, "bh": 4 * h, "wy": 4 * o * h, "by": 4 * o}
    parts = dict(read_tensors(model, sizes))
    need({n: len(p) for n, p in parts.items()} == sizes, "MODEL's tensors have other sizes")
    seal = hashlib.sha256(b"".join(parts.values())).hexdigest()
    need(seal == cert["weights_sha256"], "made for other weights")
    wx, wh, bh, wy, by = (struct.unpack(f"<{len(p) // 4}f", p) for p in parts.values())
    need(all(map(math.isfinite, wx + wh + bh + wy + by)), "NaN or infinity among the weights")
    number = {byte: k for k, byte in enumerate(cert["alphabet"] or range(min(v, 256)))}
    symbols = [number.get(byte, -1) for byte in (Path(text).read_bytes() if text is not None else b"")]
    need(bool(symbols) == (text is not None), "TEXT is empty")
    need(set(symbols) <= set(covered), "TEXT has a symbol that is not covered")
    seal = hashlib.sha256(array.array("q", symbols).tobytes()).hexdigest()
    need(not symbols or cert["text_sha256"] in (None, seal), "made for another text")
    rows = [Row(bh[i], {x: wx[i * v + x] for x in covered}, wh[i * h : i * h + h]) for i in range(h)]
    for name in cert["valid_for"] if exact else ():
        fits = not cert["file_adds"] and all(row.fits(name) for row in rows)
        need(fits, f"some sum is not exact in {name}")
    need("fp32" in cert["valid_for"] and (exact or len(cert["valid_for"]) == 1), "stated for other formats")
    rounding = Rounding(rows, cert["file_adds"], cert["file_terms"])
    if cert["covers"] == "this text":
        need(symbols and cert["text_sha256"], "the certificate speaks of one text: give TEXT")
        least = check_one_text(rows, symbols, rounding, exact)
    else:
        eps = [] if exact else [math.ceil(F(float.fromhex(e)) * ONE) for e in cert["shortfall"]]
        least = check_every_text(rows, covered, rounding, eps, exact)
    need(least >= F(float.fromhex(cert["min_margin"])), "some |z| is smaller than stated")
    need(least >= 10 or not exact, "some |z| is under 10, where tanh need not be 1")
    if cert["readout"] == "exact sums":
        outputs = (Row(by[k], {0: 0.0}, wy[k * h : k * h + h]) for k in range(o))
        fits = all(row.fits(name) for row in outputs for name in cert["valid_for"])
        need(exact and fits, "some output is not an exact sum")
    return cert


if __name__ == "__main__":
    try:
        found = check(json.loads(Path(sys.argv[1]).read_text()), *sys.argv[2:])
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, nothing is proved
        sys.exit(f"refused: {error or type(error).__name__}")
    readout = "" if found["readout"] in READOUTS[:2] else "; the readout is not checked here"
    print(f"{found['level']}, {found['form']}, {found['covers']}: proved again{readout}")
