"""Nets that are automata, or come near: from statistics, by gradient, and hardened to exact integers."""
