"""Where bytes and rows meet a disk: blob stores, the catalog, and folders shown as they are."""
