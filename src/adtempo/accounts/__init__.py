"""Accounts and campaigns as people manage them: what there is, what they are called, what is asked of them.

In come the words of a person (a name, a target, armed or not) and the person's own name; out go accounts and campaigns
as dataclasses and as the bodies that the API and the command line give. Every change is one transaction with its row
in the audit log. It must never reinterpret facts: the time zone and currency of an account do not change.
"""
