"""adtempo: when, where and how much to spend on paid media, with its evidence."""
