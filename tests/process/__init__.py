"""Tests of the real commands as processes of their own."""
