"""Keys and what they keep secret: envelope encryption, key providers, encrypted model fields, signing keys."""
