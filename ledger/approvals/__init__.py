"""The ledger's side of maker and checker: commands as frozen payloads, what they will do, and the gates that ask."""
