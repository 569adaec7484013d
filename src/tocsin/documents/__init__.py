"""Facts as the documents that programs read: what commands print with `--json`, and what the API answers."""
