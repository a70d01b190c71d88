"""The suite: one folder a room, and the house itself in `tidy` and `packaging`."""
