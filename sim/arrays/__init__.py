"""The chapters of the model over arrays of replications: the batch engine is composed of them."""
