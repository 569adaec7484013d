"""What was seen, as one file to read in a browser: no server, no script, nothing loaded from anywhere."""
