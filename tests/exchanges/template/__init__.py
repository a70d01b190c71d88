"""Tests of the venue to copy; a new venue's tests begin as a copy of these."""
