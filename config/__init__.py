"""Floor 1: the only reader of configuration and environment.

TOML becomes frozen structs; what is wrong becomes one `ConfigError` that names file, table, key,
what was expected and what was found.  Nothing in this room reads a clock or a random source.

- `settings`  the structs: every table and key with its range, default and meaning
- `venues`    the struct of a `[[venues]]` entry
- `assets`    the struct of an `[[assets]]` entry and its rules
- `reader`    `load(path)` and `parse(text, file)`: TOML to `Settings`
- `rules`     what no single key can say: duplicates, keys that exclude each other, orders of size
- `faults`    how a wrong place in a file becomes a `ConfigError`
- `defaults`  `default_settings()`: the embedded venues that run without a file, and the example
- `keys`      the tables described as data, for error texts and `docs/configuration.md`
- `secrets`   `Secret` and the credentials of a venue, from environment or a 0600 file
"""
