#!/usr/bin/env python3
"""Check a certificate of boolrnn with Python's standard library and nothing else.

    python check_certificate.py CERTIFICATE MODEL [TEXT]

MODEL: five float32 tensors wx (H, V), wh (H, H), bh, wy (O, H), by as .npz, .safetensors, or raw in this
order (`boolrnn convert` writes all three). TEXT: needed where the certificate speaks of one text.
The net: z = bh + wx[:, x] + wh h, then h = tanh z, from h = 0. Its automaton: the same with signs for h, over
the real numbers. The certificate says that each hidden value of the float32 program has the automaton's sign;
this script proves it again from the weights, in exact integers. Two forms:

bit-exact   In each row all entries are multiples of 2^k and their magnitudes add up to at most 2^24 2^k, so
            every partial sum is exact in float32, in any order; and no |z| is under 10 (13 ln 2 = 9.011
            would do), so tanh z, rounded to float32, is 1 or -1. Assumed: your tanh gives 1 from 10 on.
sign-exact  A hidden value may fall short of +-1 by eps. A sum keeps its sign if L = |z| - sum |w| eps
            - gamma M - flush > 0: M is the sum of magnitudes, gamma = n u / (1 - n u), u = 2^-24, n = H + 4
            (any order; Higham 2002, 3.1), flush for subnormals. Then eps becomes 1 - tanh(L) (1 - 2^-22).
            For all texts one eps per neuron has to reproduce itself. Assumed: tanh is odd, monotone, at
            most 1 and within 2 units in the last place; Python's own is trusted to 2^-45.

From state to state z moves in steps of 2 gcd(w): its distance from 0 on that lattice, or |drive| - sum |w|
where greater, bounds |z| over all states.
"""

import array, ast, functools, hashlib, json, math, operator, struct, sys, zipfile  # noqa: E401, I001 - at a glance
from fractions import Fraction as F
from pathlib import Path

FORMATS = {"fp32": (24, -126), "tf32": (24, -126), "fp16": (11, -14), "bf16": (8, -126)}  # bits, exponent
ONE = 2**64  # eps is counted in units of 2^-64


def need(holds, why):
    if not holds:
        raise ValueError(why)


