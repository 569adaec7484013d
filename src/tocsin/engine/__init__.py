"""Events in, decisions, messages out."""
