"""What the network does, in terms of its weights and its text: which parts matter, and what bits know."""
