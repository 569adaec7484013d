"""What lives in the user's process and turns dlt's callbacks into events."""
