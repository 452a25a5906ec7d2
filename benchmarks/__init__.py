"""Measurements as ratios: ours and a peer in the same run, in turn, medians of five."""
