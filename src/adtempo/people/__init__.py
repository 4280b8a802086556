"""Who is signed in, and what they may do.

Names, passwords, session ids and tokens enter; a `Person` leaves, or a refusal. The first admin claims the installation
with a one-time token; admins add the others. A password change, a role change or a disabling closes every session of
that person. Secrets are random 256-bit texts that are shown once: only hashes are stored, and nothing here logs one.
Every change leaves an audit row in the same transaction. `decide` is pure; how often somebody may try to sign in is
limited at the edge.
"""
