"""What Prometheus is told: of the store, of this process, and of what was asked of it."""

from tocsin.web.metrics.metrics import Metrics

__all__ = ["Metrics"]
