"""The automaton as a graph: who decides whom, what moves together, where the dynamics ends up."""
