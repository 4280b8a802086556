"""What people should know, once per cause, where and when they want to hear it.

Findings enter (what is wrong now, as capabilities judge it); alerts stay open while their cause lasts, and resolve by
themselves when it is gone. Messages leave, through Apprise: `decide` says purely which news goes to which channel now,
`wording` writes it, `deliver` notes each message before it is sent and its outcome afterwards. Delivery is at least
once: a message killed between sending and noting is sent again under the same id. Nothing here judges facts, and no
secret of a channel is ever shown.
"""
