"""The decisions, pure: no clock, no I/O, no SQL, no dlt."""
