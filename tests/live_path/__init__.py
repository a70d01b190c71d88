"""Recordings of real exchanges served as live venues to the whole engine."""
