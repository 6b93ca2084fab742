"""An app of the tests alone, whose one table has sealed columns."""
