"""Deliberate defects, and the proof that the checkers of `arbtree chaos run` find each of them.

A defect is a patch in `defects`, headed by the sentence that says what is broken.  All but 08 and
09 were written by somebody who had not read the checkers.  `python -m tests.teeth` applies each to
a copy of the tree and plays seeds until a checker objects; RESULTS.md has a run.
"""
