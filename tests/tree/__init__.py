"""The engine's tree as data and as a picture."""
