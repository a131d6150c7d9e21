"""What tests of the analyses share."""

import pytest

import boolrnn
from analyses.hash_design import distinct


@pytest.fixture
def narrow(monkeypatch):
    """Nets of two groups of at most two bits, where 16 of 8 and 16 are published."""
    real = boolrnn.construct

    def construct(text, *, bits=8, groups=16, **options):
        return real(text, bits=min(bits, 2), groups=min(groups, 2), **options)

    monkeypatch.setattr(boolrnn, "construct", construct)
    distinct.cache_clear()
    yield
    distinct.cache_clear()
