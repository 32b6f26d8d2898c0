"""Models behind one interface: openai, gemini, any compatible server, simulated, and local."""
