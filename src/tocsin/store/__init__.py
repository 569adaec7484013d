"""Where runs, alerts and the outbox are kept."""
