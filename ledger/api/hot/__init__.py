"""The fast path of POST transfers and POST transfers/batch, in front of Django.

It serves only what is in order: a known token with the needed permission, and a body that decodes. Whatever else comes
goes on to the views with its bytes untouched, so that there is one place where requests are refused.
"""
