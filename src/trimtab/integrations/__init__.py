"""Floor 7: what other people's frameworks are told of studies and runs; one module each."""
