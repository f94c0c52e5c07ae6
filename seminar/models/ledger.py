Entry = ledger = None
