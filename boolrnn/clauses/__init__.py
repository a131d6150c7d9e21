"""The automaton as clauses: questions about all states at once, answered exactly or "unknown"."""
