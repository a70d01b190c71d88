"""Chaos: the catalogue, schedules, shrinking, the virtual world and its checkers."""
