"""Runs and figures as the SDK of OpenTelemetry has them, for its encoder."""
