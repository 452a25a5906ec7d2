"""What is shown of listeners, deliveries and events, for the API and the console: pure functions, without Flask."""
