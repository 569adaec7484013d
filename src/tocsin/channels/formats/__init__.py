"""Neutral message blocks to what a receiver reads."""
