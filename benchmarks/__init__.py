"""What `make bench` runs. Ratios against a baseline of the same run are gates; absolute figures are reported."""
