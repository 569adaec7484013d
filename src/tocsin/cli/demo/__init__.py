"""`tocsin demo`: real pipelines in several kinds of trouble, and the messages that a real receiver got about them."""
