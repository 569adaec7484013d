"""Nothing secret leaves: exact values that are known, and what looks like a secret."""

from tocsin.core.redact.redactor import LIMIT, WITHHELD, Redactor

__all__ = ["LIMIT", "WITHHELD", "Redactor"]
