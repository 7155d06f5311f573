"""The rules of the gate: one small class each, a strict part of `gate.yaml` that knows how to judge the evidence."""
