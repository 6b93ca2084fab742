"""Walking every address of the back office and of the API."""
