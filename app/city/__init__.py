"""A whole city in an empty database, for measuring and for trying what a small one doesn't show."""
