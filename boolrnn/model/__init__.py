"""Weights, texts, the float reference and the automaton."""
