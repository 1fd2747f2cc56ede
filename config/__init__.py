"""Settings to begin with: `default.toml` has every default, `production.example.toml` a grown server's choices."""
