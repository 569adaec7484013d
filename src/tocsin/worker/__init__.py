"""The engine as a fleet: workers on one PostgreSQL that share what is to do. The only home of Procrastinate."""
