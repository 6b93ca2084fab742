"""Pages of people and programs in the back office."""
