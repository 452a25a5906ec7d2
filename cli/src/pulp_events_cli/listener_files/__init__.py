"""Listeners as files: `document` reads and writes them, `plan` compares them with the records, `changes` makes them."""
