"""One file per page; each holds a router and turns what a capability said into a template's words."""
