"""What the operating system and Python give, in the form that the rest needs."""
