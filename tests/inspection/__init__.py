"""Tests of inspection: protocol, socket, verbs, the faults behind them."""
