"""The configuration of Envoy, the only public door, generated from the functions' declarations."""
