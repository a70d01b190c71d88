"""Tests of the Binance dialect, on frames made from the sheets and on real recordings."""
