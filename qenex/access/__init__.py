"""People and programs: how they prove who they are, what they may do, and what takes two of them."""
