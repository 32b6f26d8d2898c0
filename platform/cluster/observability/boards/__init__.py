"""Grafana's dashboards and the rules of the objectives, written from what is declared here."""
