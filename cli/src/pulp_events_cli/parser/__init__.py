"""The command line as argparse parsers that are built only where the words lead, and their help texts."""
