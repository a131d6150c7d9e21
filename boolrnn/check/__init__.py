"""Network and automaton beside each other: predictions, margins, agreement, certificates."""
