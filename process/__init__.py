"""What every process of the platform has: settings, an HTTP server, JSON logs and traces."""