def read_tensors(path, sizes):
    """The bytes of the five tensors."""
    data = Path(path).read_bytes()
    if data[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            for name in sizes:
                member = archive.read(name + ".npy")
                start = 10 if member[6] == 1 else 12
                stop = start + int.from_bytes(member[8:start], "little")
                head = ast.literal_eval(member[start:stop].decode())
                need(head["descr"] == "<f4" and not head["fortran_order"], f"{name} is no plain float32")
                yield name, member[stop:]
    elif data[8:9] == b"{":
        base = 8 + int.from_bytes(data[:8], "little")
        head = json.loads(data[8:base])
        for name in sizes:
            need(head[name]["dtype"] == "F32", f"{name} is no float32")
            first, last = head[name]["data_offsets"]
            yield name, data[base + first : base + last]
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
    """What float32 rounding, flushing and hidden values inside +-1 can take from |z|. file_adds: see
    `certificate.py`; magnitudes of what a program with two biases or an embedding adds up."""

    def __init__(self, rows, file_adds, terms):
        n = len(rows[0].weights) + 4 + (terms + 2 if terms else 0)
        self.gamma, self.flush = F(n, 2**24) / (1 - F(n, 2**24)), F(6 * (n + terms) + 8, 2**126)
        self.rows, self.file_adds = rows, file_adds

    def shortfall(self, sums, x, eps):
        """eps of every neuron after a step with these |z| (at the start eps is None)."""
        after = []
        for i, (row, z) in enumerate(zip(self.rows, sums)):
            carried = sum(map(operator.mul, row.sizes, eps)) if eps else 0
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
        return math.ceil((self.gamma * (drive + moving * row.reach * row.unit) + self.flush) / row.unit * ONE)


def check_every_text(rows, covered, rounding, eps):
    """At the start and in every state; gives the least |z|."""
    least = []
    for x in covered:
        for sums, before in (([row.z(None, x) for row in rows], None), ([row.least(x) for row in rows], eps)):
            least += [abs(z) * row.unit for row, z in zip(rows, sums)]
            again = rounding.shortfall(sums, x, before) if eps else []
            need(all(a <= e for a, e in zip(again, eps)), f"symbol {x}: eps does not reproduce itself")
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


def check(cert, model, text=None):
    """Raise unless all that the certificate states of hidden values holds of MODEL (and TEXT)."""
    body = {key: value for key, value in cert.items() if key != "sha256"}
    seal = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    need(seal == cert["sha256"], "the certificate file was changed")
    need(cert["format"] == "boolrnn-certificate/1", "unknown format")
    exact = {"bit-exact": True, "sign-exact": False}[cert["form"]]
    h, v, o, covered = map(cert.get, ("hidden", "symbols", "outputs", "covered"))
    sizes = {"wx": 4 * h * v, "wh": 4 * h * h, "bh": 4 * h, "wy": 4 * o * h, "by": 4 * o}
    parts = dict(read_tensors(model, sizes))
    need({n: len(p) for n, p in parts.items()} == sizes, "MODEL's tensors have other sizes")
    seal = hashlib.sha256(b"".join(parts.values())).hexdigest()
    need(seal == cert["weights_sha256"], "made for other weights")
    wx, wh, bh, wy, by = (struct.unpack(f"<{len(p) // 4}f", p) for p in parts.values())
    need(all(map(math.isfinite, wx + wh + bh + wy + by)), "NaN or infinity among the weights")
    need(covered and set(covered) <= set(range(v)), "symbols that the net does not have")
    number = {byte: k for k, byte in enumerate(cert["alphabet"] or range(min(v, 256)))}
    symbols = [number.get(byte, -1) for byte in (Path(text).read_bytes() if text is not None else b"")]
    need(bool(symbols) == (text is not None), "TEXT is empty")
    need(set(symbols) <= set(covered), "TEXT has a symbol that is not covered")

    rows = [Row(bh[i], {x: wx[i * v + x] for x in covered}, wh[i * h : i * h + h]) for i in range(h)]
    for name in cert["valid_for"] if exact else ():
        need(all(row.fits(name) for row in rows), f"some sum is not exact in {name}")
    need(not (exact and cert["file_adds"]), "bit-exact cannot speak of what only the file adds")
    need("fp32" in cert["valid_for"] and (exact or len(cert["valid_for"]) == 1), "stated for other formats")
    rounding = Rounding(rows, cert["file_adds"], cert["file_terms"])
    if cert["covers"] == "this text":
        need(symbols, "the certificate speaks of one text: give TEXT")
        seal = hashlib.sha256(array.array("q", symbols).tobytes()).hexdigest()
        need((seal, "certified_text") == (cert["text_sha256"], cert["level"]), "made for another text")
        least = check_one_text(rows, symbols, rounding, exact)
    else:
        every = cert["covers"] == "every text" and len(set(covered)) == v
        need(every or cert["level"] == "certified_text", "level and symbols contradict")
        eps = [] if exact else [math.ceil(F(float.fromhex(e)) * ONE) for e in cert["shortfall"]]
        need(exact or len(eps) == h, "expected one eps per neuron")
        least = check_every_text(rows, covered, rounding, eps)
    need(least >= F(float.fromhex(cert["min_margin"])), "some |z| is smaller than stated")
    need(least >= 10 or not exact, "some |z| is under 10, where tanh need not be 1")
    if cert["readout"] == "exact sums":
        fits = (Row(by[k], {0: 0.0}, wy[k * h : k * h + h]).fits("fp32") for k in range(o))
        need(exact and all(fits), "some output is not exact in float32")
    return cert


if __name__ == "__main__":
    try:
        found = check(json.loads(Path(sys.argv[1]).read_text()), *sys.argv[2:])
    except (ValueError, KeyError, TypeError, OSError, IndexError) as error:
        sys.exit(f"refused: {error}")
    readout = "" if found["readout"] in (None, "exact sums") else "; the readout is not checked here"
    print(f"{found['level']}, {found['form']}, {found['covers']}: proved again{readout}")
