"""The dispatcher: claims due deliveries, runs them through channels, records the attempts."""
