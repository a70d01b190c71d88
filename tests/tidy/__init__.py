"""The style and the floors of the house as failing tests.

- `repository`  the files of the project, read once
- `shape`       rules about Python sources: sizes, names, docstrings, silenced checks
- `texts`       rules about every text: paths, addresses, unfinished work, titles, data files
- `rooms`       who may use what: the part of the architecture that import contracts cannot say

A rule is a function from a repository to its violations.  `test_rules` shows that each rule
finds what it is there to find, `test_repository` that the project breaks none.
"""
