"""Machines: the exact minimal automaton of a net, compared with what it should be, and drawn."""
