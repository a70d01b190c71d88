"""Tests of the Gate dialect, on frames made from the sheets and on real recordings."""
