"""What authors of plugins and applications need to test against real sockets.

- `http_sink.HttpSink`: an HTTP server that keeps what it is sent and answers, or misbehaves, as told.
- `smtp_sink.SmtpSink`: the same for SMTP; needs the extra `pulp-events[test-smtp]`.

Both listen on the loopback address, on a free port, and leave nothing running. Import them from their modules:
nothing is imported here, so that one sink's library need not be installed for the other.
"""
