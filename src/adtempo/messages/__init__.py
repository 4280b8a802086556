"""The week of a creator's page: when to send paid messages and follow-ups, and with which captions.

A page's message history and its caption bank enter; an analysis, a week's schedule with one locked caption per message,
and proposals for nobody leave: sending is not ours. `estimate`, `saturation`, `segments` and `captions` say what is
true, `decide` and its siblings what to do, all of them pure; `run` is the only file that reads and writes. No caption
is promised twice to a page within its rest period.
"""
