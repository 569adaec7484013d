"""dlt's entry point; filled in by the capture part."""
