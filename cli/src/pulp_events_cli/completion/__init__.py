"""Completion in bash, zsh and fish: `candidates` finds words, `shell` speaks to the shells, `install` sets it up."""
