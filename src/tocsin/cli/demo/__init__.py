"""`tocsin demo`: real pipelines that fail in several ways, and the messages that a real receiver got about them."""
