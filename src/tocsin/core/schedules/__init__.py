"""The notations of a schedule, one file each, and what they share: the clock on the wall and the zones it hangs in."""
