"""Runs from before Tocsin was there, as dlt itself remembers them."""
