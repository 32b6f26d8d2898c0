"""`eco2 up`: every process of the platform on one machine, started, watched and stopped by one light parent."""
