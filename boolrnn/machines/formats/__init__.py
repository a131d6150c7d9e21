"""Machines as others write them: names, regular expressions, DOT, HOA, and the objects of other libraries."""
