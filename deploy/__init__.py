"""What goes with a release: the list of what it is made of, and its audit."""
