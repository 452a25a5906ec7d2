"""What goes to standard output and standard error, and how it looks."""
