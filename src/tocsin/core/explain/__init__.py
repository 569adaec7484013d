"""Why a run failed: `explain` turns an exception from anywhere into one classified Cause.

The parts, in the order in which they are used: `chain` (which exception counts), `http` (what a server answered),
`diagnose` (what is wrong), `scene` (all facts together), `message` and `hints` (the words);
`compose` holds them together. `foreign` guards every look
at an exception. Nothing here imports dlt or a driver: exceptions are known by the names of their classes.
"""

from tocsin.core.explain.compose import explain
from tocsin.core.explain.reason_key import likeness, reason_key
from tocsin.core.explain.scene import RunFacts
from tocsin.core.explain.summary import reason, summary

__all__ = ["RunFacts", "explain", "likeness", "reason", "reason_key", "summary"]
