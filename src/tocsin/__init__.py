"""Know when your dlt pipelines break, run late, hang, or never start, and why."""

__version__ = "0.1.0"
