"""Where messages go: one file a channel."""
