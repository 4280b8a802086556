"""The HTTP API: one thin file per area.

A request passes the gate (host, origin, headers), says who it comes from, and must hold the permission that its route
states; a route that states none lets nobody in. Then one thing below is called, and what it answers is written as
JSON: times with offset, amounts as decimal strings with their currency, errors as problem documents that say what to do
next. No rule, no query and no arithmetic lives here.
"""
