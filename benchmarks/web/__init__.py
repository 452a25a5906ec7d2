"""The REST API and the console; `pages` is run by `python -m benchmarks web.pages`."""
