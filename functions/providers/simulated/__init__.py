"""A server that speaks the OpenAI and Gemini wire formats, for tests and benchmarks.

Deterministic: the same requests in the same order get the same answers, errors and refusals.
Run it with `python -m functions.providers.simulated --port 8200`.
"""
