"""Certificates as files: the checker, which shares no code with boolrnn, accepts what certify writes and
refuses every near miss; and the hidden values it promises are the ones that programs compute."""

import dataclasses
import hashlib
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, foreign_program, hardened_net, random_net, text_of

import boolrnn
from boolrnn.check import check_certificate
from boolrnn.check.certificate import sealed
from boolrnn.errors import OptionError, WeightsError
from boolrnn.model.names import from_names

CHECKER = Path(check_certificate.__file__)


def scaled(weights, gain):
    parts = {n: (getattr(weights, n) * np.float32(gain)).astype(np.float32) for n in ("wx", "wh", "bh")}
    return dataclasses.replace(weights, **parts)


class Files:
    """A net, a text and a certificate in a folder; `check` runs the checker as a third party would."""

    def __init__(self, folder, weights, text=None, **options):
        self.model, self.cert, self.text = folder / "net.npz", folder / "c.json", folder / "text"
        boolrnn.write_weights(weights, self.model)
        self.given = []
        symbols = None
        if text is not None:
            self.text.write_bytes(bytes(np.asarray(text, np.uint8)))
            self.given, symbols = [self.text], np.asarray(text)
        self.found = boolrnn.certify(weights, symbols, **options)
        if self.found.level != "none":
            self.found.write(self.cert)

    def check(self, *given, model=None, cert=None):
        words = [sys.executable, "-I", CHECKER, cert or self.cert, model or self.model]
        done = subprocess.run([*words, *(given or self.given)], capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    def changed(self, **changes):
        """The certificate with other contents and a checksum that fits."""
        body = json.loads(self.cert.read_text()) | changes
        body.pop("sha256")
        other = self.cert.with_name("other.json")
        other.write_text(json.dumps(sealed(body)))
        return other


def test_the_checker_is_short_and_needs_python_alone():
    text = CHECKER.read_text()
    assert len(text.splitlines()) < 200
    assert "boolrnn import" not in text
    assert "numpy" not in text


@pytest.mark.parametrize("hidden", [1, 2, 5, 9])
@pytest.mark.parametrize(("gain", "form"), [(16, "bit-exact"), (4, "sign-exact"), (10, "bit-exact")])
def test_hardened_nets_in_both_forms(tmp_path, hidden, gain, form):
    files = Files(tmp_path, hardened_net(hidden, hidden, gain=gain))
    found = files.found
    assert (found.level, found.form, found.covers) == ("certified_always", form, "every text")
    assert found.min_margin == gain
    assert found.symbols_certified.tolist() == [0, 1, 2, 3]
    code, said = files.check()
    assert code == 0, said
    assert said.startswith(f"certified_always, {form}, every text: proved again")


@pytest.mark.parametrize("suffix", [".bin", ".npz"])
def test_the_checker_reads_every_plain_format(tmp_path, suffix):
    files = Files(tmp_path, hardened_net(1, 5))
    other = tmp_path / f"again{suffix}"
    boolrnn.write_weights(hardened_net(1, 5), other)
    assert files.check(model=other)[0] == 0


def near_misses():
    net = hardened_net(3, 6)
    wx, wh = net.wx.copy(), net.wh.copy()
    wx[2, 1] += 16
    yield "one even drive", dataclasses.replace(net, wx=wx)
    wh[4, 2] += 16
    yield "one odd row sum", dataclasses.replace(net, wh=wh)
    yield "gain 1 instead of 16", scaled(net, 1 / 16)
    wide = net.wh.copy()
    wide[1, :2] = 16 * np.float32(2.0**23), 16 * np.float32(2.0**23)  # with the rest: over 24 bits
    yield "a row that needs more than 24 bits", dataclasses.replace(net, wh=wide)
    yield "a start at z = 0", dataclasses.replace(net, bh=-net.wx[:, 0])


@pytest.mark.parametrize(("what", "weights"), list(near_misses()), ids=lambda value: str(value)[:34])
def test_near_misses(tmp_path, what, weights):
    """certify refuses, and so does the checker: a certificate of the good net whose weights hash is
    replaced, so that nothing but the proof can fail."""
    found = boolrnn.certify(weights)
    assert found.level == "none", what
    assert found.reason
    assert found.min_margin is None
    files = Files(tmp_path, hardened_net(3, 6))
    boolrnn.write_weights(weights, tmp_path / "miss.npz")
    assert "made for other weights" in files.check(model=tmp_path / "miss.npz")[1]
    code, said = files.check(model=tmp_path / "miss.npz", cert=files.changed(weights_sha256=weights.sha256()))
    assert code == 1, what
    assert said.startswith("refused: ")


def test_bit_exact_holds_where_rounding_bounds_are_too_coarse(tmp_path):
    """Sums of 23 bits over margins of one unit: no room for a bound, and none is needed."""
    net = hardened_net(5, 4, gain=16)
    wh = net.wh.copy()
    wh[0] = [16 * 2.0**22, 16 * 2.0**22, 0, 0]
    files = Files(tmp_path, dataclasses.replace(net, wh=wh))
    assert (files.found.level, files.found.form) == ("certified_always", "bit-exact")
    assert files.check()[0] == 0


def test_nan_is_refused_everywhere(tmp_path):
    net = hardened_net(3, 6)
    files = Files(tmp_path, net)
    tensors = {name: getattr(net, name).copy() for name in ("wx", "wh", "bh", "wy", "by")}
    tensors["wh"][2, 3] = np.nan
    np.savez(tmp_path / "nan.npz", **tensors)
    with pytest.raises(WeightsError, match=r"wh\[2, 3\] is nan"):
        boolrnn.read_weights(tmp_path / "nan.npz")
    digest = hashlib.sha256(b"".join(value.tobytes() for value in tensors.values())).hexdigest()
    code, said = files.check(model=tmp_path / "nan.npz", cert=files.changed(weights_sha256=digest))
    assert (code, "NaN" in said) == (1, True)


def test_every_changed_digit_is_noticed(tmp_path):
    files = Files(tmp_path, hardened_net(2, 3, gain=4))
    text = files.cert.read_text()
    places = [k for k, c in enumerate(text) if c.isdigit()]
    for place in places[:: max(1, len(places) // 60)]:
        digit = str((int(text[place]) + 1) % 10)
        cert = json.loads(text[:place] + digit + text[place + 1 :])
        with pytest.raises((ValueError, KeyError)):
            check_certificate.check(cert, files.model)


def test_claims_that_are_too_strong_are_refused(tmp_path):
    """A forger who recomputes the checksum still has to prove every claim."""
    exact = Files(tmp_path, hardened_net(2, 5), outputs=True)
    assert exact.check(cert=exact.changed(min_margin=(17.0).hex()))[0] == 1
    assert exact.check(cert=exact.changed(min_margin=(15.0).hex()))[0] == 0
    assert exact.check(cert=exact.changed(readout="exact sums"))[0] == 1  # the readout is no integer
    assert exact.check(cert=exact.changed(covered=[0, 1]))[0] == 1
    assert exact.check(cert=exact.changed(covered=[0, 1, 2, 3, 4]))[0] == 1
    assert exact.check(cert=exact.changed(form="exact"))[0] == 1
    (tmp_path / "soft").mkdir()
    soft = Files(tmp_path / "soft", hardened_net(2, 5, gain=4))
    assert soft.check()[0] == 0
    assert soft.check(cert=soft.changed(form="bit-exact"))[0] == 1
    assert soft.check(cert=soft.changed(valid_for=["fp32", "fp16"]))[0] == 1
    assert soft.check(cert=soft.changed(shortfall=[]))[0] == 1
    assert soft.check(cert=soft.changed(shortfall=[(0.0).hex()] * 5))[0] == 1
    assert soft.check(cert=soft.changed(shortfall=[(-1.0).hex()] * 5))[0] == 1
    assert soft.check(cert=soft.changed(covers="this text"))[0] == 1


def test_forged_words_are_refused(tmp_path):
    files = Files(tmp_path, hardened_net(2, 5), outputs=True)
    for changes in (
        {"covers": "every text in the universe"},
        {"level": "certified_in_bf16"},
        {"level": None},
        {"covers": "every text over the covered symbols"},
        {"file_terms": -7},
        {"file_terms": 2**24 - 6},
        {"file_adds": [1e3] * 5, "file_terms": 2},
        {"alphabet": [97, 97, 98, 99]},
        {"alphabet": [97]},
        {"hidden": True},
        {"outputs": 4.0},
        {"covered": [0, 0, 1, 2, 3]},
        {"covered": [3, 2, 1, 0]},
        {"valid_for": {"fp32": "and more"}},
        {"valid_for": ["bf16"]},
        {"readout": "all of it"},
        {"readout": "every position of the text", "text_sha256": None},
        {"min_margin": "inf"},
    ):
        code, said = files.check(cert=files.changed(**changes))
        assert (code, said.startswith("refused")) == (1, True), changes
        assert "Traceback" not in said
    for text in ("[]", "3", '"x"', "[" * 5000):
        files.cert.with_name("bad.json").write_text(text)
        code, said = files.check(cert=files.cert.with_name("bad.json"))
        assert (code, said.startswith("refused"), "Traceback" in said) == (1, True, False)


def test_sums_that_may_overflow(tmp_path):
    """Left to right bh + wx + wh is infinite; and outputs whose partial sums are."""
    parts = {"wx": [[2.0**127]] * 3, "wh": [[2.0**127, -(2.0**127), 2.0**120], [0] * 3, [0] * 3]}
    net = boolrnn.Weights(
        **{name: np.array(value, np.float32) for name, value in parts.items()},
        bh=np.array([2.0**121, 0, 0], np.float32),
        wy=np.zeros((1, 3), np.float32),
        by=np.zeros(1, np.float32),
    )
    assert boolrnn.certify(net).level == "none"
    files = Files(tmp_path, hardened_net(1, 3, 1, gain=4))
    boolrnn.write_weights(net, tmp_path / "big.npz")
    changes = {"weights_sha256": net.sha256(), "shortfall": [(2.0**-21).hex()] * 3, "min_margin": (1.0).hex()}
    code, said = files.check(model=tmp_path / "big.npz", cert=files.changed(**changes, outputs=1))
    assert (code, "overflow" in said) == (1, True)
    wide = dataclasses.replace(hardened_net(1, 2, 2), wy=np.array([[3e38, 2.9e38], [3e38, 3e38]], np.float32))
    assert boolrnn.certify(wide, outputs=True).outputs == "none"


def test_one_bad_symbol_does_not_spoil_the_others():
    net = hardened_net(1, 3, 3)
    wx = net.wx.copy()
    wx[0, 2] = 2.0**127
    found = boolrnn.certify(dataclasses.replace(net, wx=wx), np.array([0, 1, 0]))
    assert (found.level, found.form, found.symbols_certified.tolist()) == (
        "certified_text",
        "bit-exact",
        [0, 1],
    )


@pytest.mark.parametrize("exponent", [-60, -40])
def test_margins_are_rounded_down(tmp_path, exponent):
    net = boolrnn.Weights(
        wx=np.array([[-(2.0**exponent)]], np.float32),
        wh=np.array([[50.0]], np.float32),
        bh=np.array([20.0], np.float32),
        wy=np.zeros((1, 1), np.float32),
        by=np.zeros(1, np.float32),
    )
    files = Files(tmp_path, net)
    assert files.found.level == "certified_always"
    assert files.check()[0] == 0


@pytest.mark.parametrize("seed", range(6))
def test_folded_nets_and_the_checker(tmp_path, seed):
    """nn.RNN with two biases: certified as the program in the file, and checked after a conversion."""
    rng = np.random.default_rng(seed)
    net = hardened_net(seed, 4, 3, gain=6)
    split = rng.normal(size=4).astype(np.float32) * np.float32(10.0 ** (seed - 2))
    tensors = {
        "rnn.weight_ih_l0": net.wx * np.array([1, 1, 3], np.float32),
        "rnn.weight_hh_l0": net.wh,
        "rnn.bias_ih_l0": net.bh - split,
        "rnn.bias_hh_l0": split,
        "fc.weight": net.wy[:3],
    }
    weights = from_names(tensors).weights
    found = boolrnn.certify(weights)
    if found.level == "none":
        return
    assert found.form == "sign-exact"
    found.write(tmp_path / "c.json")
    boolrnn.write_weights(weights, tmp_path / "net.npz")
    words = [sys.executable, "-I", CHECKER, tmp_path / "c.json", tmp_path / "net.npz"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_some_symbols_only(tmp_path):
    net = hardened_net(3, 6)
    wx = net.wx.copy()
    wx[2, 1] += 16
    net = dataclasses.replace(net, wx=wx)
    files = Files(tmp_path, net, [0, 2, 3, 0])
    assert (files.found.level, files.found.covers) == (
        "certified_text",
        "every text over the covered symbols",
    )
    assert files.found.symbols_certified.tolist() == [0, 2, 3]
    assert files.found.symbols_refused.tolist() == [1]
    assert files.check()[0] == 0
    (tmp_path / "outside").write_bytes(bytes([0, 1, 2]))
    assert "not covered" in files.check(tmp_path / "outside")[1]
    alone = boolrnn.certify(net)
    assert alone.level == "none"
    assert alone.symbols_certified.tolist() == [0, 2, 3]
    assert "3 of 4 symbols" in alone.reason
    outside = boolrnn.certify(net, np.array([0, 1, 2]))
    assert outside.covers in (None, "this text")


@pytest.mark.parametrize("seed", range(6))
def test_one_text(tmp_path, seed):
    net, text = scaled(random_net(seed, 5, 3, scale=1.5), 4000), text_of(seed, 20, 3)
    files = Files(tmp_path, net, text)
    assert (files.found.level, files.found.covers) == ("certified_text", "this text")
    code, said = files.check()
    assert code == 0, said
    other = tmp_path / "other"
    other.write_bytes(bytes([*text[:-1].tolist(), (int(text[-1]) + 1) % 3]))
    assert files.check(other)[0] == 1
    words = [sys.executable, CHECKER, files.cert, files.model]
    assert b"give TEXT" in subprocess.run(words, capture_output=True, check=False).stderr


@given(st.integers(0, 10**6), st.integers(1, 7), st.floats(0.5, 3000))
def test_checker_and_certify_agree(tmp_path_factory, seed, hidden, gain):
    """Two implementations of one argument: whenever certify says yes, so does the checker."""
    weights = scaled(random_net(seed, hidden, 3) if seed % 2 else hardened_net(seed, hidden, 3, gain=1), gain)
    text = text_of(seed, 9, 3)
    found = boolrnn.certify(weights, text)
    if found.level == "none":
        return
    body = sealed(json.loads(json.dumps(boolrnn.check.certify._body(found))))
    names = ("wx", "wh", "bh", "wy", "by")
    raw = b"".join(getattr(weights, name).tobytes() for name in names)
    folder = tmp_path_factory.mktemp("pair")
    (folder / "net.bin").write_bytes(raw)
    (folder / "text").write_bytes(bytes(text.astype(np.uint8)))
    assert check_certificate.check(body, folder / "net.bin", folder / "text")["level"] == found.level


def test_what_is_required():
    net = hardened_net(3, 5)
    assert boolrnn.certify(net, require="certified_always").holds
    assert boolrnn.certify(random_net(1, 5, 4), require="certified_text").holds is False
    soft = scaled(dataclasses.replace(net, wy=net.wy * 0), 0.25)
    assert boolrnn.certify(soft, require="certified_always").holds
    assert boolrnn.certify(soft, require="certified_always", outputs=True).holds is False
    with pytest.raises(OptionError, match="expected one of"):
        boolrnn.certify(net, require="differs")


@pytest.mark.parametrize("gain", [4, 16])
def test_programs_keep_what_is_promised(gain):
    for seed in range(4):
        net, text = hardened_net(seed, 7, gain=gain), text_of(seed, 40, 4)
        assert boolrnn.certify(net).level == "certified_always"
        states = boolrnn.compile(net).run(text).states
        for options in ({}, {"fused": True}, {"ulps": 2}):
            assert (foreign_program(net, text, np.random.default_rng(seed), **options) == states).all()


@pytest.mark.parametrize(
    "weights", [random_net(0, 4, 3), adversarial_net(2, 5, 2, 200), adversarial_net(3, 4, 3, 30)]
)
def test_a_tie_or_a_small_margin_is_never_certified(weights):
    least = min(
        abs(z)
        for values in itertools.product([False, True], repeat=weights.hidden)
        for x in range(weights.symbols)
        for z in exact_z(weights, np.array(values), x)
    )
    if least < 1e-3:
        assert boolrnn.certify(weights).level != "certified_always"
