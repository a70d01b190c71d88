"""Tests of the actors, most of them in a virtual world: engine and venues under one mock clock."""
