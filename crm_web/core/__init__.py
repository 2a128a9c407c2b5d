"""Settings, extensions, the clock, errors, the database connection, the request log and what every response carries."""
