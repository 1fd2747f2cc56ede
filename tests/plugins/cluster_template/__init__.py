"""The strategy that learns templates."""
