"""One file a kind of declared check."""
