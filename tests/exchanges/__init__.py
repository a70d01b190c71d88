"""Tests of the pure venue dialects and of the state machine of a book."""
