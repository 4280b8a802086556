"""Pages: facts enter through the tracker, server-rendered HTML leaves.

`pages/` answers one address each, `templates/` and `static/` are what the browser gets: our own CSS
and plain JavaScript modules, nothing inline, nothing from elsewhere. A page never opens a database and never computes
what a capability can say.
"""
