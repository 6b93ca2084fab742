"""Personal data: how long it is kept, what holds it, how it goes, and what is left of it."""
