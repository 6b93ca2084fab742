"""Pages on which people show who they are."""
