"""The MEXC spot dialect."""
